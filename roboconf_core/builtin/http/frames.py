"""What agent and hub send each other over the websocket: frames, one or more in each binary message.

A frame is a line of JSON, its header, ``{"op": "publish", "number": 7, "topic": "dm", "key":
null, "size": 2}``, and after the line break ``size`` bytes of payload, untouched. Without a
size the payload is all that follows. Unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints

from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe
from roboconf_core.errors import MessageError
from roboconf_core.messages.codec import dump_json, from_plain, load_json

MAX_HEADER_BYTES = 16 * 1024
"""Of a header."""

MAX_TOGETHER_BYTES = 256 * 1024
"""Frames share a message as long as they are no longer than this together."""

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
_PAYLOAD, _SIZE = "payload", "size"
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
    payload: bytes = getattr(frame, _PAYLOAD, b"")
    if type(frame) in _CARRIERS:
        header[_SIZE] = len(payload)
    return dump_json(header) + b"\n" + payload


def encode_frames(frames: Iterable[AgentFrame | HubFrame]) -> Iterator[bytes]:
    """Yield messages that hold frames, in their order: as few as possible, and only a single frame may be long."""
    together: list[bytes] = []
    size = 0
    for data in map(encode_frame, frames):
        if together and size + len(data) > MAX_TOGETHER_BYTES:
            yield b"".join(together)
            together, size = [], 0
        together.append(data)
        size += len(data)
    if together:
        yield b"".join(together)


def decode_agent_frames(data: bytes) -> list[AgentFrame]:
    """Return the frames of an agent that a message holds, at least one, or raise ``MessageError``."""
    frames: list[AgentFrame] = []
    for frame in _decoded(data):
        if not isinstance(frame, AgentFrame):
            raise MessageError(f"a {type(frame).__name__} comes from the hub only")
        frames.append(frame)
    return frames


def decode_hub_frames(data: bytes) -> list[HubFrame]:
    """Return the frames of the hub that a message holds, at least one, or raise ``MessageError``."""
    frames: list[HubFrame] = []
    for frame in _decoded(data):
        if not isinstance(frame, HubFrame):
            raise MessageError(f"a {type(frame).__name__} comes from an agent only")
        frames.append(frame)
    return frames


def _decoded(data: bytes) -> Iterator[AgentFrame | HubFrame]:
    begin = 0
    while begin < len(data) or not begin:
        end = data.find(b"\n", begin, begin + MAX_HEADER_BYTES + 1)
        if end < 0:
            raise MessageError("the frame has no header, or one that is too long")
        cls, values, size = _header(data[begin:end])
        begin = end + 1
        if cls in _CARRIERS:
            size = len(data) - begin if size is None else size
            if not 0 <= size <= len(data) - begin:
                raise MessageError(f"the frame is cut short: {len(data) - begin} bytes of {size}")
            values[_PAYLOAD] = data[begin : begin + size]
            begin += size
        yield cls(**values)


def _header(line: bytes) -> tuple[type[Any], dict[str, Any], int | None]:
    """Return what a header stands for: the kind of frame, its fields, and the size of its payload if it is told."""
    header = load_json(line)
    op = header.get("op") if isinstance(header, dict) else None
    cls = _OPS.get(op) if isinstance(op, str) else None
    if cls is None:
        raise MessageError("the frame is of an unknown kind", hint="update the older side")
    values: dict[str, Any] = {}
    for name, kind in _HEADERS[cls].items():
        if name not in header:
            raise MessageError(f"a frame '{op}' lacks '{name}'")
        values[name] = from_plain(kind, header[name], name)
    return cls, values, from_plain(int | None, header.get(_SIZE), _SIZE)
