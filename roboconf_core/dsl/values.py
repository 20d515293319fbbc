"""Values of ``exports`` and ``imports``, read by ``values.lark``; and plain lists of names."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer

from roboconf_core.dsl.syntax import BLANKS, Property, Slip
from roboconf_core.errors import Code, Where
from roboconf_core.model.graph import ExportedVariable, ImportedVariable
from roboconf_core.model.names import is_id

_NAME_HINT = "a name starts with a letter or an underscore and goes on with letters, digits, '_', '-' and '.'"
_QUOTES_HINT = "quote the whole value, with nothing but a comma behind it; it cannot hold a '\"'"

_NOWHERE = -1


def comma_split(text: str) -> list[tuple[int, str]]:
    """Return the items of a list and where each begins, counted from 0.

    Empty items at the end are dropped, then each is trimmed: ``"A, B,"`` has two items.
    """
    pieces = text.split(",")
    while pieces and not pieces[-1]:
        pieces.pop()
    items, start = [], 0
    for piece in pieces:
        items.append((start + len(piece) - len(piece.lstrip(BLANKS)), piece.strip(BLANKS)))
        start += len(piece) + 1
    return items


def read_exports(found: Property, file: str) -> tuple[list[ExportedVariable], list[Slip]]:
    """Return the variables of an ``exports`` property, and what is wrong with it."""
    variables: list[ExportedVariable] = []
    slips: list[Slip] = []
    for declaration in _declarations(found.value, "exports"):
        column = found.value_column + declaration.start
        if declaration.broken:
            message = f"the quotes of exported variable '{declaration.name}' do not fit"
            slips.append(Slip(Code.PM_INVALID_EXPORT_COMPLEX_VALUE, found.line, column, message, _QUOTES_HINT))
        elif problems := _check_exported_name(declaration.name, found.line, column):
            slips += problems
        else:
            where = Where(file=file, line=found.line, column=column)
            _, name, value, random, _ = declaration
            variables.append(ExportedVariable(name=name, value=value, random=random, where=where))
    return variables, slips


def read_imports(found: Property, file: str) -> tuple[list[ImportedVariable], list[Slip]]:
    """Return the variables of an ``imports`` property, and what is wrong with it."""
    declarations = _declarations(found.value, "imports")
    while declarations and declarations[-1].is_nothing:
        declarations.pop()
    variables: list[ImportedVariable] = []
    slips: list[Slip] = []
    for declaration in declarations:
        column = found.value_column + declaration.start
        slip = _check_imported_name(declaration.name, found.line, column)
        if slip:
            slips.append(slip)
            continue
        where = Where(file=file, line=found.line, column=column)
        _, name, optional, external, _ = declaration
        variables.append(ImportedVariable(name=name, optional=optional, external=external, where=where))
    return variables, slips


def _check_exported_name(name: str, line: int, column: int) -> list[Slip]:
    if not name:
        message, hint = "an exported variable has no name", "is there a ',' too many?"
        return [Slip(Code.PM_EMPTY_VARIABLE_NAME, line, column, message, hint)]
    if is_id(name):
        return []
    message = f"'{name}' is no valid name of an exported variable"
    slips = [Slip(Code.PM_INVALID_EXPORTED_VAR_NAME, line, column, message, _NAME_HINT)]
    if name.lower().startswith("external "):
        message = "'external' belongs to imports, not to exports"
        hint = "external exports are declared in the descriptor: 'exports = variable as alias'"
        slips.append(Slip(Code.PM_EXTERNAL_IS_KEYWORD_FOR_IMPORTS, line, column, message, hint))
    return slips


def _check_imported_name(name: str, line: int, column: int) -> Slip | None:
    hint = "an import reads 'Prefix.variable' or 'Prefix.*', where the prefix is a component or a facet"
    if not name:
        return Slip(Code.PM_EMPTY_VARIABLE_NAME, line, column, "an imported variable has no name", hint)
    if not is_id(name.removesuffix(".*")):
        message = f"'{name}' is no valid name of an imported variable"
        return Slip(Code.PM_INVALID_IMPORTED_VAR_NAME, line, column, message, hint)
    if name.find(".") in (-1, len(name) - 1):
        message = f"imported variable '{name}' has no {'local name' if '.' in name else 'prefix'}"
        return Slip(Code.PM_INCOMPLETE_IMPORTED_VAR_NAME, line, column, message, hint)
    return None


class _Export(NamedTuple):
    start: int
    name: str
    value: str | None
    random: str | None
    broken: bool = False


class _Import(NamedTuple):
    start: int
    name: str
    optional: bool
    external: bool
    is_nothing: bool
    """Nothing at all stands between the commas, not even a blank."""


class _Values(Transformer[Token, Any]):
    """Makes declarations of the rules as soon as they are read."""

    def exports(self, children: list[Any]) -> list[Any]:
        found, comma = [], 0
        for child in children:
            if isinstance(child, Token):
                comma = child.start_pos or 0
            else:
                found.append(child if child.start >= 0 else child._replace(start=comma))
        return found

    imports = exports

    def declared(self, children: list[Token]) -> list[Token]:
        return children

    def value(self, children: list[Token]) -> Token:
        return children[0]

    def export(self, children: list[Any]) -> _Export:
        tokens = children[0] if children and isinstance(children[0], list) else []
        value = children[-1] if children and isinstance(children[-1], Token) else None
        return _export_of(tokens, value)

    def broken(self, children: list[Any]) -> _Export:
        tokens = children[0] if isinstance(children[0], list) else [children[0]]
        return _export_of(tokens, None)._replace(broken=True)

    def nothing(self, children: list[Any]) -> _Export:
        return _Export(_NOWHERE, "", None, None)

    def import_(self, children: list[Token]) -> _Import:
        by_type = {token.type: token for token in children}
        variable = by_type.get("VARIABLE")
        start = _start_of(children)
        name = variable.strip(BLANKS) if variable is not None else ""
        return _Import(start, name, "OPTIONAL" in by_type, "EXTERNAL" in by_type, not children)


def _export_of(tokens: list[Token], value: Token | None) -> _Export:
    names = [token for token in tokens if token.type == "NAME"]
    kinds = [token for token in tokens if token.type == "RANDOM"]
    kind = kinds[0].partition("[")[2].removesuffix("]") if kinds else None
    name = names[0].strip(BLANKS) if names else ""
    return _Export(_start_of(tokens), name, _text_of(value), kind)


def _text_of(value: Token | None) -> str | None:
    if value is None:
        return None
    text = value.strip(BLANKS)
    if value.type == "PLAIN":
        return text or None
    return text[1:].removesuffix('"')


def _start_of(tokens: Iterable[Token]) -> int:
    for token in tokens:
        return (token.start_pos or 0) + len(token) - len(token.lstrip(BLANKS))
    return _NOWHERE


def _declarations(text: str, start: str) -> list[Any]:
    declarations: Any = _parser().parse(text, start=start)
    return list(declarations)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark.open_from_package(
        "roboconf_core.dsl",
        "values.lark",
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        start=["exports", "imports"],
        transformer=_Values(),
    )
