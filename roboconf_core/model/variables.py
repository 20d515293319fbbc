"""Variables: what a type and an instance export, what a component imports.

A *full* name is ``Prefix.local``; the prefix is the text before the first dot. A
component exports each variable it inherits under its original prefix and under its own.

Source: Roboconf user guide, "Graph Definition", "Import and Export", "Inheritance".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import NamedTuple

from roboconf_core.model.graph import ExportedVariable, Graph
from roboconf_core.model.references import references_of, substitute

RANDOM_PORT = "port"
"""The one kind of random variables, in any case."""


class Export(NamedTuple):
    """What a type says about one of its exported variables."""

    value: str | None
    random: str | None = None
    """Kind of a random variable, as written."""

    @property
    def is_random_port(self) -> bool:
        """Whether instances get a port of their own as value; a declared value needs none."""
        return self.random is not None and self.random.lower() == RANDOM_PORT and self.value is None


class PrefixImport(NamedTuple):
    """All that a component imports under one prefix."""

    prefix: str
    names: tuple[str, ...]
    """Full names, ``Prefix.*`` for all, in the order of their declaration."""
    optional: bool
    """True when none of the prefix's variables is mandatory."""
    external: bool
    """True when at least one of them comes from another application."""


def prefix_of(name: str) -> str:
    """Return the text before the first dot, empty when there is none."""
    prefix, dot, _ = name.partition(".")
    return prefix.strip() if dot else ""


def local_name(name: str) -> str:
    """Return the text after the first dot, the whole name when there is none."""
    prefix, dot, local = name.partition(".")
    return (local if dot else prefix).strip()


def exports_of_type(graph: Graph, name: str) -> dict[str, str | None]:
    """Return the exported variables of a component or facet.

    Args:
        graph: The graph.
        name: A component or facet; an unknown one exports nothing.

    Returns:
        Full name to value, None where neither the type nor what it inherits gives one.
    """
    return {full: export.value for full, export in declared_exports(graph, name).items()}


def declared_exports(graph: Graph, name: str) -> Mapping[str, Export]:
    """Return the exported variables of a component or facet, with their kinds; not to be changed."""
    known: dict[str, Mapping[str, Export]] = graph.relations.exports
    if name not in known:
        compute = _component_exports if name in graph.components else _facet_exports
        known |= compute(graph, name, known)
    return known[name]


def random_ports_of(graph: Graph, component: str, overrides: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the local names of the variables whose value is a port drawn for each instance.

    Inherited ones are included; one port serves all full names of a local name.

    Args:
        graph: The graph.
        component: Component of the instance.
        overrides: Of the instance, if any: what they set completely needs no port.
    """
    overrides = overrides or {}
    names = (full for full, export in declared_exports(graph, component).items() if export.is_random_port)
    return tuple(
        dict.fromkeys(local for full in names if (local := local_name(full)) not in overrides and full not in overrides)
    )


def exports_of_instance(
    graph: Graph,
    *,
    component: str,
    name: str,
    path: str,
    overrides: Mapping[str, str],
    ip: str | None = None,
    ports: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Return all that an instance exports: inheritance, ports, overrides, address, references.

    Args:
        graph: The graph.
        component: Component of the instance.
        name: Name of the instance.
        path: Path of the instance, ``/vm/tomcat``.
        overrides: As written: local names, full names and extra variables.
        ip: Address of the machine; wins over overrides. None when unknown.
        ports: Local name of a random port to the port that was drawn.

    Returns:
        Full name to value; variables without a value are left out. Names without a
        prefix (extra variables) are seen by the instance's own recipe only.
    """
    ports = ports or {}
    values: dict[str, str | None] = {}
    for full, export in declared_exports(graph, component).items():
        port = ports.get(local_name(full)) if export.is_random_port else None
        values[full] = export.value if port is None else str(port)
    values = _apply_overrides(values, overrides)
    if ip is not None:
        values |= dict.fromkeys((full for full in values if is_ip(full)), ip)
    references = references_of(component, name, path)
    return {full: substitute(value, references) for full, value in values.items() if value is not None}


def is_ip(name: str) -> bool:
    """Tell whether a variable, by full or local name, takes the address of the machine."""
    return local_name(name).lower() == "ip"


def mandatory_prefixes(graph: Graph, component: str) -> frozenset[str]:
    """Return the prefixes that a component needs before it can start, external ones included."""
    return frozenset(variable.prefix for variable in graph.imports_of(component) if not variable.optional)


def import_specs(graph: Graph, component: str) -> tuple[PrefixImport, ...]:
    """Return what a component imports, one entry per prefix, in the order of declaration."""
    by_prefix: dict[str, list[str]] = {}
    for variable in graph.imports_of(component):
        by_prefix.setdefault(variable.prefix, []).append(variable.name)
    mandatory = mandatory_prefixes(graph, component)
    external = {variable.prefix for variable in graph.imports_of(component) if variable.external}
    return tuple(PrefixImport(p, tuple(names), p not in mandatory, p in external) for p, names in by_prefix.items())


def group_by_local_name(names: Iterable[str]) -> dict[str, list[str]]:
    """Return local names, each with the full names that have it."""
    groups: dict[str, list[str]] = {}
    for full in names:
        groups.setdefault(local_name(full), []).append(full)
    return groups


_Sets = dict[str, Mapping[str, Export]]


def _facet_exports(graph: Graph, name: str, known: _Sets) -> _Sets:
    """Return the sets of a facet and of those it extends: no replication, overrides by full name; a cycle empties it."""
    extended = graph.relations.extended_facets
    sound = {f for f in graph.relations.with_extended([name]) if f not in known and f not in extended(f)}
    order = TopologicalSorter({f: [e for e in graph.facets[f].extends if e in sound] for f in sound})
    sets: _Sets = {name: {}}
    for current in order.static_order():
        found: dict[str, Export] = {}
        for facet in graph.facets[current].extends:
            found |= known.get(facet, sets.get(facet, {}))
        for variable in graph.facets[current].exports:
            key = variable.name if variable.name in found else _full(current, variable.name)
            found[key] = Export(variable.value, variable.random)
        sets[current] = found
    return sets


def _component_exports(graph: Graph, name: str, known: _Sets) -> _Sets:
    """Return the sets of a component and of those it extends; only its own one in a cycle."""
    chain = graph.supers(name)
    in_cycle = graph.components[chain[-1]].extends in chain
    sets: _Sets = {}
    below: Mapping[str, Export] = {}
    for current, extended in reversed(list(zip(chain, (*chain[1:], None), strict=True))):
        if in_cycle or current not in known:
            sets[current] = _extend_exports(graph, current, extended, below)
        below = sets[current] if current in sets else known[current]
    return {name: sets[name]} if in_cycle else sets


def _extend_exports(graph: Graph, name: str, extended: str | None, below: Mapping[str, Export]) -> Mapping[str, Export]:
    component = graph.components[name]
    inherited: dict[str, Export] = {}
    for facet in component.facets:
        shared_name = facet in graph.components  # a mistake, but no reason to ask the component
        inherited |= _facet_exports(graph, facet, {})[facet] if shared_name else declared_exports(graph, facet)
    inherited |= below
    found = _with_own(name, component.exports, inherited)
    preferred = (extended, *graph.relations.with_extended(component.facets))
    for local, fulls in group_by_local_name(found).items():
        if f"{name}.{local}" not in found:
            candidates = (f"{prefix}.{local}" for prefix in preferred)
            found[f"{name}.{local}"] = found[next((c for c in candidates if c in found), fulls[0])]
    return found


def _with_own(name: str, own: Iterable[ExportedVariable], inherited: Mapping[str, Export]) -> dict[str, Export]:
    found = dict(inherited)
    locals_of_inherited = group_by_local_name(inherited)
    for variable in own:
        export = Export(variable.value, variable.random)
        found[variable.name if variable.name in inherited else _full(name, variable.name)] = export
        found |= dict.fromkeys(locals_of_inherited.get(variable.name, ()), export)
    return found


def _full(type_name: str, name: str) -> str:
    return name if name.startswith(f"{type_name}.") else f"{type_name}.{name}"


def _apply_overrides(values: dict[str, str | None], overrides: Mapping[str, str]) -> dict[str, str | None]:
    by_local = group_by_local_name(values)
    result = dict(values)
    for key, value in overrides.items():
        names = by_local.get(key, [])
        if len(names) != 1:
            result[key] = value
        result |= dict.fromkeys(names, value)
    return result
