"""What a graph or instances file says, block by block, before it means anything.

Lines and columns count from 1. Values are as written; nothing is checked yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from roboconf_core.errors import Code, Problem, Severity, Where

BLANKS = "".join(map(chr, range(0x21)))
"""What is trimmed at both ends of names and lines."""

_LONGEST = 300


class BlockKind(StrEnum):
    """What a block declares."""

    COMPONENT = "component"
    FACET = "facet"
    INSTANCE = "instance"


class FileKind(StrEnum):
    """What a file holds, by its top-level blocks."""

    GRAPH = "graph"
    INSTANCES = "instances"
    AGGREGATOR = "aggregator"
    """Nothing but file imports."""
    EMPTY = "empty"
    UNDETERMINED = "undetermined"


class Doubt(IntEnum):
    """What of a file is not certain any more because of a slip; the more, the less can be checked."""

    NOTHING = 0
    """It is clear what was meant."""
    NESTING = 1
    """Which block a line belongs to."""
    CONTENT = 2
    """Something that was written could not be understood."""


class Slip(NamedTuple):
    """A problem whose file is not known yet."""

    code: Code
    line: int
    column: int
    message: str
    hint: str = ""
    doubt: Doubt = Doubt.CONTENT

    def in_file(self, file: str) -> Problem:
        """Return the problem, with its place; texts of the user that are very long are cut."""
        where = Where(file=file, line=self.line, column=self.column)
        return Problem(self.code, _cut(self.message), where, _cut(self.hint))


def doubt_of(slips: Iterable[Slip]) -> Doubt:
    """Return what is not certain any more because of some slips; warnings leave no doubt."""
    doubts = (slip.doubt for slip in slips if slip.code.severity is Severity.ERROR)
    return max(doubts, default=Doubt.NOTHING)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class Property(NamedTuple):
    """``key: value;`` inside a block."""

    key: str
    value: str
    """Blanks before the semicolon belong to it."""
    line: int
    column: int
    value_column: int
    guessed: bool = False
    """Whether the line is no property as it is, so that what it says is not checked any further."""


class FileImport(NamedTuple):
    """``import location;``."""

    location: str
    line: int
    column: int
    slips: tuple[Slip, ...] = ()
    """What is wrong with the line; then the location cannot be trusted."""


@dataclass(slots=True, eq=False)
class Block:
    """A component, a facet or an instance as written."""

    kind: BlockKind
    name: str
    line: int
    column: int
    name_column: int
    properties: list[Property] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    """Nested instances."""
    slips: list[Slip] = field(default_factory=list)
    """What is wrong with its lines; those of nested blocks are theirs."""
    head_is_sound: bool = True
    body_is_sound: bool = True
    """False when a line could not be understood, so that something may be missing."""
    close: tuple[int, int] | None = None
    """Line and column of the closing bracket."""


@dataclass(slots=True, eq=False)
class ParsedFile:
    """All that one file says, and the problems of its lines."""

    kind: FileKind
    blocks: list[Block]
    imports: list[FileImport]
    slips: list[Slip]
    """Problems outside of blocks, or of the file as a whole."""
    nesting_is_sound: bool
    """False when a closing bracket is missing, so that blocks may be in the wrong place."""
