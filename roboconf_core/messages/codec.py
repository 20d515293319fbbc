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
from collections.abc import Callable
from enum import Enum
from functools import cache
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
    write = _writer_of(type(value))  # type: ignore[arg-type]  # mypy takes types for unhashable
    return value if write is None else write(value)


def from_plain(kind: Any, value: Any, place: str = "") -> Any:  # noqa: ANN401 - the annotation decides
    """Return plain JSON values as an instance of the annotated kind.

    Raises:
        MessageError: If the value does not fit; the text names the place.
    """
    try:
        return _reader_of(kind)(value)
    except _MisfitError as misfit:
        raise MessageError(misfit.told(place)) from misfit


# --- what is done with a kind of value, found out once per kind

_Convert = Callable[[Any], Any]


@cache
def _writer_of(kind: type[Any]) -> _Convert | None:
    """Return what makes values of a type plain, None for those that are plain already."""
    if dataclasses.is_dataclass(kind):
        names = tuple(f.name for f in dataclasses.fields(kind))
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, dict):
        return lambda value: {key: to_plain(item) for key, item in value.items()}
    if issubclass(kind, (list, tuple)):
        return lambda value: [to_plain(item) for item in value]
    return None


class _MisfitError(Exception):
    """A value does not fit; its place becomes known on the way out."""

    def __init__(self, text: str, *, whole: str = "message") -> None:
        super().__init__(text)
        self.text = text
        self.whole = whole
        """What is named when the place is all that was given."""
        self.places: list[str] = []
        """Innermost first."""

    def told(self, place: str) -> str:
        """Return text and place, for a whole that stands at a place itself."""
        found = place + "".join(reversed(self.places))
        return f"{found.removeprefix('.') or self.whole}: {self.text}"


@cache
def _reader_of(kind: Any) -> _Convert:  # noqa: ANN401 - an annotation
    """Return what makes plain values an annotated kind, or raises ``_MisfitError``."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _optional_reader(kind)
    if origin is tuple:
        return _tuple_reader(typing.get_args(kind)[0])
    if origin is dict:
        return _dict_reader(typing.get_args(kind)[1])
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(typing.cast("type[Any]", kind))
    if hasattr(kind, "_fields"):
        return _numbers_reader(kind)
    if issubclass(kind, Enum):
        return _enum_reader(kind)
    if kind is float:
        return lambda value: float(_checked(int, value)) if type(value) is int else _checked(float, value)
    return lambda value: _checked(kind, value)


def _optional_reader(kind: Any) -> _Convert:  # noqa: ANN401
    (inner,) = (arg for arg in typing.get_args(kind) if arg is not type(None))
    read = _reader_of(inner)
    if type(None) not in typing.get_args(kind):
        return read
    return lambda value: None if value is None else read(value)


def _tuple_reader(item: Any) -> _Convert:  # noqa: ANN401
    read = _reader_of(item)

    def read_all(value: Any) -> Any:  # noqa: ANN401
        found = []
        for one in _checked(list, value):
            try:
                found.append(read(one))
            except _MisfitError as misfit:
                misfit.places.append(f"[{len(found)}]")
                raise
        return tuple(found)

    return read_all


def _dict_reader(item: Any) -> _Convert:  # noqa: ANN401
    read = _reader_of(item)

    def read_all(value: Any) -> Any:  # noqa: ANN401
        found = {}
        for key, one in _checked(dict, value).items():
            _checked(str, key)
            try:
                found[key] = read(one)
            except _MisfitError as misfit:
                misfit.places.append(f"[{_shown(key)}]")
                raise
        return found

    return read_all


def _dataclass_reader(cls: type[Any]) -> _Convert:
    hints = typing.get_type_hints(cls)
    fields = [
        (f.name, _reader_of(hints[f.name]), f.default is f.default_factory is dataclasses.MISSING)
        for f in dataclasses.fields(cls)
    ]

    def read(value: Any) -> Any:  # noqa: ANN401
        body = _checked(dict, value)
        values = {}
        for name, read_one, required in fields:
            if name in body:
                try:
                    values[name] = read_one(body[name])
                except _MisfitError as misfit:
                    misfit.places.append(f".{name}")
                    raise
            elif required:
                raise _MisfitError(f"'{name}' is missing", whole=cls.__name__)
        return cls(**values)

    return read


def _numbers_reader(kind: Any) -> _Convert:  # noqa: ANN401 - a NamedTuple of integers
    count = len(kind._fields)

    def read(value: Any) -> Any:  # noqa: ANN401
        if len(_checked(list, value)) != count:
            raise _MisfitError(f"expected {count} numbers")
        return kind(*(_checked(int, number) for number in value))

    return read


def _enum_reader(kind: type[Enum]) -> _Convert:
    def read(value: Any) -> Any:  # noqa: ANN401
        try:
            return kind(value)
        except ValueError as error:
            raise _MisfitError(f"{_shown(value)} is no {kind.__name__}") from error

    return read


def _checked(kind: type[Any], value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _MisfitError(f"expected {kind.__name__}, found {type(value).__name__}")
    if isinstance(value, str):
        if not _is_unicode(value):
            raise _MisfitError("the text holds half a character")
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise _MisfitError("the number is too large")
    elif isinstance(value, float) and not math.isfinite(value):
        raise _MisfitError("the number is too large")
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
