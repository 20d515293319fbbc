"""From the files of a graph to the graph: what names refer to, what is declared twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from roboconf_core.dsl.files import Sources
from roboconf_core.dsl.instance_blocks import slips_of_instances, slips_of_nested
from roboconf_core.dsl.syntax import BlockKind, Doubt, doubt_of
from roboconf_core.dsl.type_blocks import Declared, annotation_of, declare_type
from roboconf_core.errors import Code, Problem
from roboconf_core.model.checks import check_graph
from roboconf_core.model.graph import Component, Facet, Graph
from roboconf_core.model.names import Suggestions

_HIDING_NAMES = frozenset({Code.P_UNRECOGNIZED_BLOCK, Code.P_IO_ERROR, Code.CO_UNREACHABLE_FILE, Code.CO_NOT_A_GRAPH})
_ABOUT_NESTING = frozenset(
    {Code.RM_ROOT_INSTALLER_MUST_BE_TARGET, Code.RM_NO_ROOT_COMPONENT, Code.RM_UNREACHABLE_COMPONENT}
)
"""What nobody can tell where a block inside another one may have been meant to stand below it."""


@dataclass(frozen=True, slots=True)
class GraphOfFiles:
    """What the files of a graph say."""

    graph: Graph | None
    """None when something of it is not certain, so that relations would mislead, or too much to work out."""
    component_names: tuple[str, ...] | None
    """Names that instances may use; None when not all of them can be known."""
    problems: list[Problem]


def build_graph(sources: Sources) -> GraphOfFiles:
    """Build and check the graph of some files.

    Blocks with problems still declare their names, so that one mistake does not
    make others appear. The model is checked as far as it is clear what the files mean.
    """
    problems = list(sources.problems)
    doubts = {Doubt.NOTHING}
    declared = list(_declare(sources, problems, doubts))
    usable = [found for found in declared if found.named]
    names_known = (
        sources.complete and len(usable) == len(declared) and _HIDING_NAMES.isdisjoint(p.code for p in problems)
    )
    unfit = list(_check_names(usable))
    if names_known:
        unfit += _check_references(usable)
    graph = _graph_of(usable)
    names = tuple(graph.components) if names_known else None
    if unfit or not names_known or max(doubts) is Doubt.CONTENT:
        return GraphOfFiles(None, names, [*problems, *unfit])
    if graph.components or graph.facets:
        hidden = _ABOUT_NESTING if Doubt.NESTING in doubts else frozenset()
        problems += beside(problems, (each for each in check_graph(graph) if each.code not in hidden))
    unclear = Doubt.NESTING in doubts or any(each.code is Code.RM_INHERITANCE_TOO_DEEP for each in problems)
    return GraphOfFiles(None if unclear else graph, names, problems)


def beside(known: Iterable[Problem], more: Iterable[Problem]) -> list[Problem]:
    """Return further problems, without those of lines that cannot be understood as they are."""
    lines = {(each.where.file, each.where.line) for each in known if each.where and each.code.startswith("P_")}
    return [each for each in more if each.where is None or (each.where.file, each.where.line) not in lines]


def _declare(sources: Sources, problems: list[Problem], doubts: set[Doubt]) -> Iterator[Declared]:
    """Yield what the usable files declare, and note all that is wrong with the lines of all files."""
    for source in sources.files:
        slips = list(source.parsed.slips)
        for block in source.parsed.blocks:
            if block.kind is BlockKind.INSTANCE:
                slips += slips_of_instances(block)
                continue
            declared = declare_type(block, source.file, annotation_of(source.lines, block.line))
            slips += [*declared.slips, *slips_of_nested(block)]
            if source.usable:
                yield declared
        doubts.add(doubt_of(slips))
        problems += [slip.in_file(source.file) for slip in slips]


def _check_names(declared: Sequence[Declared]) -> Iterator[Problem]:
    components: dict[str, list[Component]] = {}
    facets: dict[str, list[Facet]] = {}
    for found in declared:
        if isinstance(found.type, Component):
            components.setdefault(found.type.name, []).append(found.type)
        else:
            facets.setdefault(found.type.name, []).append(found.type)
    for name in components.keys() & facets.keys():
        both: list[Component | Facet] = [*components[name], *facets[name]]
        for each in both:
            message = f"'{name}' is the name of a component and of a facet"
            yield Problem(Code.CO_CONFLICTING_NAME, message, each.where, _others(both, each))
    duplicates: tuple[tuple[Code, str, Mapping[str, Sequence[Component | Facet]]], ...] = (
        (Code.CO_ALREADY_DEFINED_COMPONENT, "component", components),
        (Code.CO_ALREADY_DEFINED_FACET, "facet", facets),
    )
    for code, kind, types in duplicates:
        for name, all_of_name in types.items():
            if len(all_of_name) > 1:
                for each in all_of_name:
                    message = f"{kind} '{name}' is declared {len(all_of_name)} times"
                    yield Problem(code, message, each.where, _others(all_of_name, each))


def _others(types: Sequence[Component | Facet], this: Component | Facet) -> str:
    places = islice((str(other.where) for other in types if other is not this), 3)
    return f"see {', '.join(places)}"


def _check_references(declared: Sequence[Declared]) -> Iterator[Problem]:
    components = {found.type.name for found in declared if isinstance(found.type, Component)}
    facets = {found.type.name for found in declared if isinstance(found.type, Facet)}
    known = {
        Code.CO_INEXISTING_COMPONENT: (components, "component", Suggestions(components)),
        Code.CO_INEXISTING_FACET: (facets, "facet", Suggestions(facets)),
        Code.CO_INEXISTING_CHILD: (components | facets, "component or facet", Suggestions(components | facets)),
    }
    for found in declared:
        for code, key, name in _references(found.type):
            names, what, suggestions = known[code]
            if name not in names:
                message = f"'{found.type.name}' names '{name}' in '{key}' (line {found.lines[key]}), but there is no {what} '{name}'"
                hint = suggestions.hint_for(name)
                if "," in name:
                    hint = "a component extends one component only"
                elif name != name.strip():
                    hint = "there is a blank before the semicolon"
                yield Problem(code, message, found.type.where, hint)


def _references(declared: Component | Facet) -> Iterator[tuple[Code, str, str]]:
    if isinstance(declared, Component):
        if declared.extends is not None:
            yield Code.CO_INEXISTING_COMPONENT, "extends", declared.extends
        facets: Iterable[tuple[str, str]] = (("facets", name) for name in declared.facets)
    else:
        facets = (("extends", name) for name in declared.extends)
    yield from ((Code.CO_INEXISTING_FACET, key, name) for key, name in facets)
    yield from ((Code.CO_INEXISTING_CHILD, "children", name) for name in declared.children)


def _graph_of(declared: Sequence[Declared]) -> Graph:
    components: dict[str, Component] = {}
    facets: dict[str, Facet] = {}
    for found in declared:
        if isinstance(found.type, Component):
            components.setdefault(found.type.name, found.type)
        else:
            facets.setdefault(found.type.name, found.type)
    return Graph(components, facets)
