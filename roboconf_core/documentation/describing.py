"""From a model to what its description tells.

Source: Roboconf user guide, "Graph Definition", "Inheritance", "Application Descriptor".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from roboconf_core.documentation.description import (
    Application,
    CommandsText,
    ComponentText,
    Description,
    Export,
    ExternalExport,
    FacetText,
    Import,
    InstanceText,
    Names,
    Target,
)
from roboconf_core.documentation.secrets import shown_value
from roboconf_core.model.graph import Component, Facet, Graph
from roboconf_core.model.instance import Instance
from roboconf_core.model.variables import Export as DeclaredExport
from roboconf_core.model.variables import declared_exports, import_specs, is_ip

MAX_NAMES = 50
"""Names and files in one list; nobody reads more of them."""
MAX_INSTANCES = 1000
_MAX_DEPTH = 30
"""Levels that are shown by indenting; deeper instances stand on the last one."""
_MAX_DIGITS = 9


def describe(application: Application) -> Description:
    """Return the description of an application."""
    template = application.template
    descriptor, graph = template.descriptor, template.graph
    instances = _instances(template.instances)
    shown = tuple(islice(instances, MAX_INSTANCES))
    executed_by: dict[str, dict[str, None]] = {}
    for rule in application.rules.values():
        for command in rule.commands:
            executed_by.setdefault(command, {})[rule.name] = None
    return Description(
        title=application.title,
        version=descriptor.version,
        text=descriptor.description,
        tags=descriptor.tags,
        components=tuple(_component(application, each) for each in graph.components.values()),
        facets=tuple(_facet(graph, each) for each in graph.facets.values()),
        instances=shown,
        more_instances=sum(1 for _ in instances),
        exports_prefix=descriptor.exports_prefix,
        external_exports=_external_exports(graph, descriptor.external_exports),
        commands=tuple(
            CommandsText(name=name, instructions=number, rules=tuple(executed_by.get(name, ())))
            for name, number in application.commands.items()
        ),
        rules=tuple(application.rules.values()),
    )


def _component(application: Application, component: Component) -> ComponentText:
    graph, name = application.template.graph, component.name
    giving = next((each for each in graph.supers(name) if graph.components[each].installer is not None), name)
    probes = application.probes.get(name)
    return ComponentText(
        name=name,
        is_machine=graph.is_target(name),
        annotation=component.annotation,
        installer=graph.installer_of(name) or "",
        installer_of="" if giving == name else giving,
        extends=component.extends or "",
        extended_by=_names(graph.subs(name)),
        facets=graph.facets_of(name),
        stands_below=_names(graph.ancestors_of(name)),
        holds=_names(graph.children_of(name)),
        exports=_exports(declared_exports(graph, name)),
        imports=tuple(_imports(graph, name)),
        recipe=_names(application.recipes.get(name, ())),
        targets=tuple(_targets(application, name)),
        events=tuple((probe.handler, probe.event) for probe in probes.probes) if probes else (),
    )


def _facet(graph: Graph, facet: Facet) -> FacetText:
    return FacetText(
        name=facet.name,
        annotation=facet.annotation,
        extends=facet.extends,
        children=_names(facet.children),
        had_by=_names(graph.relations.members(facet.name)),
        exports=_exports(declared_exports(graph, facet.name)),
    )


def _exports(declared: Mapping[str, DeclaredExport]) -> tuple[Export, ...]:
    return tuple(_export(full, export) for full, export in declared.items())


def _export(full: str, export: DeclaredExport) -> Export:
    value = None if export.value is None else shown_value(full, export.value)
    if is_ip(full):
        note = "the address of the machine"
    elif export.is_random_port:
        note = "a free port, drawn for each instance"
    else:
        note = "set by each instance" if value is None else ""
    return Export(name=full, value=value, note=note)


def _imports(graph: Graph, component: str) -> Iterator[Import]:
    internal = {variable.prefix for variable in graph.imports_of(component) if not variable.external}
    for spec in import_specs(graph, component):
        yield Import(
            prefix=spec.prefix,
            variables=spec.names,
            optional=spec.optional,
            external=spec.external,
            providers=_names(graph.relations.members(spec.prefix) if spec.prefix in internal else ()),
        )


def _targets(application: Application, component: str) -> Iterator[Target]:
    default = application.template.targets.get(component)
    for file, found in application.targets.get(component, {}).items():
        secret = application.secrets.get(found.handler.lower(), frozenset())
        yield Target(
            file=file,
            id=found.id,
            handler=found.handler,
            name=found.name,
            is_default=found == default,
            properties={key: shown_value(key, value, secret=key in secret) for key, value in found.properties.items()},
        )


def _instances(roots: Iterable[Instance]) -> Iterator[InstanceText]:
    stack = [(run, 0) for run in _runs(roots)][::-1]
    while stack:
        run, depth = stack.pop()
        first = run[0]
        yield InstanceText(
            depth=min(depth, _MAX_DEPTH),
            name=first.name,
            last_name=run[-1].name if len(run) > 1 else "",
            number=len(run),
            component=first.component,
            overrides={key: shown_value(key, value) for key, value in first.overrides.items()},
        )
        stack.extend((below, depth + 1) for below in reversed(_runs(first.children)))


def _runs(siblings: Iterable[Instance]) -> list[list[Instance]]:
    """Return instances one by one, but together those that ``count`` made of one."""
    runs: list[list[Instance]] = []
    for each in siblings:
        if runs and _follows(each, runs[-1][-1]):
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _follows(instance: Instance, before: Instance) -> bool:
    base, number = _numbered(instance.name)
    base_before, number_before = _numbered(before.name)
    return (
        number_before is not None
        and (base, number) == (base_before, number_before + 1)
        and len(instance.name) == len(before.name)
        and instance.component == before.component
        and instance.overrides == before.overrides
        and (instance.children is before.children or not (instance.children or before.children))
    )


def _numbered(name: str) -> tuple[str, int | None]:
    """Return a name without the number at its end, and the number; None where there is none to count with."""
    base = name.rstrip("0123456789")
    digits = name[len(base) :]
    return base, int(digits) if 0 < len(digits) <= _MAX_DIGITS else None


def _external_exports(graph: Graph, aliases: Mapping[str, str]) -> tuple[ExternalExport, ...]:
    exporters: dict[str, list[str]] = {variable: [] for variable in aliases}
    for name in graph.components if aliases else ():
        for variable in declared_exports(graph, name):
            if variable in exporters:
                exporters[variable].append(name)
    return tuple(
        ExternalExport(variable=variable, alias=alias, exporters=_names(exporters[variable]))
        for variable, alias in aliases.items()
    )


def _names(names: Sequence[str]) -> Names:
    return Names(shown=tuple(names[:MAX_NAMES]), more=max(0, len(names) - MAX_NAMES))
