"""The outline of a file, and what can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from roboconf_core.dsl.symbols import Span, SymbolKind
from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind
from roboconf_core.lsp.library import ReadFile

_DEEPEST = 60
"""Levels of an outline; what stands below is shown on the last one, because messages nest as outlines do."""
_KINDS = {BlockKind.COMPONENT: SymbolKind.COMPONENT, BlockKind.FACET: SymbolKind.FACET}


@dataclass(slots=True, eq=False)
class Entry:
    """A line of an outline."""

    kind: SymbolKind
    name: str
    detail: str
    name_span: Span
    first_line: int
    last_line: int
    entries: list[Entry] = field(default_factory=list)


def outline(file: ReadFile) -> list[Entry]:
    """Return components, facets and their variables, or instances as they are nested."""
    if file.parsed is None:
        return []
    roots: list[Entry] = []
    variables = _variables(file)
    last_line = len(file.text.lines)
    queue = [(block, roots, 1, last_line) for block in file.parsed.blocks]
    for block, siblings, depth, end in queue:
        entry = _entry(block, min(end, block.close[0] if block.close else end))
        entry.entries += variables.get(block, ())
        siblings.append(entry)
        below = entry.entries if depth < _DEEPEST else siblings
        queue += [(nested, below, depth + 1, entry.last_line) for nested in block.blocks]
    return roots


def _entry(block: Block, last_line: int) -> Entry:
    span = Span(block.line, block.name_column, len(block.name))
    last_line = max(block.line, last_line)
    if block.kind is not BlockKind.INSTANCE:
        return Entry(_KINDS[block.kind], block.name, str(block.kind), span, block.line, last_line)
    found = next((each for each in block.properties if each.key == "name" and each.value.strip(BLANKS)), None)
    name = found.value.strip(BLANKS) if found else block.name
    return Entry(SymbolKind.INSTANCE, name, block.name, span, block.line, last_line)


def _variables(file: ReadFile) -> dict[Block, list[Entry]]:
    """Return the variables of each block."""
    found: dict[Block, list[Entry]] = {}
    for each in file.symbols.definitions:
        if each.variable is not None:
            random = f"random[{each.variable.random}]" if each.variable.random is not None else ""
            line = each.span.line
            entry = Entry(SymbolKind.VARIABLE, each.name, each.variable.value or random, each.span, line, line)
            found.setdefault(each.block, []).append(entry)
    return found


def folds(file: ReadFile) -> Iterator[tuple[int, int, bool]]:
    """Yield first and last line of all that can be folded, and whether it is a comment."""
    queue = list(file.parsed.blocks) if file.parsed else []
    for block in queue:
        if block.close and block.close[0] > block.line:
            yield block.line, block.close[0], False
        queue += block.blocks
    first = 0
    for number, line in enumerate([*file.text.lines, ""], start=1):
        is_comment = line.lstrip(BLANKS).startswith("#")
        if is_comment and not first:
            first = number
        elif not is_comment and first:
            if number - 1 > first:
                yield first, number - 1, True
            first = 0
