"""Messages to JSON bytes and back, checked field by field against their annotations.

The envelope is ``{"v": 1, "type": "Heartbeat", "body": {...}}``. A newer minor version may
add fields: unknown ones are ignored, missing ones take their default.

What comes in is hostile until checked: bytes, nesting and numbers are bounded, text is
valid Unicode, every value fits its annotation. Whatever is wrong is a ``MessageError``.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from enum import Enum
from typing import Any

from roboconf_core.errors import MessageError
from roboconf_core.messages.types import Message

VERSION = 1
"""Of the envelope and of all message types together."""

MAX_BYTES = 4 * 1024 * 1024
"""Longer messages are refused unread."""

MAX_DEPTH = 32
"""Deeper nesting of lists and objects is refused; messages need less than ten."""

MAX_INTEGER = 2**63 - 1
"""Integers beyond it, on either side of zero, are refused: databases cannot hold them."""

MESSAGE_TYPES: dict[str, type[Any]] = {cls.__name__: cls for cls in typing.get_args(Message)}


def encode(message: Message) -> bytes:
    """Return a message as UTF-8 JSON; half characters, which UTF-8 cannot hold, become question marks."""
    envelope = {"v": VERSION, "type": type(message).__name__, "body": to_plain(message)}
    return dump_json(envelope)


def decode(payload: bytes) -> Message:
    """Return the message that bytes stand for.

    Raises:
        MessageError: If the bytes are too many, no JSON, of another version, of an
            unknown type, or if a field is missing or of the wrong type.
    """
    envelope = load_json(payload)
    if not isinstance(envelope, dict) or envelope.get("v") != VERSION or isinstance(envelope["v"], bool):
        raise MessageError(f"the message is not of version {VERSION}", hint="update the older side")
    name = envelope.get("type")
    cls = MESSAGE_TYPES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise MessageError(f"unknown message type {_shown(name)}")
    message: Message = from_plain(cls, envelope.get("body"))
    return message


def dump_json(value: Any) -> bytes:  # noqa: ANN401 - any plain JSON value
    """Return a plain JSON value as compact UTF-8.

    Raises:
        ValueError: If it holds a number that JSON cannot express, such as infinity.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode(errors="replace")


def load_json(data: bytes) -> Any:  # noqa: ANN401 - any plain JSON value
    """Return the plain JSON value that bytes from outside stand for.

    Raises:
        MessageError: If the bytes are too many, not UTF-8, no JSON, or nested too deeply.
    """
    if len(data) > MAX_BYTES:
        raise MessageError(f"the message has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        value = json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"the message is not JSON: {error}") from error
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:  # otherwise it cannot be that deep
        _check_depth(value)
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _check_depth(value: Any) -> None:  # noqa: ANN401 - any plain JSON value
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, (list, dict))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise MessageError(f"the message is nested more than {MAX_DEPTH} levels deep")


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any value that JSON can hold
    """Return a value made of dataclasses, enums, tuples and mappings as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: Any, value: Any, place: str = "") -> Any:  # noqa: ANN401 - the annotation decides
    """Return plain JSON values as an instance of the annotated kind.

    Raises:
        MessageError: If the value does not fit; the text names the place.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in typing.get_args(kind):
            return None
        (kind,) = (arg for arg in typing.get_args(kind) if arg is not type(None))
        return from_plain(kind, value, place)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return tuple(from_plain(item, one, f"{place}[{i}]") for i, one in enumerate(_checked(list, value, place)))
    if origin is dict:
        item = typing.get_args(kind)[1]
        return {
            _checked(str, key, place): from_plain(item, one, f"{place}[{_shown(key)}]")
            for key, one in _checked(dict, value, place).items()
        }
    if dataclasses.is_dataclass(kind):
        return _dataclass_from_plain(typing.cast("type[Any]", kind), value, place)
    if hasattr(kind, "_fields"):  # a NamedTuple of integers
        numbers = _checked(list, value, place)
        if len(numbers) != len(kind._fields):
            raise MessageError(f"{place or 'message'}: expected {len(kind._fields)} numbers")
        return kind(*(_checked(int, number, place) for number in numbers))
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            raise MessageError(f"{place}: {_shown(value)} is no {kind.__name__}") from error
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(_checked(int, value, place))
    return _checked(kind, value, place)


def _checked(kind: type[Any], value: Any, place: str) -> Any:  # noqa: ANN401
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MessageError(f"{place or 'message'}: expected {kind.__name__}, found {type(value).__name__}")
    if isinstance(value, str):
        if not _is_unicode(value):
            raise MessageError(f"{place or 'message'}: the text holds half a character")
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise MessageError(f"{place or 'message'}: the number is too large")
    elif isinstance(value, float) and not math.isfinite(value):
        raise MessageError(f"{place or 'message'}: the number is too large")
    return value


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:  # noqa: ANN401
    """Return a value from outside for an error's text: printable and short."""
    shown = ascii(value) if isinstance(value, str) else type(value).__name__
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _dataclass_from_plain(cls: type[Any], value: Any, place: str) -> Any:  # noqa: ANN401
    body = _checked(dict, value, place)
    values: dict[str, Any] = {}
    for name, (kind, required) in _fields_of(cls).items():
        if name in body:
            values[name] = from_plain(kind, body[name], f"{place}.{name}" if place else name)
        elif required:
            raise MessageError(f"{place or cls.__name__}: '{name}' is missing")
    return cls(**values)


_FIELDS: dict[type[Any], dict[str, tuple[Any, bool]]] = {}
"""What ``_fields_of`` found out already."""


def _fields_of(cls: type[Any]) -> dict[str, tuple[Any, bool]]:
    """Return the fields of a dataclass: their kinds, and whether they are required."""
    found = _FIELDS.get(cls)
    if found is None:
        hints = typing.get_type_hints(cls)
        found = _FIELDS[cls] = {
            f.name: (hints[f.name], f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)
            for f in dataclasses.fields(cls)
        }
    return found
