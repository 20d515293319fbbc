r"""Logical lines of commands: continuations joined, comments removed, every character with its place.

A ``\`` right before a line end continues the line: it goes with the line end and all white
space that follows. A ``#`` begins a comment, inside texts too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE_END = re.compile(r"(?P<continued>\\\r?\n[ \t\n\v\f\r]*)|\r?\n")
BLANKS = "".join(map(chr, range(0x21)))
"""What is trimmed at both ends."""


@dataclass(slots=True)
class PlacedText:
    """A text made of pieces that stand at different places of a file."""

    _pieces: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    """Offsets in the text where pieces begin."""
    _places: list[tuple[int, int, bool]] = field(default_factory=list)
    """Line and column of each piece, and whether the columns go on within it."""
    length: int = 0
    """Characters of all pieces."""

    @property
    def text(self) -> str:
        """All pieces together."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def append(self, piece: str, place: tuple[int, int], *, spread: bool = True) -> None:
        """Add a piece.

        Args:
            piece: The text.
            place: Line and column of its first character.
            spread: Whether its characters stand one behind the other in the file;
                otherwise all of it stands for what is written at the place.
        """
        if piece:
            self._starts.append(self.length)
            self._places.append((*place, spread))
            self._pieces.append(piece)
            self.length += len(piece)

    def append_part(self, other: PlacedText, start: int, end: int) -> None:
        """Add a part of another text with its places."""
        for piece, place, spread in other.pieces(start, end):
            self.append(piece, place, spread=spread)

    def place(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character, counted from 1; right behind the text counts too."""
        if not self._starts:
            return 1, 1
        index = max(0, bisect_right(self._starts, offset) - 1)
        line, column, spread = self._places[index]
        return line, column + (offset - self._starts[index] if spread else 0)

    def pieces(self, start: int, end: int) -> Iterator[tuple[str, tuple[int, int], bool]]:
        """Yield the pieces of a part of the text, each with its place and whether it is spread in the file."""
        text = self.text
        for index in range(max(0, bisect_right(self._starts, start) - 1), len(self._starts)):
            piece_start = self._starts[index]
            piece_end = self._starts[index + 1] if index + 1 < len(self._starts) else self.length
            if piece_start >= end:
                return
            first, last = max(start, piece_start), min(end, piece_end)
            if first < last:
                yield text[first:last], self.place(first), self._places[index][2]

    def cut(self, start: int, end: int) -> PlacedText:
        """Return a part of the text with its places."""
        part = PlacedText()
        part.append_part(self, start, end)
        return part

    @property
    def line(self) -> int:
        """Line of the first character."""
        return self.place(0)[0]


def logical_lines(text: str) -> Iterator[PlacedText]:
    """Yield the lines of a text that say something, trimmed and without comments."""
    text = text.removeprefix("\ufeff")
    position, number, start_of_line = 0, 1, 0
    current = PlacedText()
    for match in _LINE_END.finditer(text):
        current.append(text[position : match.start()], (number, position - start_of_line + 1))
        position = match.end()
        number += match[0].count("\n")
        start_of_line = text.rfind("\n", 0, position) + 1
        if match["continued"] is None:
            yield from _said(current)
            current = PlacedText()
    current.append(text[position:], (number, position - start_of_line + 1))
    yield from _said(current)


def _said(line: PlacedText) -> Iterator[PlacedText]:
    text = line.text.partition("#")[0]
    end = len(text.rstrip(BLANKS))
    start = len(text) - len(text.lstrip(BLANKS))
    if start < end:
        yield line.cut(start, end)
