"""The view of instances: what stands on which machine, and who would import from whom.

Source: Roboconf user guide, "Instances Definition"; imports are told as agents resolve them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from roboconf_core.documentation.components import external_id, external_node, imports_from, kind_of
from roboconf_core.documentation.diagram import (
    Diagram,
    Edge,
    EdgeKind,
    Node,
    Part,
    Parts,
    View,
    check_size,
    limited_edges,
)
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance, Placed, walk
from roboconf_core.model.variables import declared_exports, prefix_of

_CHARACTERS_PER_NODE = 500
"""Of all paths together; deep trees of long names take more memory than any picture is worth."""


def instances_diagram(graph: Graph, roots: Iterable[Instance], title: str, parts: Parts | None = None) -> Diagram:
    """Return the diagram of some instances.

    Args:
        graph: The graph of their components.
        roots: The root instances.
        title: Name of the application.
        parts: What is shown; by default everything. Neither facets nor inheritance are parts of this view.

    Raises:
        InvalidModelError: If the diagram is too large.
    """
    parts = parts or Parts()
    placed = _placed(roots)
    nodes = [_node(graph, each) for each in placed]
    if Part.DEPENDENCIES in parts:
        nodes += map(external_node, _external_prefixes(graph, placed))
    edges = limited_edges(_edges(graph, placed, parts), len(nodes))
    return Diagram(title=title, view=View.INSTANCES, nodes=tuple(nodes), edges=edges)


def exporters_of(graph: Graph, placed: Iterable[Placed]) -> dict[str, list[str]]:
    """Return prefixes, each with the paths of the instances that export variables under it."""
    by_component: dict[str, Mapping[str, None]] = {}
    found: dict[str, list[str]] = {}
    for path, instance, _ in placed:
        if instance.component not in by_component:
            names = declared_exports(graph, instance.component) if instance.component in graph.components else ()
            by_component[instance.component] = dict.fromkeys(map(prefix_of, names))
        extra = dict.fromkeys(map(prefix_of, instance.overrides))
        for prefix in {**by_component[instance.component], **extra}:
            if prefix:
                found.setdefault(prefix, []).append(path)
    return found


def _placed(roots: Iterable[Instance]) -> list[Placed]:
    found: list[Placed] = []
    characters = 0
    for each in walk(roots):
        found.append(each)
        characters += len(each.path)
        check_size(max(len(found), characters // _CHARACTERS_PER_NODE))
    return found


def _node(graph: Graph, placed: Placed) -> Node:
    path, instance, parent = placed
    return Node(
        id=path,
        name=instance.name,
        kind=kind_of(graph, instance.component),
        installer=graph.installer_of(instance.component) or "",
        component=instance.component,
        parent=parent,
    )


def _external_prefixes(graph: Graph, placed: Iterable[Placed]) -> Iterable[str]:
    components = dict.fromkeys(each.instance.component for each in placed)
    imports = (variable for name in components for variable in graph.imports_of(name))
    return dict.fromkeys(variable.prefix for variable in imports if variable.external)


def _edges(graph: Graph, placed: Iterable[Placed], parts: Parts) -> Iterator[Edge]:
    exporters = exporters_of(graph, placed) if Part.DEPENDENCIES in parts else {}
    for path, instance, parent in placed:
        if parent and Part.CONTAINMENT in parts:
            yield Edge(source=parent, target=path, kind=EdgeKind.CONTAINMENT)
        if Part.DEPENDENCIES in parts:
            yield from _dependencies(graph, path, instance.component, exporters)


def _dependencies(graph: Graph, path: str, component: str, exporters: Mapping[str, list[str]]) -> Iterator[Edge]:
    for spec, inner, external in imports_from(graph, component):
        paths = [other for other in exporters.get(spec.prefix, ()) if other != path] if inner else []
        for targets, variables in ((paths, inner), ([external_id(spec.prefix)], external)):
            for target in targets if variables else ():
                yield Edge(
                    source=path,
                    target=target,
                    kind=EdgeKind.DEPENDENCY,
                    prefix=spec.prefix,
                    variables=variables,
                    optional=spec.optional,
                )
