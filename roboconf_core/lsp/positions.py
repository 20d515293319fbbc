"""Places in a text: as the parser counts them, and as the language server protocol does.

The parser drops a byte-order mark and every carriage return, and counts characters from 1.
Clients count lines from 0, also end them at a lone carriage return, and count code units of
the encoding that was negotiated, UTF-16 by default.

Source: Language Server Protocol 3.17, "Text Documents", "Position".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from roboconf_core.dsl.symbols import Span

_BOM = "\ufeff"


class Position(NamedTuple):
    """A place as clients count: from 0, in code units."""

    line: int
    character: int


class Range(NamedTuple):
    """From a place up to another one, which is not included."""

    start: Position
    end: Position


_UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": len,
}


class Text:
    """One version of one file."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        """Take a text as it is, and the encoding whose units the client counts."""
        self.text = text
        self._units = _UNITS[encoding]

    @cached_property
    def lines(self) -> list[str]:
        """Lines as the parser sees them."""
        return self.text.removeprefix(_BOM).replace("\r", "").split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        """Where the parser's lines begin."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @cached_property
    def _client_starts(self) -> list[int]:
        """Where the client's lines begin."""
        if "\r" not in self.text:
            return self._starts
        return [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))]

    def range_of(self, span: Span) -> Range:
        """Return a part of a line of the parser's."""
        start = self.offset(span.line, span.column)
        end = self.offset(span.line, span.column + span.length)
        return Range(self.position(start), self.position(end))

    def line_range(self, first: int, last: int) -> Range:
        """Return whole lines of the parser's, from the first character to behind the last one."""
        end = self.offset(last, len(self.lines[last - 1]) + 1) if last <= len(self.lines) else len(self.text)
        return Range(self.position(self.offset(first, 1)), self.position(end))

    def offset(self, line: int, column: int) -> int:
        """Return where a place of the parser's is, counted from 0; one that does not exist is moved to the nearest."""
        if line > len(self._starts):
            return len(self.text)
        start = self._starts[max(line, 1) - 1]
        end = self._starts[line] - 1 if 1 <= line < len(self._starts) else len(self.text)
        start += start == 0 and self.text.startswith(_BOM)
        wanted = max(column, 1) - 1
        raw = self.text[start:end].rstrip("\r")
        if "\r" not in raw:
            return start + min(wanted, len(raw))
        kept = [position for position, character in enumerate(raw) if character != "\r"]
        return start + (kept[wanted] if wanted < len(kept) else (kept[-1] + 1 if kept else 0))

    def place(self, position: Position) -> tuple[int, int]:
        """Return line and column, as the parser counts, of a place of the client's."""
        offset = self.offset_of(position)
        line = bisect_right(self._starts, offset)
        before = self.text[self._starts[line - 1] : offset].removeprefix(_BOM)
        return line, len(before) - before.count("\r") + 1

    def position(self, offset: int) -> Position:
        """Return a place, counted in characters from the beginning of the text, as the client counts it."""
        line = bisect_right(self._client_starts, offset) - 1
        before = self.text[self._client_starts[line] : offset]
        return Position(line, len(before) if before.isascii() else self._units(before))

    def offset_of(self, position: Position) -> int:
        """Return where a place of the client's is; one that does not exist is moved to the nearest before it."""
        starts = self._client_starts
        if position.line >= len(starts):
            return len(self.text)
        start = starts[position.line]
        end = starts[position.line + 1] if position.line + 1 < len(starts) else len(self.text)
        content = self.text[start:end].rstrip("\r\n")
        if content.isascii():
            return start + min(position.character, len(content))
        units = 0
        for index, character in enumerate(content):
            units += self._units(character)
            if units > position.character:
                return start + index
        return start + len(content)
