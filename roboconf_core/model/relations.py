"""Relations between the components and facets of a graph, worked out once and remembered.

Names in, names out. A name that the graph does not know relates to nothing: a graph
with mistakes can be asked too. All walks are loops, so deep graphs do no harm.

Source: Roboconf user guide, "Graph Definition", "Inheritance".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roboconf_core.model.graph import Component, Facet, ImportedVariable
    from roboconf_core.model.variables import Export


class Relations:
    """What follows from the declarations of one graph.

    Answers are kept: the declarations must not change afterwards. Components with the
    same children share one answer, so many machines with many children stay cheap.
    """

    def __init__(self, components: Mapping[str, Component], facets: Mapping[str, Facet]) -> None:
        self._components = components
        self._facets = facets
        self._direct_subs = _reverse({c.name: (c.extends,) if c.extends else () for c in components.values()})
        self._direct_facet_subs = _reverse({f.name: f.extends for f in facets.values()})
        self._users = _reverse({c.name: c.facets for c in components.values()})
        self._listed_by = _reverse({n: self._children(n) for n in (*components, *facets)})
        self._facets_of: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._unions: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._union_sets: dict[tuple[str, ...], frozenset[str]] = {}
        self._child_types: dict[str, tuple[str, ...]] = {}
        self._imports: dict[str, tuple[ImportedVariable, ...]] = {}
        self.exports: dict[str, Mapping[str, Export]] = {}
        """Exported variables by type, remembered for ``model.variables``."""

    def supers(self, name: str) -> tuple[str, ...]:
        """Return the component, the one it extends, and so on, up to the first repetition."""
        found: dict[str, None] = {}
        current: str | None = name
        while current is not None and current in self._components and current not in found:
            found[current] = None
            current = self._components[current].extends
        return tuple(found)

    def subs(self, name: str) -> tuple[str, ...]:
        """Return all components that extend this one, nearest first; never itself."""
        return tuple(n for n in _closure([name], self._direct_subs) if n != name)

    def extended_facets(self, name: str) -> tuple[str, ...]:
        """Return the facets that a facet extends, nearest first; itself only when it is in a cycle."""
        facet = self._facets.get(name)
        return self.with_extended(facet.extends) if facet else ()

    def facets_of(self, name: str) -> tuple[str, ...]:
        """Return all facets of a component: own ones, inherited ones, and those they extend."""
        if name not in self._facets_of:
            own = (f for s in self.supers(name) for f in self._components[s].facets)
            self._facets_of[name] = self.with_extended(own)
        return self._facets_of[name]

    def with_extended(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return facets and those they extend, directly or not, breadth first."""
        seen: dict[str, None] = dict.fromkeys(n for n in names if n in self._facets)
        queue = list(seen)
        for current in queue:
            for extended in self._facets[current].extends:
                if extended in self._facets and extended not in seen:
                    seen[extended] = None
                    queue.append(extended)
        return tuple(queue)

    def installer_of(self, name: str) -> str | None:
        """Return the first installer along the supers."""
        return next((i for s in self.supers(name) if (i := self._components[s].installer) is not None), None)

    def members(self, name: str) -> tuple[str, ...]:
        """Return the components that a name stands for in ``children``.

        A component stands for itself and its subs; a facet for the components that have
        it or a facet that extends it, and their subs.
        """
        if name not in self._members:
            if name in self._components:
                start: Iterable[str] = [name]
            else:
                start = [c for f in _closure([name], self._direct_facet_subs) for c in self._users.get(f, ())]
            self._members[name] = tuple(_closure(start, self._direct_subs))
        return self._members[name]

    def children_of(self, name: str) -> tuple[str, ...]:
        """Return the components whose instances may stand below instances of this one, sorted."""
        return self._union(self._child_types_of(name))

    def is_child(self, name: str, parent: str) -> bool:
        """Tell whether instances of a component may stand below instances of ``parent``."""
        types = self._child_types_of(parent)
        if types not in self._union_sets:
            self._union_sets[types] = frozenset(self._union(types))
        return name in self._union_sets[types]

    def ancestors_of(self, name: str) -> tuple[str, ...]:
        """Return the components whose instances may hold instances of this one, sorted."""
        return self._union(tuple(sorted(self._containers_of(name))))

    def has_ancestors(self, name: str) -> bool:
        """Tell whether ``ancestors_of`` is not empty."""
        return any(self.members(container) for container in self._containers_of(name))

    def roots(self) -> tuple[str, ...]:
        """Return the components without ancestors, in the order of their declaration."""
        return tuple(name for name in self._components if not self.has_ancestors(name))

    def imports_of(self, name: str) -> tuple[ImportedVariable, ...]:
        """Return all imports of a component; a nearer declaration of a name replaces an inherited one."""
        if name not in self._imports:
            found: dict[str, ImportedVariable] = {}
            for ancestor in reversed(self.supers(name)):
                found.update((v.name, v) for v in self._components[ancestor].imports)
            self._imports[name] = tuple(found.values())
        return self._imports[name]

    def containment_links(self) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
        """Return who may hold whom, with as many links as there are declarations.

        ``("instance", C)`` leads to ``("child", T)`` for each type that may stand below;
        that one to all types that count as T, and for a component to its instances.
        """
        links: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        for name in self._components:
            links["instance", name] = tuple(("child", t) for t in self._child_types_of(name))
            links["child", name] = (
                ("instance", name),
                *(("child", sub) for sub in self._direct_subs.get(name, ())),
            )
        for name in self._facets:
            following = (*self._users.get(name, ()), *self._direct_facet_subs.get(name, ()))
            links["child", name] = tuple(("child", t) for t in following)
        return links

    def _children(self, name: str) -> tuple[str, ...]:
        return self._components[name].children if name in self._components else self._facets[name].children

    def _types_of(self, name: str) -> tuple[str, ...]:
        return (*self.supers(name), *self.facets_of(name))

    def _child_types_of(self, name: str) -> tuple[str, ...]:
        if name not in self._child_types:
            types = self._types_of(name)
            self._child_types[name] = tuple(sorted({child for t in types for child in self._children(t)}))
        return self._child_types[name]

    def _containers_of(self, name: str) -> set[str]:
        return {container for t in self._types_of(name) for container in self._listed_by.get(t, ())}

    def _union(self, types: tuple[str, ...]) -> tuple[str, ...]:
        if types not in self._unions:
            self._unions[types] = tuple(sorted({member for t in types for member in self.members(t)}))
        return self._unions[types]


def _reverse(links: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for source, targets in links.items():
        for target in targets:
            found.setdefault(target, {})[source] = None
    return {target: tuple(sources) for target, sources in found.items()}


def _closure(start: Iterable[str], links: Mapping[str, Iterable[str]]) -> list[str]:
    """Return everything that can be reached, breadth first, the start included."""
    seen = dict.fromkeys(start)
    queue = list(seen)
    for current in queue:
        for following in links.get(current, ()):
            if following not in seen:
                seen[following] = None
                queue.append(following)
    return queue
