"""Components that can stand below themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roboconf_core.model.graph import Graph

MAX_REPORTED = 100
"""A graph with more components in cycles than that has its first ones reported."""

_MAX_SHOWN = 12

_Node = tuple[str, str]


def containment_cycles(graph: Graph) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the components in containment cycles, each with a shortest cycle: ``A``, ``("A", "B", "A")``.

    The time grows with the number of declarations as long as there is no cycle.
    """
    links = _only_cycles(graph.relations.containment_links())
    members = [name for name in graph.components if ("instance", name) in links]
    found = 0
    for name in members:
        cycle = _shortest_cycle(("instance", name), links)
        if cycle:
            found += 1
            yield name, cycle
        if found == MAX_REPORTED:
            return


def _only_cycles(links: Mapping[_Node, tuple[_Node, ...]]) -> dict[_Node, tuple[_Node, ...]]:
    """Return the links without the nodes that lead nowhere, or that nothing leads to."""
    kept = dict(links)
    for _ in range(2):
        kept = _reversed(_without_dead_ends(kept))
    return kept


def _without_dead_ends(links: dict[_Node, tuple[_Node, ...]]) -> dict[_Node, tuple[_Node, ...]]:
    remaining = {node: len(targets) for node, targets in links.items()}
    incoming = _reversed(links)
    queue = [node for node in (*links, *incoming) if not remaining.get(node)]
    dead: set[_Node] = set()
    for node in queue:
        if node in dead:
            continue
        dead.add(node)
        for source in incoming.get(node, ()):
            remaining[source] -= 1
            if not remaining[source]:
                queue.append(source)
    return {n: tuple(t for t in targets if t not in dead) for n, targets in links.items() if n not in dead}


def _reversed(links: Mapping[_Node, tuple[_Node, ...]]) -> dict[_Node, tuple[_Node, ...]]:
    found: dict[_Node, list[_Node]] = {}
    for source, targets in links.items():
        for target in targets:
            found.setdefault(target, []).append(source)
    return {node: tuple(sources) for node, sources in found.items()}


def _shortest_cycle(start: _Node, links: Mapping[_Node, tuple[_Node, ...]]) -> tuple[str, ...]:
    came_from: dict[_Node, _Node] = {}
    queue = [start]
    for node in queue:
        for target in links.get(node, ()):
            if target == start:
                return _names(start, node, came_from)
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return ()


def _names(start: _Node, last: _Node, came_from: Mapping[_Node, _Node]) -> tuple[str, ...]:
    nodes = [start, last]
    while nodes[-1] != start:
        nodes.append(came_from[nodes[-1]])
    names = [name for kind, name in reversed(nodes) if kind == "instance"]
    if len(names) > _MAX_SHOWN:
        names = [*names[: _MAX_SHOWN // 2], "...", *names[-_MAX_SHOWN // 2 :]]
    return tuple(names)
