"""What the names in the files of an application refer to.

A variable that a type declares is also a variable of all types that inherit it, under the
same local name. All of them together are one variable here: renaming it in one place only
would make two of it.

Source: Roboconf user guide, "Graph Definition", "Import and Export", "Inheritance".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from roboconf_core.dsl.symbols import Definition, Reference, Role, Span, SymbolKind
from roboconf_core.dsl.syntax import BlockKind
from roboconf_core.dsl.type_blocks import annotation_of, declare_type
from roboconf_core.lsp.documents import FILE_KINDS, Language
from roboconf_core.lsp.library import ReadFile, Snapshot
from roboconf_core.lsp.meanings import Declaration, File, Found, Location, Meaning, OneInstance, Type, Variable
from roboconf_core.model.graph import Component, Facet, Graph

TYPE_ROLES = frozenset(
    {Role.EXTENDS, Role.FACETS, Role.CHILDREN, Role.COMPONENT, Role.PREFIX, Role.EXPORT_PREFIX},
)
VARIABLE_ROLES = frozenset({Role.IMPORT, Role.OVERRIDE, Role.EXTERNAL_EXPORT})
ALL_VARIABLES = "*"

_Symbol = TypeVar("_Symbol", Definition, Reference)


class Index:
    """Answers for one snapshot; names that are declared nowhere have no meaning."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.files = snapshot.files
        self._carriers: dict[str, frozenset[str]] = {}

    @cached_property
    def graph(self) -> Graph:
        """The graph as far as its files can be understood; the first declaration of a name counts."""
        components: dict[str, Component] = {}
        facets: dict[str, Facet] = {}
        for file in self.files.values():
            if file.language is not Language.GRAPH or file.parsed is None:
                continue
            for block in file.parsed.blocks:
                if block.kind is BlockKind.INSTANCE or not block.name:
                    continue
                declared = declare_type(block, str(file.path), annotation_of(file.text.lines, block.line)).type
                if isinstance(declared, Component):
                    components.setdefault(declared.name, declared)
                else:
                    facets.setdefault(declared.name, declared)
        return Graph(components, facets)

    @cached_property
    def types(self) -> dict[str, list[tuple[ReadFile, Definition]]]:
        """Components and facets by name, with all their declarations."""
        found: dict[str, list[tuple[ReadFile, Definition]]] = {}
        for file, definition in self._definitions(Language.GRAPH):
            if definition.kind in (SymbolKind.COMPONENT, SymbolKind.FACET):
                found.setdefault(definition.name, []).append((file, definition))
        return found

    @cached_property
    def _declarations(self) -> dict[str, dict[str, list[Declaration]]]:
        """Local names of variables, each with the types that declare it."""
        found: dict[str, dict[str, list[Declaration]]] = {}
        for file, definition in self._definitions(Language.GRAPH):
            if definition.variable is not None:
                local, span = self.local_part(definition)
                declaration = Declaration(definition.owner, definition.variable, Location(file.path, span))
                found.setdefault(local, {}).setdefault(definition.owner, []).append(declaration)
        return found

    def local_part(self, definition: Definition) -> tuple[str, Span]:
        """Return the local name of a declared variable and its place: a prefix counts where it is inherited from."""
        prefix, dot, local = definition.name.partition(".")
        if dot and local and prefix in self.lineage(definition.owner):
            return local, definition.span.part(len(prefix) + 1, len(local))
        return definition.name, definition.span

    def lineage(self, name: str) -> tuple[str, ...]:
        """Return a type and all that it inherits from, the nearest first: components, then facets."""
        if name in self.graph.components:
            return (*self.graph.supers(name), *self.graph.facets_of(name))
        return self.graph.relations.with_extended([name])

    @cached_property
    def _inheritance(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """Types, each with those that it inherits from directly; and the other way round."""
        above: dict[str, set[str]] = {}
        for component in self.graph.components.values():
            extended = (component.extends, *component.facets)
            above[component.name] = {name for name in extended if name in self.types and name is not None}
        for facet in self.graph.facets.values():
            above[facet.name] = {name for name in facet.extends if name in self.types}
        below: dict[str, set[str]] = {}
        for name, names in above.items():
            for each in names:
                below.setdefault(each, set()).add(name)
        return above, below

    def carriers(self, local: str) -> frozenset[str]:
        """Return the types that declare or inherit a variable."""
        if local not in self._carriers:
            _, below = self._inheritance
            declaring = self._declarations.get(local, {})
            self._carriers[local] = frozenset(_closure(declaring, lambda name: below.get(name, ())))
        return self._carriers[local]

    def variable(self, type_name: str, local: str) -> Variable | None:
        """Return the variable that a type has under a local name."""
        carriers = self.carriers(local)
        if type_name not in carriers:
            return None
        above, below = self._inheritance
        both = _closure([type_name], lambda name: carriers & (above.get(name, set()) | below.get(name, set())))
        return Variable(local, frozenset(both), type_name)

    def variables_of(self, type_name: str) -> list[str]:
        """Return the local names of all variables of a type, in the order of their declaration."""
        lineage = self.lineage(type_name)
        return [local for local, types in self._declarations.items() if any(name in types for name in lineage)]

    def at(self, line: int, column: int) -> Found | None:
        """Return what stands at a place of the current file."""
        file = self.snapshot.current
        for definition in _around(file.symbols.definitions, line, column):
            if meaning := self._meaning_of_definition(definition):
                span = self.local_part(definition)[1] if isinstance(meaning, Variable) else definition.span
                if span.holds(line, column):
                    return Found(meaning, span)
        for reference in _around(file.symbols.references, line, column):
            if meaning := self.meaning_of(file, reference):
                return Found(meaning, reference.span)
        return None

    def _meaning_of_definition(self, definition: Definition) -> Meaning | None:
        if definition.kind is SymbolKind.INSTANCE:
            return OneInstance(definition) if definition.name else None
        if definition.kind is SymbolKind.VARIABLE:
            return self.variable(definition.owner, self.local_part(definition)[0])
        return Type(definition.name) if definition.name in self.types else None

    def meaning_of(self, file: ReadFile, reference: Reference) -> Meaning | None:
        """Return what a name refers to, or None when nothing has this name."""
        if reference.role in TYPE_ROLES:
            return Type(reference.name) if self.is_type(reference) else None
        if reference.role in VARIABLE_ROLES:
            if reference.name == ALL_VARIABLES:
                return Type(reference.type_name) if reference.type_name in self.types else None
            return self.variable(reference.type_name, reference.name)
        return self._file_of(file, reference) if reference.role is Role.FILE else None

    def is_type(self, reference: Reference) -> bool:
        """Tell whether a name that may be that of a type is one."""
        if reference.role is Role.EXPORT_PREFIX and reference.name not in self.lineage(reference.owner):
            return False
        return reference.name in self.types

    def _file_of(self, file: ReadFile, reference: Reference) -> File | None:
        language = file.language
        if language is Language.PROPERTIES:
            language = Language.GRAPH if reference.owner == "graph-entry-point" else Language.INSTANCES
        directory = self.snapshot.directory_of(FILE_KINDS[language])
        location = directory.normalise(reference.name)
        return File(directory.path / location) if location is not None else None

    def definitions_of(self, meaning: Meaning) -> list[Location]:
        """Return where something is declared; a variable where the type that it is seen through has it from."""
        if isinstance(meaning, File):
            return [Location(meaning.path, Span(1, 1, 0))]
        if isinstance(meaning, OneInstance):
            return [Location(self.snapshot.current.path, meaning.definition.span)]
        if isinstance(meaning, Type):
            return [Location(file.path, definition.span) for file, definition in self.types[meaning.name]]
        declared = self._declarations[meaning.local]
        nearest = next((declared[name] for name in self.lineage(meaning.seen_as) if name in declared), [])
        return [each.place for each in nearest]

    def declarations_of(self, variable: Variable) -> list[Declaration]:
        """Return all declarations of a variable."""
        declared = self._declarations[variable.local]
        return [each for name, declarations in declared.items() if name in variable.types for each in declarations]

    def declarations_and_uses(self, meaning: Meaning) -> Iterator[tuple[Location, Reference | None]]:
        """Yield all places that name something; declarations come first, without a reference."""
        if isinstance(meaning, Variable):
            for declaration in self.declarations_of(meaning):
                yield declaration.place, None
        elif isinstance(meaning, Type | OneInstance):
            for place in self.definitions_of(meaning):
                yield place, None
        for file, reference in self.references():
            if self._is_use_of(file, reference, meaning):
                yield Location(file.path, reference.span), reference

    def _is_use_of(self, file: ReadFile, reference: Reference, meaning: Meaning) -> bool:
        if isinstance(meaning, Type):
            return reference.name == meaning.name and reference.role in TYPE_ROLES and self.is_type(reference)
        if isinstance(meaning, Variable):
            named = reference.name in (meaning.local, ALL_VARIABLES) and reference.role in VARIABLE_ROLES
            return named and reference.type_name in meaning.types
        if isinstance(meaning, File):
            return reference.role is Role.FILE and self._file_of(file, reference) == meaning
        return False

    def references(self) -> Iterator[tuple[ReadFile, Reference]]:
        """Yield all references of all files."""
        for file in self.files.values():
            for reference in file.symbols.references:
                yield file, reference

    def _definitions(self, language: Language) -> Iterator[tuple[ReadFile, Definition]]:
        for file in self.files.values():
            if file.language is language:
                for definition in file.symbols.definitions:
                    yield file, definition


def _closure(start: Iterable[str], linked: Callable[[str], Iterable[str]]) -> set[str]:
    """Return everything that can be reached, the start included."""
    seen = set(start)
    queue = list(seen)
    for current in queue:
        for following in linked(current):
            if following not in seen:
                seen.add(following)
                queue.append(following)
    return seen


def _around(symbols: list[_Symbol], line: int, column: int) -> list[_Symbol]:
    """Return the symbols of a sorted list that hold a place; of two that touch, the one behind it first."""
    end = bisect_right(symbols, (line, column, float("inf")), key=lambda symbol: symbol.span)
    found = []
    for symbol in reversed(symbols[:end]):
        if symbol.span.line != line:
            break
        if symbol.span.holds(line, column):
            found.append(symbol)
    return found
