"""Canonical text of graph and instances files: one layout for all, with every comment.

- One tab per level, ``key: value;``, one space before ``{``, ``import FILE;``, keywords in lower case, LF.
- Values stay as they are: blanks before a ``;`` belong to them.
- Comments stand on the level of the block they are in. Behind an instruction they keep the blanks before them,
  so that what was aligned by hand stays aligned.
- Several empty lines become one; there is none at the beginning and at the end of a file or a block.

A text whose lines cannot all be understood is left alone.

Source: Roboconf user guide, "Graph Definition" and "Instances Definition", for what the lines may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, FileKind, ParsedFile, Property, Slip
from roboconf_core.errors import Problem, Severity

_KEYWORDS = {BlockKind.COMPONENT: "", BlockKind.FACET: "facet", BlockKind.INSTANCE: "instance of"}
_LIKE_KEYWORDS = ("facet", "instance of", "import")
"""Components with such a name are only told from keywords by the bracket right behind it."""
_DEEPEST = 100
"""Levels beyond this one are not indented further: the text would grow with the square of its lines."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """The canonical text of a file, or why there is none."""

    text: str
    """As it was when there are problems."""
    problems: list[Problem]
    """Errors of the lines. What names and values mean is not looked at."""


def format_text(text: str, kind: FileKind, *, comments: bool = True) -> str:
    """Return the canonical text of a file; as it is when its lines cannot all be understood.

    Args:
        text: Decoded content.
        kind: ``GRAPH`` or ``INSTANCES``.
        comments: False leaves comments out. The lines that they had for themselves stay, empty.
    """
    return format_source(text, kind, comments=comments).text


def format_source(text: str, kind: FileKind, *, file: str = "", comments: bool = True) -> Formatted:
    """Return the canonical text of a file, or the problems of its lines.

    Args:
        text: Decoded content.
        kind: ``GRAPH`` or ``INSTANCES``.
        file: How the file is called in problems.
        comments: False leaves comments out.
    """
    parsed = parse(text, kind)
    errors = [slip.in_file(file) for slip in _slips(parsed) if slip.code.severity is Severity.ERROR]
    if errors:
        return Formatted(text, errors)
    lines = text.removeprefix("\ufeff").replace("\r", "").split("\n")
    written = _without_spare_blanks(_written(lines, _instructions(parsed)))
    return Formatted("".join(f"{line.text(comments)}\n" for line in written), [])


@dataclass(frozen=True, slots=True)
class _Line:
    depth: int
    instruction: str = ""
    comment: str = ""
    """With the blanks between it and its instruction."""
    opens: bool = False
    closes: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.instruction and not self.comment

    def text(self, comments: bool) -> str:
        content = self.instruction + (self.comment if comments else "")
        return content and "\t" * min(self.depth, _DEEPEST) + content


def _slips(parsed: ParsedFile) -> Iterator[Slip]:
    yield from parsed.slips
    queue = list(parsed.blocks)
    for block in queue:
        yield from block.slips
        queue += block.blocks


def _instructions(parsed: ParsedFile) -> dict[int, _Line]:
    """Return the line of each instruction, counted from 1, with its canonical text."""
    found = {each.line: _Line(0, f"import {each.location};") for each in parsed.imports}
    queue = [(block, 0) for block in parsed.blocks]
    for block, depth in queue:
        found[block.line] = _Line(depth, _head(block), opens=True)
        found |= {each.line: _Line(depth + 1, _property(each)) for each in block.properties}
        if block.close is not None:
            found[block.close[0]] = _Line(depth, "}", closes=True)
        queue += [(nested, depth + 1) for nested in block.blocks]
    return found


def _head(block: Block) -> str:
    if block.kind is BlockKind.COMPONENT and block.name.lower() in _LIKE_KEYWORDS:
        return f"{block.name}{{"
    return " ".join(part for part in (_KEYWORDS[block.kind], block.name, "{") if part)


def _property(found: Property) -> str:
    return f"{found.key}: {found.value};"


def _written(lines: list[str], instructions: dict[int, _Line]) -> Iterator[_Line]:
    """Yield all lines with their comments, each on its level."""
    depth = 0
    for number, text in enumerate(lines, start=1):
        before, sharp, after = text.partition("#")
        comment = f"{sharp}{after}".rstrip(BLANKS)
        line = instructions.get(number)
        if line is None:
            yield _Line(depth, comment=comment)
            continue
        depth = line.depth + line.opens
        gap = before[len(before.rstrip(BLANKS)) :] if comment else ""
        yield _Line(line.depth, line.instruction, gap + comment, line.opens, line.closes)


def _without_spare_blanks(lines: Iterator[_Line]) -> Iterator[_Line]:
    """Yield lines with single empty ones, and only between others of the same block."""
    above: _Line | None = None
    waiting: _Line | None = None
    for line in lines:
        if line.is_blank:
            waiting = line
            continue
        if waiting is not None and above is not None and not above.opens and not line.closes:
            yield waiting
        yield line
        above, waiting = line, None
