"""From the block of a component or facet to its declaration, and what is wrong with it alone.

What the names refer to is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from roboconf_core.dsl.lines import slips_of_unsound
from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, Doubt, Property, Slip
from roboconf_core.dsl.values import comma_split, read_exports, read_imports
from roboconf_core.errors import Code, Where
from roboconf_core.model.graph import Component, ExportedVariable, Facet, ImportedVariable
from roboconf_core.model.names import Suggestions, is_flex_id, is_id

_PROPERTIES = {
    BlockKind.COMPONENT: ("installer", "extends", "facets", "children", "exports", "imports"),
    BlockKind.FACET: ("extends", "children", "exports"),
}
_REPEATABLE = ("exports", "imports")
_ID_HINT = "a name starts with a letter or an underscore and goes on with letters, digits, '_' and '-'"


@dataclass(slots=True, eq=False)
class Declared:
    """A component or facet, as far as its block can be understood."""

    type: Component | Facet
    slips: list[Slip]
    lines: dict[str, int] = field(default_factory=dict)
    """Property to its line."""
    named: bool = True
    """False when the name itself is wrong."""


def declare_type(block: Block, file: str, annotation: str = "") -> Declared:
    """Return the declaration of a component or facet; properties with problems are left out."""
    reader = _TypeReader(block, file)
    for found in block.properties:
        reader.read(found)
    slips = [*block.slips, *slips_of_unsound(block), *check_type_name(block), *reader.slips]
    values = {**reader.values, "name": block.name, "annotation": annotation, "where": _where(block, file)}
    declared = Component(**values) if block.kind is BlockKind.COMPONENT else Facet(**values)
    named = is_id(block.name) and "." not in block.name
    return Declared(declared, settle_guesses(block, slips), reader.lines, named)


def settle_guesses(block: Block, slips: list[Slip]) -> list[Slip]:
    """Return slips without the second ones of lines whose meaning was guessed: a wrong guess is no news, but leaves doubt."""
    guessed = {found.line for found in block.properties if found.guessed}
    if not guessed:
        return slips
    wrong = {slip.line for slip in slips if slip.line in guessed and slip.code.startswith("PM_")}
    return [
        slip._replace(doubt=Doubt.CONTENT) if slip.line in wrong else slip
        for slip in slips
        if slip.line not in guessed or not slip.code.startswith("PM_")
    ]


def check_type_name(block: Block) -> list[Slip]:
    """Return what is wrong with the name of a component or facet, or the component of an instance."""
    name, line, column = block.name, block.line, block.name_column
    kind = "facet" if block.kind is BlockKind.FACET else "component"
    if not name and not block.head_is_sound:
        return []  # the head is wrong as a whole
    if not name:
        code = Code.PM_EMPTY_FACET_NAME if kind == "facet" else Code.PM_EMPTY_COMPONENT_NAME
        return [Slip(code, line, column, f"the {kind} has no name", "write a name before the '{'")]
    if not is_id(name):
        return [Slip(Code.PM_INVALID_NAME, line, column, f"'{name}' is no valid name of a {kind}", _ID_HINT)]
    if "." in name:
        message = f"the name of {kind} '{name}' has a dot"
        hint = "dots stand between the prefix and the name of a variable only"
        return [Slip(Code.PM_DOT_IS_NOT_ALLOWED, line, column, message, hint)]
    return []


def annotation_of(lines: Sequence[str], line: int) -> str:
    """Return the text of the comment right above a block, without its sharps.

    Args:
        lines: Of the file.
        line: Of the block's head, counted from 1.
    """
    first = line - 1
    while first > 0 and lines[first - 1].lstrip(BLANKS).startswith("#"):
        first -= 1
    comment = "\n".join(text.strip(BLANKS) for text in lines[first : line - 1])
    return re.sub(r"#\s*", "", comment).strip(BLANKS)


def not_applicable(found: Property, kind: str, known: Sequence[str]) -> Slip:
    """Return the problem of a property that such a block does not have."""
    hint = Suggestions(known).hint_for(found.key) or f"the properties of a {kind} are {', '.join(known)}"
    message = f"a {kind} has no property '{found.key}'"
    return Slip(Code.PM_PROPERTY_NOT_APPLIABLE, found.line, found.column, message, hint)


def duplicate(found: Property, first_line: int) -> Slip:
    """Return the problem of a property that was given before."""
    message = f"property '{found.key}' is given twice; the first one is on line {first_line}"
    return Slip(Code.PM_DUPLICATE_PROPERTY, found.line, found.column, message, "keep one of them")


def empty_value(found: Property) -> Slip:
    """Return the problem of a property without a value."""
    message = f"property '{found.key}' has no value"
    return Slip(Code.PM_EMPTY_PROPERTY_VALUE, found.line, found.column, message, "give it a value, or remove it")


class _TypeReader:
    """Reads the properties of one block."""

    def __init__(self, block: Block, file: str) -> None:
        self._kind = block.kind
        self._file = file
        self._seen: dict[str, int] = {}
        self.lines: dict[str, int] = {}
        self.values: dict[str, Any] = {}
        self.slips: list[Slip] = []

    def read(self, found: Property) -> None:
        known = _PROPERTIES[self._kind]
        first = self._seen.setdefault(found.key, found.line)
        if found.key not in known:
            self.slips.append(not_applicable(found, self._kind, known))
        elif first != found.line and found.key not in _REPEATABLE:
            self.slips.append(duplicate(found, first))
        elif not found.value.strip(BLANKS):
            self.slips.append(empty_value(found))
        else:
            self.lines.setdefault(found.key, found.line)
            readers: dict[str, Callable[[Property], None]] = {
                "installer": self._installer,
                "extends": self._extends,
                "facets": self._names,
                "children": self._children,
                "exports": self._exports,
                "imports": self._imports,
            }
            readers[found.key](found)

    def _installer(self, found: Property) -> None:
        if is_flex_id(found.value):
            self.values["installer"] = found.value
            return
        message = f"'{found.value}' is no valid name of an installer"
        hint = "values are not quoted here" if '"' in found.value else ""
        slip = Slip(Code.PM_INVALID_INSTALLER_NAME, found.line, found.value_column, message, hint)
        self.slips.append(slip)

    def _extends(self, found: Property) -> None:
        self._names(found)
        if self._kind is BlockKind.COMPONENT and "extends" in self.values:
            self.values["extends"] = found.value

    def _names(self, found: Property) -> None:
        slips = []
        items = comma_split(found.value)
        for start, name in items:
            column = found.value_column + start
            if not name:
                message, hint = f"the list '{found.key}' has an empty item", "is there a ',' too many?"
                slips.append(Slip(Code.PM_EMPTY_REFERENCED_NAME, found.line, column, message, hint))
            elif not is_id(name):
                message = f"'{name}' in '{found.key}' is no valid name"
                slips.append(Slip(Code.PM_INVALID_NAME, found.line, column, message, _ID_HINT))
        self._keep_names(found, items, slips)

    def _children(self, found: Property) -> None:
        items = comma_split(found.value)
        slips = [
            Slip(
                Code.PM_INVALID_CHILD_NAME,
                found.line,
                found.value_column + start,
                f"'{name}' is no valid name of a child",
                _ID_HINT if name else "is there a ',' too many?",
            )
            for start, name in items
            if not is_id(name)
        ]
        self._keep_names(found, items, slips)

    def _keep_names(self, found: Property, items: list[tuple[int, str]], slips: list[Slip]) -> None:
        self.slips += slips
        if not slips:
            self.values[found.key] = tuple(dict.fromkeys(name for _, name in items))

    def _exports(self, found: Property) -> None:
        variables, slips = read_exports(found, self._file)
        self.slips += slips
        known: dict[str, ExportedVariable] = {v.name: v for v in self.values.get("exports", ())}
        self.values["exports"] = tuple((known | {v.name: v for v in variables}).values())

    def _imports(self, found: Property) -> None:
        variables, slips = read_imports(found, self._file)
        self.slips += slips
        known: dict[str, ImportedVariable] = {v.name: v for v in self.values.get("imports", ())}
        self.values["imports"] = tuple((known | {v.name: v for v in variables}).values())


def _where(block: Block, file: str) -> Where:
    return Where(file=file, line=block.line, column=block.column)
