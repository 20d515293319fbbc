"""From the lines that the grammars tell apart to properties, heads of blocks and slips."""

from __future__ import annotations

import re

from lark import Token

from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, Doubt, FileImport, Property, Slip
from roboconf_core.errors import Code

_KEYWORD = re.compile(r"(facet|instance of)(?=[\x00-\x20]|$)", re.IGNORECASE)
_IMPORT = re.compile(r"import[\x00-\x20]+([^;#]*)(;?)([^#]*)", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
WITHOUT_COLON = ("NO_COLON", "NO_COLON_KNOWN")
"""Lines of the grammars that are properties but for their colon."""

_KINDS = {"facet": BlockKind.FACET, "instance of": BlockKind.INSTANCE}
HEADS = {
    BlockKind.COMPONENT: "NAME {",
    BlockKind.FACET: "facet NAME {",
    BlockKind.INSTANCE: "instance of COMPONENT {",
}


def position(token: Token) -> tuple[int, int]:
    """Return line and column of a token."""
    return token.line or 0, token.column or 0


def instruction(text: str) -> str:
    """Return a line without its comment and the blanks around it."""
    return text.partition("#")[0].strip(BLANKS)


def property_of(token: Token) -> Property:
    """Return the property of a line that has a colon."""
    line, column = position(token)
    key, _, rest = token.partition("#")[0].partition(":")
    value = rest.lstrip(BLANKS)
    value_column = column + len(key) + 1 + len(rest) - len(value)
    value = value.rstrip(BLANKS).removesuffix(";")
    return Property(key.rstrip(BLANKS), value, line, column, value_column)


def meant_property(token: Token) -> Property | None:
    """Return the property that a line without a colon was probably meant to be, or None."""
    line, column = position(token)
    text = instruction(token).removesuffix(";")
    key = re.split(r"[\x00-\x20=]", text, maxsplit=1)[0]
    value = text[len(key) :].lstrip(BLANKS + "=")
    if not value.strip(BLANKS):
        return None
    return Property(key, value, line, column, column + len(text) - len(value), guessed=True)


def slips_of_property(token: Token, found: Property) -> list[Slip]:
    """Return what is wrong with the semicolons of a property."""
    slips = []
    if ";" in found.value and (rest := after_semicolon(found.value)) is not None:
        message = f"there is more behind the property '{found.key}'"
        column = found.value_column + rest
        slips.append(Slip(Code.P_ONE_BLOCK_PER_LINE, found.line, column, message, "start a new line behind each ';'"))
    if token.type == "UNENDED_PROPERTY":
        quoted = '"' in found.value and '"' in token.partition("#")[2]
        hint = "a '#' starts a comment, in quotes too" if quoted else f"add a ';' behind '{found.value}'"
        column = found.value_column + len(found.value)
        message = f"property '{found.key}' has no ';' at its end"
        doubt = Doubt.CONTENT if quoted else Doubt.NOTHING
        slips.append(Slip(Code.P_PROPERTY_ENDS_WITH_SEMI_COLON, found.line, column, message, hint, doubt))
    return slips


def after_semicolon(value: str) -> int | None:
    """Return where a semicolon stands outside of quotes, or None."""
    masked = _QUOTED.sub(lambda match: "x" * len(match[0]), value)
    return masked.index(";") if ";" in masked else None


def slip_of_item(token: Token, block: Block) -> Slip:
    """Return what is wrong with a line of a block that is no property."""
    line, column = position(token)
    code = Code.P_INVALID_PROPERTY
    if block.kind is BlockKind.INSTANCE:
        code = Code.P_INVALID_PROPERTY_OR_INSTANCE
    text = instruction(token)
    hint = "a property reads 'name: value;' and stands on one line"
    message = f"'{_short(text)}' is no property"
    doubt = Doubt.CONTENT
    meant = meant_property(token) if token.type in WITHOUT_COLON else None
    if meant is not None:
        message, hint = f"there is no ':' behind '{meant.key}'", f"write '{meant.key}: {_short(meant.value)};'"
        column += len(meant.key)
        doubt = Doubt.NOTHING
    elif token.type == "ONE_LINER":
        hint = "a block needs a line for its head, one for each property, and one for its '}'"
    elif token.type == "IMPORT":
        hint = "files are imported outside of blocks"
    return Slip(code, line, column, message, hint, doubt)


def block_of(token: Token, *, has_body: bool = True) -> Block:
    """Return the block that a head opens, with what is wrong with this line.

    Args:
        token: The head.
        has_body: Whether lines of the block follow: a lone word may be anything.
    """
    line, column = position(token)
    text = str(token)
    keyword = _KEYWORD.match(text)
    kind = _KINDS[keyword[1].lower()] if keyword else BlockKind.COMPONENT
    start = keyword.end() if keyword else 0
    name = re.split(r"[{#\n]", text[start:], maxsplit=1)[0]
    indent = len(name) - len(name.lstrip(BLANKS))
    name = name.strip(BLANKS)
    block = Block(kind, name, line, column, column + start + indent)
    if token.type.startswith("BARE"):
        _note_missing_bracket(block, text, has_body=has_body)
    elif token.type in ("CROWDED", "ONE_LINER"):
        _note_extra_text(block, text)
        block.close = (line, column) if token.type == "ONE_LINER" else None
    return block


def _note_missing_bracket(block: Block, text: str, *, has_body: bool) -> None:
    block.head_is_sound = False
    end = block.name_column + len(block.name)
    opened_below = "{" in instruction(text.rpartition("\n")[2])
    block.close = None if opened_below else (block.line, end)
    message = f"there is no '{{' behind the head of {block.kind} '{block.name}'"
    hint = f"write '{HEADS[block.kind]}' on one line"
    doubt = Doubt.NOTHING if has_body else Doubt.CONTENT
    block.slips.append(Slip(Code.P_O_C_BRACKET_MISSING, block.line, end, message, hint, doubt))


def _note_extra_text(block: Block, text: str) -> None:
    block.head_is_sound = False
    rest = text[text.index("{") :]
    column = block.column + len(text) - len(rest.lstrip(BLANKS + "{"))
    message = f"there is more behind the '{{' of {block.kind} '{block.name}'"
    slip = Slip(Code.P_O_C_BRACKET_EXTRA_CHARACTERS, block.line, column, message, "start a new line behind '{'")
    block.slips.append(slip)


def close_block(block: Block, token: Token) -> None:
    """Take in the closing bracket of a block."""
    block.close = position(token)
    extra = instruction(token[1:])
    if extra:
        block.body_is_sound = False
        line, column = block.close
        message = f"there is more behind the '}}' of {block.kind} '{block.name}': '{_short(extra)}'"
        slip = Slip(Code.P_C_C_BRACKET_EXTRA_CHARACTERS, line, column + 1, message, "start a new line behind '}'")
        block.slips.append(slip)


def import_of(token: Token) -> FileImport:
    """Return the import of a file, and what is wrong with the line."""
    line, column = position(token)
    match = _IMPORT.match(token)
    assert match is not None, "the terminal begins with the same pattern"
    location, semicolon, more = match[1].strip(BLANKS), match[2], match[3].strip(BLANKS)
    slips = []
    if not semicolon:
        message, hint = f"the import of '{location}' has no ';' at its end", f"write 'import {location};'"
        end = column + match.start(1) + len(match[1].rstrip(BLANKS))
        slips.append(Slip(Code.P_IMPORT_ENDS_WITH_SEMI_COLON, line, end, message, hint, Doubt.NOTHING))
    elif more:
        message = f"there is more behind the import of '{location}': '{_short(more)}'"
        hint = "start a new line behind each ';'"
        slips.append(Slip(Code.P_ONE_BLOCK_PER_LINE, line, column + match.end(2), message, hint))
    if not location:
        hint = "write 'import FILE;'"
        slips.append(Slip(Code.PM_EMPTY_IMPORT_LOCATION, line, column, "the import names no file", hint))
    return FileImport(location, line, column, tuple(slips))


def slips_of_stray(token: Token) -> list[Slip]:
    """Return what is wrong with a line outside of blocks."""
    line, column = position(token)
    text = instruction(token)
    message, hint = f"'{_short(text)}' is neither an import nor the head of a block", ""
    if token.type == "CLOSE":
        message, hint = "this '}' closes nothing", "remove it, or look for a '}' too many above"
    elif ":" in text:
        hint = "properties stand inside blocks; is there a '}' too many above?"
    elif text.lower().startswith("import"):
        hint = "write 'import FILE;'"
    return [
        Slip(Code.P_UNRECOGNIZED_BLOCK, line, column, message, hint),
        not_understood(line, column, f"the line '{_short(text)}'"),
    ]


def report_unclosed(block: Block, following: Block | FileImport) -> None:
    """Note that something else begins before a block was closed."""
    block.body_is_sound = False
    message = f"{block.kind} '{block.name}' of line {block.line} is not closed before this line"
    hint = f"add a '}}' above; {'blocks are not nested' if isinstance(following, Block) else 'imports stand outside'}"
    code = Code.P_INVALID_PROPERTY
    if block.kind is BlockKind.INSTANCE:
        code = Code.P_INVALID_PROPERTY_OR_INSTANCE
    block.slips.append(Slip(code, following.line, following.column, message, hint, Doubt.NESTING))


def slips_of_unsound(block: Block) -> list[Slip]:
    """Return that a component could not be understood, when a line of it could not."""
    if block.kind is not BlockKind.COMPONENT or (block.head_is_sound and block.body_is_sound):
        return []
    return [not_understood(block.line, block.column, f"component '{block.name}'" if block.name else "the block")]


def not_understood(line: int, column: int, what: str) -> Slip:
    """Return that something could not be understood, beside the problem that says why."""
    message = f"{what} could not be understood, for the reason given beside"
    return Slip(Code.PM_INVALID_BLOCK_TYPE, line, column, message, doubt=Doubt.NOTHING)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
