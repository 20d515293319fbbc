"""From text to blocks: runs the grammars, which accept every text.

The grammar files ``graph.lark`` and ``instances.lark`` are the reference of the
languages; ``lines.lark`` says what a line may be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer

from roboconf_core.dsl import lines
from roboconf_core.dsl.nesting import Gap, Node, blocks_without_heads, nest_by_columns, take_in, without_head
from roboconf_core.dsl.syntax import Block, BlockKind, Doubt, FileImport, FileKind, ParsedFile, Slip
from roboconf_core.errors import Code


def parse(text: str, kind: FileKind) -> ParsedFile:
    """Read one file; nothing is raised, whatever the text is.

    Args:
        text: Decoded content.
        kind: ``GRAPH`` or ``INSTANCES``: what the file should be. What it really is
            stands in the result; both languages recognise each other's blocks.
    """
    text = text.removeprefix("\ufeff").replace("\r", "")
    nodes: list[Node] = _parser(kind).parse(text)  # type: ignore[assignment]  # what the transformer returns
    last_line = text.count("\n") + (not text.endswith("\n"))
    nesting = nest_by_columns(nodes) if _is_unbalanced(nodes) else None
    if nesting is None:
        return _file_of(kind, nodes, last_line)
    gaps = list(_slips_of_gaps(nesting.gaps, last_line + 1))
    return _file_of(kind, nesting.nodes, last_line, gaps, {gap.block for gap in nesting.gaps})


@lru_cache(maxsize=2)
def _parser(kind: FileKind) -> Lark:
    return Lark.open_from_package(
        "roboconf_core.dsl",
        f"{kind}.lark",
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        transformer=_Blocks(),
    )


class _Blocks(Transformer[Token, Any]):
    """Makes a block of each rule as soon as it is read; there is no tree in between."""

    def component(self, children: list[Any]) -> Block:
        block = lines.block_of(children[0], has_body=len(children) > 1)
        for child in children[1:]:
            take_in(block, child)
        return block

    facet = instance = crowded = bare = one_liner = component

    def import_file(self, children: list[Any]) -> FileImport:
        return lines.import_of(children[0])

    def stray(self, children: list[Any]) -> Token:
        token: Token = children[0]
        return token

    def start(self, children: list[Any]) -> list[Node]:
        return children


def _is_unbalanced(nodes: Sequence[Node]) -> bool:
    """Tell whether a block is not closed, or a bracket closes nothing."""
    return any(
        node.close is None if isinstance(node, Block) else isinstance(node, Token) and node.type == "CLOSE"
        for node in nodes
    )


def _slips_of_gaps(gaps: Sequence[Gap], end: int) -> Iterator[Slip]:
    """Yield the problems of brackets that are missing; all that are missing at the end are one."""
    at_end = [gap.block for gap in gaps if not gap.before]
    for block, before in gaps:
        if before:
            message = f"the file ends, but {block.kind} '{block.name}' of line {block.line} is not closed"
            hint = f"a '}}' is missing above line {before}"
            yield Slip(Code.P_C_C_BRACKET_MISSING, end, 1, message, hint, Doubt.NOTHING)
    if at_end:
        yield _slip_of_end(at_end[-1], end, Doubt.NOTHING)


def _file_of(
    kind: FileKind, nodes: Sequence[Node], last_line: int, slips: Sequence[Slip] = (), told: Collection[Block] = ()
) -> ParsedFile:
    """Return a file of what stands outside of blocks.

    Args:
        kind: What the file should be.
        nodes: What stands there.
        last_line: Of the text.
        slips: What is known to be wrong already.
        told: Blocks that are not closed, which is known already.
    """
    found = ParsedFile(FileKind.EMPTY, [], [], list(slips), nesting_is_sound=True)
    unclosed: Block | None = None
    ended: list[Block] = []
    for node in blocks_without_heads(nodes):
        if isinstance(node, (Token, list)):
            _take_strays(found, node if isinstance(node, list) else [node], ended, kind)
            continue
        if unclosed is not None:
            ended.append(unclosed)
            lines.report_unclosed(unclosed, node)
            unclosed = None
        if isinstance(node, Block):
            found.blocks.append(node)
            unclosed = node if node.close is None and node not in told else None
        else:
            found.imports.append(node)
            found.slips += node.slips
    if unclosed is not None:
        found.nesting_is_sound = unclosed.kind is not BlockKind.INSTANCE
        doubt = Doubt.NOTHING if found.nesting_is_sound else Doubt.NESTING
        found.slips.append(_slip_of_end(unclosed, last_line + 1, doubt))
    found.kind = _kind_of(found, has_strays=any(isinstance(node, Token) for node in nodes))
    return found


def _take_strays(found: ParsedFile, strays: list[Token], ended: list[Block], kind: FileKind) -> None:
    """Take in a line that stands outside of blocks, or several with a bracket behind them.

    Args:
        found: The file so far.
        strays: The lines.
        ended: Blocks that were ended above, by the head of another one; the bracket may be that of the last one.
        kind: What the file should be.
    """
    closes = strays[-1].type == "CLOSE"
    if closes and ended:
        block = ended.pop()
    elif closes and len(strays) > 1:
        inner = BlockKind.INSTANCE if kind is FileKind.INSTANCES else BlockKind.COMPONENT
        block = without_head(inner, *lines.position(strays[0]), nested=False)
        found.blocks.append(block)
    else:
        found.slips += lines.slips_of_stray(strays[0])
        return
    for each in strays[:-1]:
        take_in(block, each)
    block.close = lines.position(strays[-1])


def _kind_of(found: ParsedFile, *, has_strays: bool) -> FileKind:
    kinds = {block.kind for block in found.blocks if block.head_is_sound or block.kind is not BlockKind.COMPONENT}
    has_types = bool(kinds - {BlockKind.INSTANCE})
    if has_types and BlockKind.INSTANCE in kinds:
        message = "the file holds instances and components or facets"
        hint = "instances have files of their own"
        found.slips.append(Slip(Code.P_INVALID_FILE_TYPE, 1, 1, message, hint))
        return FileKind.UNDETERMINED
    if kinds:
        return FileKind.GRAPH if has_types else FileKind.INSTANCES
    if found.imports:
        return FileKind.AGGREGATOR
    if found.blocks or has_strays:
        return FileKind.UNDETERMINED
    message = "the file holds nothing but blanks and comments"
    found.slips.append(Slip(Code.P_EMPTY_FILE, 1, 1, message))
    return FileKind.EMPTY


def _slip_of_end(block: Block, line: int, doubt: Doubt) -> Slip:
    """Return the problem of a file that ends inside a block."""
    suspect = _closed_at_another_column(block) or block
    message = f"the file ends, but {block.kind} '{block.name}' of line {block.line} is not closed"
    hint = f"add a '}}' behind the block of line {suspect.line}"
    if suspect is not block and suspect.close:
        hint = f"the '}}' of line {suspect.close[0]} closes line {suspect.line}, but does not stand below it"
    return Slip(Code.P_C_C_BRACKET_MISSING, line, 1, message, hint, doubt)


def _closed_at_another_column(block: Block) -> Block | None:
    """Return the first nested block whose closing bracket stands elsewhere than its head, as indented files tell."""
    suspects = []
    queue = [block]
    for current in queue:
        queue += current.blocks
        if current.close and current.close[1] != current.column and current.close[0] != current.line:
            suspects.append(current)
    return min(suspects, key=lambda suspect: suspect.close or (0, 0), default=None)
