"""Where a cursor stands: in which blocks, behind which key, in which item of a list."""

from __future__ import annotations

from dataclasses import dataclass

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import BLANKS, Block
from roboconf_core.lsp.documents import FILE_KINDS
from roboconf_core.lsp.library import ReadFile


@dataclass(frozen=True, slots=True)
class Context:
    """What stands before a cursor."""

    blocks: tuple[Block, ...]
    """Blocks around it, from the outermost to the innermost."""
    text: str
    """From the beginning of the line up to the cursor."""
    rest: str = ""
    """From the cursor to the end of the line."""

    @property
    def block(self) -> Block | None:
        """The innermost block."""
        return self.blocks[-1] if self.blocks else None

    @property
    def in_comment(self) -> bool:
        """Whether a comment goes on here."""
        return "#" in self.text

    @property
    def key(self) -> str | None:
        """Key of the property whose value is being written; None before a colon."""
        key, colon, _ = self.text.partition(":")
        return key.strip(BLANKS) if colon else None

    @property
    def value(self) -> str:
        """Value up to the cursor, without blanks at its beginning."""
        return self.text.partition(":")[2].lstrip(BLANKS)

    @property
    def item(self) -> str:
        """Item of a list that is being written."""
        return self.value.rpartition(",")[2].lstrip(BLANKS)

    @property
    def column(self) -> int:
        """Where the cursor is, counted from 1."""
        return len(self.text) + 1


def context_of(file: ReadFile, before: ReadFile | None, line: int, column: int) -> Context:
    """Return what stands before a place.

    Only the text above is read, from the last block at the root that is known to begin there: a cursor at the end of
    a very long file costs no more than its last block.

    Args:
        file: The file as it is.
        before: The same file as it was taken apart last, if ever.
        line: Of the cursor, counted from 1.
        column: Counted from 1.
    """
    lines = file.text.lines
    text = lines[line - 1] if line <= len(lines) else ""
    kind = FILE_KINDS.get(file.language)
    if kind is None:
        return Context((), text[: column - 1], text[column - 1 :])
    first = _last_known_root(file, before, line)
    above = "\n".join([*lines[first - 1 : line - 1], ""])
    blocks: list[Block] = []
    level = parse(above, kind).blocks
    while level and level[-1].close is None:
        blocks.append(level[-1])
        level = level[-1].blocks
    return Context(tuple(blocks), text[: column - 1], text[column - 1 :])


def _last_known_root(file: ReadFile, before: ReadFile | None, line: int) -> int:
    """Return the line of the last block at the root above a line, where nothing changed up to there; 1 if unknown."""
    if before is None or before.parsed is None:
        return 1
    changed = _first_difference(file.text.lines, before.text.lines)
    heads = (block.line for block in before.parsed.blocks if block.line < line and block.line <= changed)
    return max(heads, default=1)


def _first_difference(these: list[str], those: list[str]) -> int:
    """Return how many lines are the same from the beginning."""
    for number, (this, that) in enumerate(zip(these, those, strict=False)):
        if this != that:
            return number
    return min(len(these), len(those))
