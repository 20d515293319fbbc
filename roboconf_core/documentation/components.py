"""The view of components: what may stand below what, who imports from whom, who extends whom.

What is not shown is worked out: without the facets, arrows of containment join components;
without the inheritance, each component has the arrows that it inherits as well.

Source: Roboconf user guide, "Graph Definition", "Inheritance".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from roboconf_core.documentation.diagram import (
    Diagram,
    Edge,
    EdgeKind,
    Node,
    NodeKind,
    Part,
    Parts,
    View,
    limited_edges,
)
from roboconf_core.model.graph import Graph
from roboconf_core.model.variables import PrefixImport, import_specs


def components_diagram(graph: Graph, title: str, parts: Parts | None = None) -> Diagram:
    """Return the diagram of a graph.

    Args:
        graph: A sound graph; names that it does not know lead to no arrow.
        title: Name of the application or of the file.
        parts: What is shown; by default everything.

    Raises:
        InvalidModelError: If the diagram is too large.
    """
    return _Components(graph, parts or Parts()).diagram(title)


def component_id(name: str) -> str:
    """Return the id of the node of a component."""
    return f"component:{name}"


def facet_id(name: str) -> str:
    """Return the id of the node of a facet."""
    return f"facet:{name}"


def external_id(prefix: str) -> str:
    """Return the id of the node of what other applications export."""
    return f"external:{prefix}"


def external_node(prefix: str) -> Node:
    """Return the node of what other applications export."""
    return Node(id=external_id(prefix), name=prefix, kind=NodeKind.EXTERNAL)


def kind_of(graph: Graph, component: str) -> NodeKind:
    """Tell whether instances of a component are machines or software."""
    return NodeKind.MACHINE if graph.is_target(component) else NodeKind.SOFTWARE


def imports_from(graph: Graph, component: str) -> Iterator[tuple[PrefixImport, tuple[str, ...], tuple[str, ...]]]:
    """Yield what a component imports, per prefix.

    Yields:
        The import, the names that come from the same application, and those that come from others.
    """
    external = {variable.name for variable in graph.imports_of(component) if variable.external}
    for spec in import_specs(graph, component):
        inner = tuple(name for name in spec.names if name not in external)
        yield spec, inner, tuple(name for name in spec.names if name in external)


class _Components:
    def __init__(self, graph: Graph, parts: Parts) -> None:
        self._graph = graph
        self._parts = parts
        self._shows_inheritance = Part.INHERITANCE in parts
        self._facets = self._shown_facets()
        self._with_facet = {} if parts.facets else self._components_with_facets()

    def diagram(self, title: str) -> Diagram:
        nodes = [*self._nodes()]
        edges = limited_edges(self._edges(), len(nodes))
        return Diagram(title=title, view=View.COMPONENTS, nodes=tuple(nodes), edges=edges)

    def _nodes(self) -> Iterator[Node]:
        graph = self._graph
        external: dict[str, None] = {}
        for name in graph.components:
            kind, installer = kind_of(graph, name), graph.installer_of(name) or ""
            yield Node(id=component_id(name), name=name, kind=kind, installer=installer)
            if Part.DEPENDENCIES in self._parts:
                external |= dict.fromkeys(variable.prefix for variable in graph.imports_of(name) if variable.external)
        yield from (Node(id=facet_id(name), name=name, kind=NodeKind.FACET) for name in self._facets)
        yield from (external_node(prefix) for prefix in external)

    def _edges(self) -> Iterator[Edge]:
        for name in self._graph.components:
            if Part.CONTAINMENT in self._parts:
                yield from self._containment(component_id(name), self._types_of(name), name)
            yield from self._facet_edges(name)
            if self._shows_inheritance and (extended := self._graph.components[name].extends) in self._graph.components:
                yield _edge(component_id(name), component_id(extended or ""), EdgeKind.INHERITANCE)
            if Part.DEPENDENCIES in self._parts:
                yield from self._dependencies(name)
        for name in self._facets:
            facet = self._graph.facets[name]
            if Part.CONTAINMENT in self._parts:
                yield from (
                    _edge(facet_id(name), child, EdgeKind.CONTAINMENT) for child in self._expand(facet.children)
                )
            for extended in facet.extends:
                if extended in self._facets:
                    yield _edge(facet_id(name), facet_id(extended), EdgeKind.INHERITANCE)

    def _containment(self, source: str, types: Iterable[str], name: str) -> Iterator[Edge]:
        children: dict[str, None] = {}
        for each in types:
            children |= dict.fromkeys(self._graph.components[each].children)
        if not self._parts.facets:
            for facet in self._facets_of(types):
                children |= dict.fromkeys(self._graph.facets[facet].children)
        yield from (_edge(source, child, EdgeKind.CONTAINMENT) for child in self._expand(children))

    def _facet_edges(self, name: str) -> Iterator[Edge]:
        own = dict.fromkeys(f for each in self._types_of(name) for f in self._graph.components[each].facets)
        for facet in own:
            if facet in self._facets:
                yield _edge(component_id(name), facet_id(facet), EdgeKind.FACET)

    def _dependencies(self, name: str) -> Iterator[Edge]:
        for spec, inner, external in imports_from(self._graph, name):
            members = self._graph.relations.members(spec.prefix) if inner else ()
            for targets, variables in ((map(component_id, members), inner), ((external_id(spec.prefix),), external)):
                for target in targets if variables else ():
                    yield Edge(
                        source=component_id(name),
                        target=target,
                        kind=EdgeKind.DEPENDENCY,
                        prefix=spec.prefix,
                        variables=variables,
                        optional=spec.optional,
                    )

    def _expand(self, children: Iterable[str]) -> Iterator[str]:
        """Yield the ids of the nodes that stand for some children."""
        for child in children:
            if child in self._graph.facets and self._parts.facets:
                yield facet_id(child)
            elif child in self._graph.facets:
                yield from map(component_id, self._with_facet.get(child, ()))
            elif child in self._graph.components:
                yield component_id(child)
                if not self._shows_inheritance:
                    yield from map(component_id, self._graph.subs(child))

    def _types_of(self, name: str) -> tuple[str, ...]:
        """Return the components whose declarations a component takes over in this diagram."""
        return (name,) if self._shows_inheritance else self._graph.supers(name)

    def _facets_of(self, types: Iterable[str]) -> tuple[str, ...]:
        """Return the facets that some components name, and all that these extend."""
        named = chain.from_iterable(self._graph.components[each].facets for each in types)
        return self._graph.relations.with_extended(named)

    def _components_with_facets(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._graph.components:
            for facet in self._facets_of(self._types_of(name)):
                found.setdefault(facet, []).append(name)
        return found

    def _shown_facets(self) -> dict[str, None]:
        if not self._parts.facets or not self._parts.only & {Part.CONTAINMENT, Part.INHERITANCE}:
            return {}
        if self._shows_inheritance:
            return dict.fromkeys(self._graph.facets)
        taking_part = self._facets_in_containment()
        return dict.fromkeys(name for name in self._graph.facets if name in taking_part)

    def _facets_in_containment(self) -> set[str]:
        """Return the facets with children, those that are children, and all that extend one of them."""
        facets = self._graph.facets
        listed = {child for component in self._graph.components.values() for child in component.children}
        listed |= {child for facet in facets.values() for child in facet.children}
        extenders: dict[str, list[str]] = {}
        for facet in facets.values():
            for extended in facet.extends:
                extenders.setdefault(extended, []).append(facet.name)
        queue = [name for name, facet in facets.items() if facet.children or name in listed]
        found = set(queue)
        for current in queue:
            fresh = [name for name in extenders.get(current, ()) if name not in found]
            found.update(fresh)
            queue += fresh
        return found


def _edge(source: str, target: str, kind: EdgeKind) -> Edge:
    return Edge(source=source, target=target, kind=kind)
