"""What agent and hub send each other over the websocket: binary frames, a JSON header and a payload.

The first line is the header, ``{"op": "publish", "number": 7, "topic": "dm", "key": null}``;
what follows the first line break is the payload, untouched. Unknown fields are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_type_hints

from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe
from roboconf_core.errors import MessageError
from roboconf_core.messages.codec import dump_json, from_plain, load_json

MAX_HEADER_BYTES = 16 * 1024
"""Of a header."""

REPLACED = 4001
"""Close code: another connection with the same credential took the place of this one."""

NOT_VALID = 4003
"""Close code: the credential was revoked, or a frame cannot be understood."""


@dataclass(frozen=True, slots=True)
class Open:
    """Agent, first frame: this is the life of my process in which my numbers count."""

    session: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Hub, first frame: your requests up to this number are taken over."""

    number: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Agent: these deliveries are taken in."""

    tags: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """Hub: a message from the agent's queue."""

    tag: int
    sender: str
    topic: str
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Overflowed:
    """Hub: the agent's queue was dropped; acknowledged like a message."""

    tag: int


@dataclass(frozen=True, slots=True)
class Confirm:
    """Hub: all requests up to this number are stored."""

    number: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Hub: this request is not allowed; it counts as done."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Agent: are you there?"""


@dataclass(frozen=True, slots=True)
class Pong:
    """Hub: yes."""


AgentFrame = Open | Publish | Subscribe | Unsubscribe | Acknowledge | Ping
HubFrame = Welcome | Message | Overflowed | Confirm | Refused | Pong

_OPS: dict[str, type[Any]] = {
    "open": Open,
    "publish": Publish,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ack": Acknowledge,
    "ping": Ping,
    "welcome": Welcome,
    "message": Message,
    "overflowed": Overflowed,
    "confirm": Confirm,
    "refused": Refused,
    "pong": Pong,
}
_NAMES = {cls: op for op, cls in _OPS.items()}
_PAYLOAD = "payload"
_HEADERS = {
    cls: {name: kind for name, kind in get_type_hints(cls).items() if name != _PAYLOAD} for cls in _OPS.values()
}
"""What stands in the header of each kind of frame: name to annotation."""
_CARRIERS = frozenset({Publish, Message})
"""Kinds of frames with a payload."""


def encode_frame(frame: AgentFrame | HubFrame) -> bytes:
    """Return the bytes of a frame."""
    header: dict[str, Any] = {"op": _NAMES[type(frame)]}
    for name in _HEADERS[type(frame)]:
        header[name] = getattr(frame, name)
    return dump_json(header) + b"\n" + getattr(frame, _PAYLOAD, b"")


def decode_agent_frame(data: bytes) -> AgentFrame:
    """Return the frame of an agent that bytes stand for, or raise ``MessageError``."""
    frame = _decode(data)
    if not isinstance(frame, AgentFrame):
        raise MessageError(f"a {type(frame).__name__} comes from the hub only")
    return frame


def decode_hub_frame(data: bytes) -> HubFrame:
    """Return the frame of the hub that bytes stand for, or raise ``MessageError``."""
    frame = _decode(data)
    if not isinstance(frame, HubFrame):
        raise MessageError(f"a {type(frame).__name__} comes from an agent only")
    return frame


def _decode(data: bytes) -> AgentFrame | HubFrame:
    end = data.find(b"\n")
    if not 0 <= end <= MAX_HEADER_BYTES:
        raise MessageError("the frame has no header, or one that is too long")
    header = load_json(data[:end])
    op = header.get("op") if isinstance(header, dict) else None
    cls = _OPS.get(op) if isinstance(op, str) else None
    if cls is None:
        raise MessageError("the frame is of an unknown kind", hint="update the older side")
    values: dict[str, Any] = {}
    for name, kind in _HEADERS[cls].items():
        if name not in header:
            raise MessageError(f"a frame '{op}' lacks '{name}'")
        values[name] = from_plain(kind, header[name], name)
    if cls in _CARRIERS:
        values[_PAYLOAD] = data[end + 1 :]
    frame: AgentFrame | HubFrame = cls(**values)
    return frame
