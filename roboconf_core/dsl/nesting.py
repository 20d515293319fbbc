"""Which block a line belongs to: by brackets, or where those do not fit, by indentation.

A bracket or a head that is missing moves all that follows into the wrong block. Files of
instances are nearly always indented, and columns then tell where the gap is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lark import Token

from roboconf_core.dsl import lines
from roboconf_core.dsl.syntax import Block, BlockKind, Doubt, FileImport, Property, Slip
from roboconf_core.errors import Code

Node = Block | FileImport | Token
"""What may stand outside of blocks; tokens are lines that may not."""


def take_in(block: Block, child: Block | Token) -> None:
    """Add a nested block or a line to a block."""
    if isinstance(child, Block):
        _take_in_block(block, child)
    elif child.type in ("PROPERTY", "UNENDED_PROPERTY"):
        found = lines.property_of(child)
        block.properties.append(found)
        if child.type == "UNENDED_PROPERTY" or ";" in found.value:
            block.slips += lines.slips_of_property(child, found)
    elif child.type == "CLOSE":
        lines.close_block(block, child)
    else:
        meant = lines.meant_property(child) if child.type in lines.WITHOUT_COLON else None
        if meant is not None:
            block.properties.append(meant)
        block.slips.append(lines.slip_of_item(child, block))
        block.body_is_sound = False


def _take_in_block(block: Block, child: Block) -> None:
    block.blocks.append(child)
    if child.kind is not BlockKind.INSTANCE:
        code = Code.P_INVALID_PROPERTY
        if block.kind is BlockKind.INSTANCE:
            code = Code.P_INVALID_PROPERTY_OR_INSTANCE
        message = f"{child.kind} '{child.name}' stands inside {block.kind} '{block.name}'"
        hint = f"write 'instance of {child.name} {{', or close the block of line {block.line} before"
        block.slips.append(Slip(code, child.line, child.column, message, hint))
    elif block.kind is not BlockKind.INSTANCE:
        message = f"an instance of '{child.name}' stands inside {block.kind} '{block.name}'"
        slip = Slip(Code.P_INVALID_FILE_TYPE, child.line, child.column, message, "instances have files of their own")
        block.slips.append(slip)


def without_head(kind: BlockKind, line: int, column: int, *, nested: bool) -> Block:
    """Return a block whose head is missing above its first line, with nothing in it yet."""
    block = Block(kind, "", line, column, column, head_is_sound=False)
    message = f"the head of {'an instance' if kind is BlockKind.INSTANCE else 'a block'} is missing above this line"
    hint = f"write '{lines.HEADS[kind]}' above; or is there a '}}' too many?"
    code = Code.P_INVALID_PROPERTY_OR_INSTANCE if nested else Code.P_UNRECOGNIZED_BLOCK
    block.slips.append(Slip(code, line, column, message, hint, Doubt.CONTENT))
    if kind is BlockKind.INSTANCE and not nested:
        block.slips.append(lines.not_understood(line, column, "the block"))
    return block


def blocks_without_heads(nodes: Iterable[Node]) -> Iterator[Node | list[Token]]:
    """Yield nodes, where properties outside of blocks with a bracket behind them are one."""
    run: list[Token] = []
    for node in nodes:
        is_line = isinstance(node, Token) and node.type != "CLOSE" and (node.type != "JUNK" or run)
        if isinstance(node, Token) and (is_line or (run and node.type == "CLOSE")):
            run.append(node)
            if not is_line:
                yield run
                run = []
            continue
        yield from run
        run = []
        yield node
    yield from run


class Gap(NamedTuple):
    """A closing bracket that is missing."""

    block: Block
    before: int
    """The line that it is missing above; 0 for the end of the file."""


@dataclass(slots=True, eq=False)
class Nesting:
    """Where the lines of a file belong, as its indentation tells."""

    nodes: list[Node]
    gaps: list[Gap]


def nest_by_columns(nodes: Sequence[Node]) -> Nesting | None:
    """Put the lines of a file of instances into the blocks that they are indented for.

    Args:
        nodes: What the grammar found. Its blocks are changed, unless the answer is None.

    Returns:
        None when the brackets fit, or when indentation does not explain, with as few
        gaps as there are brackets too many or too few, why they do not.
    """
    blocks = list(_all_blocks(nodes))
    if any(block.kind is not BlockKind.INSTANCE for block in blocks):
        return None
    reader = _ByColumns()
    for line in sorted(_lines_of(nodes, blocks), key=lambda line: (line.line, line.column)):
        reader.read(line)
    return reader.result()


class _Line(NamedTuple):
    line: int
    column: int
    node: Node | Property | None
    """None when the line could not be understood, or closes a block."""
    slips: list[Slip]
    closes: bool = False


def _all_blocks(nodes: Iterable[Node]) -> Iterator[Block]:
    queue = [node for node in nodes if isinstance(node, Block)]
    for block in queue:
        yield block
        queue += block.blocks


def _lines_of(nodes: Iterable[Node], blocks: Iterable[Block]) -> Iterator[_Line]:
    for node in nodes:
        if isinstance(node, Token):
            closes = node.type == "CLOSE"
            yield _Line(*lines.position(node), node, [], closes)
        elif isinstance(node, FileImport):
            yield _Line(node.line, node.column, node, [])
    for block in blocks:
        slips: dict[int, list[Slip]] = {}
        for slip in block.slips:
            slips.setdefault(slip.line, []).append(slip)
        yield _Line(block.line, block.column, block, slips.pop(block.line, []))
        for found in block.properties:
            yield _Line(found.line, found.column, found, slips.pop(found.line, []))
        if block.close is not None and block.close[0] != block.line:
            yield _Line(*block.close, None, slips.pop(block.close[0], []), closes=True)
        for line, of_line in slips.items():
            yield _Line(line, of_line[0].column, None, of_line)


@dataclass(slots=True, eq=False)
class _Open:
    """A block, or the file, and the lines that belong to it."""

    column: int
    block: Block
    """Meaningless for the file."""
    slips: list[Slip] = field(default_factory=list)
    """Of its head."""
    members: list[_Line] = field(default_factory=list)
    close: tuple[int, int] | None = None

    def fill(self) -> None:
        """Give the block the lines that belong to it, and no others."""
        block = self.block
        block.properties, block.blocks, block.slips, block.close = [], [], list(self.slips), self.close
        for line in self.members:
            if isinstance(line.node, Property):
                block.properties.append(line.node)
            elif isinstance(line.node, (Block, Token)):
                take_in(block, line.node)
            if not isinstance(line.node, Block):
                block.slips += line.slips


class _ByColumns:
    """Reads lines from top to bottom. What stands deeper than a head belongs to it; its bracket stands below it."""

    def __init__(self) -> None:
        self._file = _Open(0, Block(BlockKind.INSTANCE, "", 0, 0, 0))
        self._stack = [self._file]
        self._closed: list[_Open] = []
        self._gaps: list[Gap] = []
        self._spare = 0
        """Brackets that close what has no head, or nothing."""
        self._balance = 0

    def read(self, line: _Line) -> None:
        if line.closes:
            self._balance -= 1
            self._end_deeper(line, line.column)
            if self._stack[-1].column == line.column:
                self._stack[-1].members.append(line)
                self._close((line.line, line.column))
            else:
                self._close_without_head(line)
            return
        self._end_deeper(line, line.column - 1)
        self._stack[-1].members.append(line)
        if isinstance(line.node, Block) and _is_open(line.node):
            self._balance += 1
            self._stack.append(_Open(line.column, line.node, line.slips))

    def _end_deeper(self, line: _Line, column: int) -> None:
        """End blocks whose heads stand deeper than a column, because something else follows."""
        while self._stack[-1].column > column:
            self._end_without_bracket(line.line)

    def _end_without_bracket(self, before: int) -> None:
        self._gaps.append(Gap(self._stack[-1].block, before))
        self._close(None)

    def _close(self, place: tuple[int, int] | None) -> None:
        ended = self._stack.pop()
        ended.close = place
        self._closed.append(ended)

    def _close_without_head(self, line: _Line) -> None:
        """Make a block of the lines above that stand deeper than their bracket, as if they had a head."""
        self._spare += 1
        above = self._stack[-1].members
        first = len(above)
        while first and above[first - 1].column > line.column:
            first -= 1
        if first == len(above):
            above.append(line)
            return
        block = without_head(BlockKind.INSTANCE, above[first].line, above[first].column, nested=len(self._stack) > 1)
        members, place = [*above[first:], line], (line.line, line.column)
        self._closed.append(_Open(line.column, block, block.slips, members, place))
        above[first:] = [_Line(block.line, line.column, block, [])]

    def result(self) -> Nesting | None:
        still_open = self._stack[:0:-1]
        if len(self._gaps) + len(still_open) + self._spare != abs(self._balance) or not self._balance:
            return None
        if not all(isinstance(line.node, (Block, FileImport, Token)) for line in self._file.members):
            return None
        for _ in still_open:
            self._end_without_bracket(0)
        for each in self._closed:
            each.fill()
        nodes = [line.node for line in self._file.members if isinstance(line.node, (Block, FileImport, Token))]
        return Nesting(nodes, self._gaps)


def _is_open(block: Block) -> bool:
    """Tell whether lines of a block may follow: not when all of it stands on one line."""
    return block.close is None or block.close[0] != block.line or bool(block.properties or block.blocks)
