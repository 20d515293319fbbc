"""Random application templates: small graphs that use all that graphs can say, and instances of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.settings import Settings
from roboconf_core.simulation.host import Recipe

MACHINE = "Machine"
NESTED_MACHINE = "Box"
FACETS = ("Front", "Back")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTemplate:
    """A template, and what the scripts of its components are like."""

    template: ApplicationTemplate
    recipes: Mapping[str, Recipe]


def draw_template(random: Random) -> DrawnTemplate:
    """Draw a graph of two to five software components on machines, and three or four machines with instances."""
    names = [f"S{i}" for i in range(random.randint(2, 5))]
    facets = {name: _facet(name) for name in FACETS}
    parents = _nest(random, names)
    worn = {name: tuple(facet for facet in FACETS if random.random() < 0.3) for name in names}
    components: dict[str, Component] = {}
    for index, name in enumerate(names):
        children = tuple(child for child, parent in parents.items() if parent == name)
        components[name] = _software(random, name, index, worn, children)
    tops = tuple(name for name in names if name not in parents)
    boxes = (NESTED_MACHINE,) if random.random() < 0.15 else ()
    components |= {machine.name: machine for machine in _machines(random, tops, boxes)}
    graph = Graph(components=components, facets=facets)
    template = ApplicationTemplate(
        descriptor=Descriptor(name="drawn", version="1"),
        graph=graph,
        instances=tuple(_machine(random, graph, f"vm{i}", names) for i in range(random.choice((3, 3, 3, 3, 4)))),
        bundles={name: f"sha256:{name}" for name in names if random.random() < 0.8},
        settings={name: _settings(random) for name in names},
    )
    return DrawnTemplate(template=template, recipes={name: _recipe(random) for name in names})


def _facet(name: str) -> Facet:
    return Facet(name=name, exports=(ExportedVariable(name="kind", value=name.lower()),))


def _nest(random: Random, names: Sequence[str]) -> dict[str, str]:
    """Return child to parent: some components stand on other software instead of a machine."""
    return {name: random.choice(names[:i]) for i, name in enumerate(names) if i and random.random() < 0.45}


def _software(
    random: Random, name: str, index: int, worn: Mapping[str, tuple[str, ...]], children: tuple[str, ...]
) -> Component:
    exports = [ExportedVariable(name="ip")]
    if random.random() < 0.6:
        exports.append(ExportedVariable(name="port", random="port"))
    if random.random() < 0.3:
        exports.append(ExportedVariable(name="url", value="http://$(ROBOCONF_INSTANCE_NAME)/"))
    return Component(
        name=name,
        installer="script",
        facets=worn[name],
        children=children,
        exports=tuple(exports),
        imports=_imports(random, name, index, worn),
    )


def _imports(
    random: Random, name: str, index: int, worn: Mapping[str, tuple[str, ...]]
) -> tuple[ImportedVariable, ...]:
    """Draw imports of components before this one, now and then an optional one of any, or one of a facet."""
    names = list(worn)
    found = [_import(random, p, optional=random.random() < 0.4) for p in names[:index] if random.random() < 0.6]
    if random.random() < 0.2:
        found.append(_import(random, random.choice(names), optional=True))
    facets = sorted({facet for facets in worn.values() for facet in facets})
    if facets and random.random() < 0.3:
        facet = random.choice(facets)
        optional = facet in worn[name] or random.random() < 0.5
        found.append(ImportedVariable(name=f"{facet}.kind", optional=optional))
    return tuple({variable.name: variable for variable in reversed(found)}.values())


def _import(random: Random, provider: str, *, optional: bool) -> ImportedVariable:
    return ImportedVariable(name=f"{provider}.{random.choice(('*', 'ip'))}", optional=optional)


def _machines(random: Random, tops: tuple[str, ...], boxes: tuple[str, ...]) -> list[Component]:
    exports = (ExportedVariable(name="ip"),) if random.random() < 0.3 else ()
    machine = Component(name=MACHINE, installer="target", children=(*tops, *boxes), exports=exports)
    return [machine, *(Component(name=box, installer="target", children=tops) for box in boxes)]


def _machine(random: Random, graph: Graph, name: str, names: Sequence[str]) -> Instance:
    children = [
        _instance(random, graph, component, f"{component.lower()}-{i}")
        for i, component in enumerate(random.choices(graph.children_of(MACHINE), k=random.choice((1, 1, 1, 2, 2))))
    ]
    return Instance(name=name, component=MACHINE, children=tuple(children))


def _instance(random: Random, graph: Graph, component: str, name: str) -> Instance:
    below = [child for child in graph.children_of(component) if random.random() < 0.7]
    if graph.is_target(component):
        below = below[:1]
    children = tuple(_instance(random, graph, child, child.lower()) for child in below)
    return Instance(name=name, component=component, children=children)


def _settings(random: Random) -> Settings:
    return Settings(
        deploy_timeout_s=6.0,
        start_timeout_s=6.0,
        update_timeout_s=4.0,
        stop_timeout_s=4.0,
        undeploy_timeout_s=6.0,
        status_timeout_s=1.0,
        status_period_s=random.choice((5.0, 10.0, 10.0)),
        status_failures=random.choice((1, 2)),
        ready_timeout_s=4.0,
        drain_timeout_s=3.0,
        cancel_grace_s=random.choice((0.5, 2.0)),
        quiet_min_s=0.5,
        quiet_max_s=2.0,
        attempts=random.choice((2, 3)),
        retry_delay_s=0.5,
        retry_delay_max_s=4.0,
        serial=random.random() < 0.5,
    )


def _recipe(random: Random) -> Recipe:
    has_status = random.random() < 0.6
    return Recipe(
        has_status=has_status,
        has_pid_file=random.random() < 0.5,
        ready_s=random.choice((0.0, 0.0, 0.4, 1.5)) if has_status else 0.0,
    )
