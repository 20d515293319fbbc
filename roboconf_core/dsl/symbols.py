"""What the files of an application declare, and where they refer to it: each with its exact place.

Editors ask this to lead from a name to its declaration and back. Files with problems have
symbols too, as far as their lines can be understood; what names refer to is not decided here.

Source: Roboconf user guide, "Graph Definition", "Instances Definition", "Application Descriptor".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from roboconf_core.dsl.commands.lines import logical_lines
from roboconf_core.dsl.commands.parse import Unparsed, parse_instruction
from roboconf_core.dsl.descriptor import external_export
from roboconf_core.dsl.properties import read_properties
from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, ParsedFile, Property, Slip
from roboconf_core.dsl.values import comma_split, read_exports, read_imports
from roboconf_core.errors import Severity
from roboconf_core.model.graph import ExportedVariable
from roboconf_core.model.names import is_id

INSTANCE_PROPERTIES = ("name", "count", "channels", "instance-data", "instance-state")
"""Properties of instances that set no variable; neither does ``data.KEY``."""
_LISTS = ("extends", "facets", "children")
_EXTERNAL = "external"


class Span(NamedTuple):
    """A part of one line; line and column count from 1, in characters."""

    line: int
    column: int
    length: int

    def part(self, start: int, length: int) -> Span:
        """Return a part of this part, from a position counted from 0."""
        return Span(self.line, self.column + start, length)

    def holds(self, line: int, column: int) -> bool:
        """Tell whether a place is inside, or right behind the last character."""
        return line == self.line and self.column <= column <= self.column + self.length


class SymbolKind(StrEnum):
    """What is declared."""

    COMPONENT = "component"
    FACET = "facet"
    VARIABLE = "variable"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The declaration of something that has a name."""

    kind: SymbolKind
    name: str
    """As written: of a variable perhaps with a prefix, of an instance without those above it."""
    span: Span
    """Of the name; of the component where an instance has none."""
    block: Block
    """That declares it, or that it is declared in."""
    variable: ExportedVariable | None = None
    parent: Definition | None = None
    """Instance that this one stands below."""

    @property
    def owner(self) -> str:
        """The type that declares a variable, the component of an instance, the name of a type."""
        return self.block.name

    @property
    def path(self) -> str:
        """Of an instance, before ``count`` is expanded."""
        names = []
        current: Definition | None = self
        while current is not None:
            names.append(current.name)
            current = current.parent
        return "/" + "/".join(reversed(names))


class Role(StrEnum):
    """What a name stands for where it is used."""

    EXTENDS = "extends"
    FACETS = "facets"
    CHILDREN = "children"
    COMPONENT = "component"
    """Of an instance, or in a command."""
    PREFIX = "prefix"
    """Before the dot of a variable: a component or a facet."""
    EXPORT_PREFIX = "export prefix"
    """Before the dot of a variable that is declared: a type only where it is inherited from."""
    IMPORT = "import"
    """An imported variable, ``*`` for all."""
    EXTERNAL = "external"
    """A variable of another application, prefix included."""
    OVERRIDE = "override"
    """A variable that an instance sets."""
    EXTERNAL_EXPORT = "external export"
    """A variable that the descriptor gives to other applications."""
    FILE = "file"
    """A location below ``graph/`` or ``instances/``."""


class Reference(NamedTuple):
    """A name that is used."""

    role: Role
    name: str
    """Of a type or a file; of a variable without its prefix, except ``EXTERNAL``."""
    span: Span
    type_name: str = ""
    """The component or facet that a variable is seen through: its prefix, or the component of the instance."""
    owner: str = ""
    """Name of the block around it."""


@dataclass(slots=True)
class Symbols:
    """All symbols of one file, from top to bottom."""

    definitions: list[Definition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    gap: int = 0
    """First line that could not be understood, so that something may be missing; 0 when there is none."""

    def note_gap(self, line: int) -> None:
        """Take in a line that could not be understood."""
        self.gap = min(self.gap, line) if self.gap else line

    def sort(self) -> Symbols:
        """Bring all into the order of the file."""
        self.definitions.sort(key=attrgetter("span"))
        self.references.sort(key=attrgetter("span"))
        return self


def symbols_of(parsed: ParsedFile, lines: Sequence[str]) -> Symbols:
    """Return the symbols of a graph or instances file.

    Args:
        parsed: The file.
        lines: Its lines as the parser saw them, without byte-order mark and carriage returns.
    """
    found = Symbols()
    _note_gaps(parsed.slips, found)
    for each in parsed.imports:
        text = lines[each.line - 1] if each.line <= len(lines) else ""
        start = text.find(each.location, each.column - 1 + len("import"))
        if each.location and start >= 0:
            span = Span(each.line, start + 1, len(each.location))
            found.references.append(Reference(Role.FILE, each.location, span))
    queue: list[tuple[Block, Definition | None]] = [(block, None) for block in parsed.blocks]
    for block, parent in queue:
        _note_gaps(block.slips, found)
        if block.kind is BlockKind.INSTANCE:
            parent = _instance(block, parent, found)
        else:
            _type(block, found)
        queue += [(nested, parent) for nested in block.blocks]
    return found.sort()


def symbols_of_descriptor(text: str) -> Symbols:
    """Return what a descriptor refers to: entry points, and the variables of ``exports``."""
    found = Symbols()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    properties = read_properties(text)
    for key, line in properties.lines.items():
        value = properties.values[key].strip()
        if key in ("graph-entry-point", "instance-entry-point"):
            span = _find(lines, line, len(key), value)
            if value and span:
                found.references.append(Reference(Role.FILE, value, span, owner=key))
        elif key == "exports":
            _external_exports(lines, line, len(key), value, found)
    return found.sort()


def symbols_of_commands(text: str) -> Symbols:
    """Return the components that commands name; those that a variable stands for cannot be known."""
    found = Symbols()
    for line in logical_lines(text):
        parsed = parse_instruction(line.text)
        if isinstance(parsed, Unparsed):
            found.note_gap(line.line)
            continue
        component = parsed.parts.get({"create": "first", "bulk": "second"}.get(parsed.kind, ""))
        if component is not None and is_id(component.text):
            span = Span(*line.place(component.start), len(component.text))
            found.references.append(Reference(Role.COMPONENT, component.text, span))
    return found.sort()


def _type(block: Block, found: Symbols) -> None:
    kind = SymbolKind.FACET if block.kind is BlockKind.FACET else SymbolKind.COMPONENT
    if block.name:
        span = Span(block.line, block.name_column, len(block.name))
        found.definitions.append(Definition(kind, block.name, span, block))
    for each in block.properties:
        if each.key in _LISTS:
            found.references += _types_of_list(each, block)
        elif each.key == "exports":
            _exports(each, block, found)
        elif each.key == "imports":
            _imports(each, block, found)


def _types_of_list(found: Property, block: Block) -> Iterator[Reference]:
    for start, name in comma_split(found.value):
        if name:
            yield Reference(Role(found.key), name, _span(found, start, name), owner=block.name)


def _exports(found: Property, block: Block, symbols: Symbols) -> None:
    variables, slips = read_exports(found, "")
    _note_gaps(slips, symbols)
    for variable in variables:
        start = _start(found, variable.where.column if variable.where else 0)
        if variable.random is not None:
            start = found.value.index("]", start)
        span = _span(found, found.value.index(variable.name, start), variable.name)
        definition = Definition(SymbolKind.VARIABLE, variable.name, span, block, variable)
        symbols.definitions.append(definition)
        prefix, dot, _ = variable.name.partition(".")
        if dot:
            reference = Reference(Role.EXPORT_PREFIX, prefix, span.part(0, len(prefix)), owner=block.name)
            symbols.references.append(reference)


def _imports(found: Property, block: Block, symbols: Symbols) -> None:
    variables, slips = read_imports(found, "")
    _note_gaps(slips, symbols)
    for variable in variables:
        start = _start(found, variable.where.column if variable.where else 0)
        start += len(_EXTERNAL) if variable.external else 0
        span = _span(found, found.value.index(variable.name, start), variable.name)
        if variable.external:
            symbols.references.append(Reference(Role.EXTERNAL, variable.name, span, owner=block.name))
        else:
            symbols.references += _qualified(Role.IMPORT, variable.name, span, block.name)


def _qualified(role: Role, name: str, span: Span, owner: str) -> Iterator[Reference]:
    """Yield both parts of ``Prefix.variable``."""
    prefix, _, local = name.partition(".")
    yield Reference(Role.PREFIX, prefix, span.part(0, len(prefix)), owner=owner)
    yield Reference(role, local, span.part(len(prefix) + 1, len(local)), prefix, owner)


def _instance(block: Block, parent: Definition | None, found: Symbols) -> Definition:
    component = Span(block.line, block.name_column, len(block.name))
    if block.name:
        found.references.append(Reference(Role.COMPONENT, block.name, component, owner=block.name))
    name, span = "", component
    for each in block.properties:
        if each.key == "name" and not name:
            name = each.value.rstrip(BLANKS)
            span = Span(each.line, each.value_column, len(name)) if name else component
        elif is_override(each.key):
            key = Span(each.line, each.column, len(each.key))
            if "." in each.key.strip("."):
                found.references += _qualified(Role.OVERRIDE, each.key, key, block.name)
            else:
                found.references.append(Reference(Role.OVERRIDE, each.key, key, block.name, block.name))
    definition = Definition(SymbolKind.INSTANCE, name, span, block, parent=parent)
    found.definitions.append(definition)
    return definition


def is_override(key: str) -> bool:
    """Tell whether a property of an instance sets a variable."""
    return key not in INSTANCE_PROPERTIES and key[:5].lower() != "data."


def _external_exports(lines: Sequence[str], line: int, column: int, value: str, found: Symbols) -> None:
    """Add the variables of ``variable as alias, ...``, which may go on over several lines."""
    at = Span(line, column, 0)
    for _, item in comma_split(value):
        names = external_export(item)
        variable = names and _find(lines, at.line, at.column + at.length, names[0])
        alias = names and variable and _find(lines, variable.line, variable.column + variable.length, names[1])
        if not names or not variable or not alias:
            found.note_gap(line)
            return
        at = alias._replace(column=alias.column - 1)
        if "." in names[0]:
            found.references += _qualified(Role.EXTERNAL_EXPORT, names[0], variable, "")


def _find(lines: Sequence[str], line: int, start: int, name: str) -> Span | None:
    """Return where a word of a value stands, from a position counted from 0; None when escapes hide it."""
    if not name:
        return None
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])")
    while line <= len(lines):
        if match := word.search(lines[line - 1], start):
            return Span(line, match.start() + 1, len(name))
        if not lines[line - 1].endswith("\\"):
            return None
        line, start = line + 1, 0
    return None


def _note_gaps(slips: Iterable[Slip], found: Symbols) -> None:
    for slip in slips:
        if slip.code.severity is Severity.ERROR:
            found.note_gap(slip.line)


def _span(found: Property, start: int, name: str) -> Span:
    return Span(found.line, found.value_column + start, len(name))


def _start(found: Property, column: int) -> int:
    return max(column - found.value_column, 0)
