"""From text to blocks: runs the grammars, which accept every text.

The grammar files ``graph.lark`` and ``instances.lark`` are the reference of the
languages; ``lines.lark`` says what a line may be.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer

from roboconf_core.dsl import lines
from roboconf_core.dsl.syntax import Block, BlockKind, FileImport, FileKind, ParsedFile, Slip
from roboconf_core.errors import Code

_Node = Block | FileImport | Token


def parse(text: str, kind: FileKind) -> ParsedFile:
    """Read one file; nothing is raised, whatever the text is.

    Args:
        text: Decoded content.
        kind: ``GRAPH`` or ``INSTANCES``: what the file should be. What it really is
            stands in the result; both languages recognise each other's blocks.
    """
    text = text.removeprefix("\ufeff").replace("\r", "")
    nodes: list[_Node] = _parser(kind).parse(text)  # type: ignore[assignment]  # what the transformer returns
    return _file_of(nodes, last_line=text.count("\n") + (not text.endswith("\n")))


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
            _take_in(block, child)
        return block

    facet = instance = crowded = bare = one_liner = component

    def import_file(self, children: list[Any]) -> FileImport:
        return lines.import_of(children[0])

    def stray(self, children: list[Any]) -> Token:
        token: Token = children[0]
        return token

    def start(self, children: list[Any]) -> list[_Node]:
        return children


def _take_in(block: Block, child: Block | Token) -> None:
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


def _file_of(nodes: list[_Node], last_line: int) -> ParsedFile:
    found = ParsedFile(FileKind.EMPTY, [], [], [], nesting_is_sound=True)
    unclosed: Block | None = None
    spare_closings = 0
    for node in nodes:
        if isinstance(node, Token):
            if node.type == "CLOSE" and spare_closings:
                spare_closings -= 1  # of a block that was ended above, by the head of another one
            else:
                found.slips += lines.slips_of_stray(node)
            continue
        if unclosed is not None:
            spare_closings += 1
            lines.report_unclosed(unclosed, node)
            unclosed = None
        if isinstance(node, Block):
            found.blocks.append(node)
            unclosed = node if node.close is None else None
        else:
            found.imports.append(node)
            found.slips += node.slips
    if unclosed is not None:
        found.nesting_is_sound = False
        found.slips.append(_slip_of_end(unclosed, last_line + 1))
    found.kind = _kind_of(found, has_strays=any(isinstance(node, Token) for node in nodes))
    return found


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


def _slip_of_end(block: Block, line: int) -> Slip:
    """Return the problem of a file that ends inside a block."""
    suspect = _closed_at_another_column(block) or block
    message = f"the file ends, but {block.kind} '{block.name}' of line {block.line} is not closed"
    hint = f"add a '}}' behind the block of line {suspect.line}"
    if suspect is not block and suspect.close:
        hint = f"the '}}' of line {suspect.close[0]} closes line {suspect.line}, but does not stand below it"
    return Slip(Code.P_C_C_BRACKET_MISSING, line, 1, message, hint)


def _closed_at_another_column(block: Block) -> Block | None:
    """Return the first nested block whose closing bracket stands elsewhere than its head, as indented files tell."""
    suspects = []
    queue = [block]
    for current in queue:
        queue += current.blocks
        if current.close and current.close[1] != current.column and current.close[0] != current.line:
            suspects.append(current)
    return min(suspects, key=lambda suspect: suspect.close or (0, 0), default=None)
