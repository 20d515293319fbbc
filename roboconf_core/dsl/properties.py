"""Reads Java properties, as descriptors, targets and recipes use them, with the line of each key.

The text is UTF-8; the original read ISO-8859-1. Escapes work in both.

Source: documentation of ``java.util.Properties.load``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_BLANK = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_LINE_END = re.compile(r"\r\n|\n|\r")


class MalformedEscape(NamedTuple):
    r"""A ``\u`` that four hexadecimal digits do not follow."""

    line: int
    text: str


@dataclass(slots=True)
class Properties:
    """What a text of properties says."""

    values: dict[str, str] = field(default_factory=dict)
    """A repeated key has its last value; blanks at the end of a value belong to it."""
    lines: dict[str, int] = field(default_factory=dict)
    """Key to the line where its last value begins, counted from 1."""
    malformed: list[MalformedEscape] = field(default_factory=list)


def read_properties(text: str) -> Properties:
    """Return the properties of a text; nothing is raised."""
    found = Properties()
    for line, logical in _logical_lines(text.removeprefix("\ufeff")):
        key, value = _cut(logical)
        values = []
        for raw in (key, value):
            unescaped, malformed = _unescape(raw)
            values.append(unescaped)
            if malformed:
                found.malformed.append(MalformedEscape(line, malformed))
        found.values[values[0]] = values[1]
        found.lines[values[0]] = line
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first natural line."""
    parts: list[str] = []
    first = 0
    for number, natural in enumerate(_LINE_END.split(text), start=1):
        content = natural.lstrip(_BLANK)
        if not parts:
            if not content or content[0] in "#!":
                continue
            first = number
        backslashes = len(content) - len(content.rstrip("\\"))
        continued = backslashes % 2 == 1
        content = content[:-1] if continued else content
        if content or parts:  # behind a mere backslash nothing has begun yet, so a comment may follow
            parts.append(content)
        if parts and not continued:
            yield first, "".join(parts)
            parts = []
    if parts:
        yield first, "".join(parts)


def _cut(logical: str) -> tuple[str, str]:
    """Return key and value, both escaped."""
    match = _KEY.match(logical)
    key = match[0] if match else ""
    rest = logical[len(key) :].lstrip(_BLANK)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(_BLANK)
    return key, rest


_KEY = re.compile(r"(?:\\.|[^\\=: \t\f])*", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


def _unescape(raw: str) -> tuple[str, str]:
    """Return the text that is meant, and the first malformed escape."""
    if "\\" not in raw:
        return raw, ""
    malformed: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape == "u":
            malformed.append(raw[match.start() : match.start() + 6])
        return _ESCAPES.get(escape, escape)

    text = _ESCAPE.sub(replacement, raw)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), malformed[0] if malformed else ""
