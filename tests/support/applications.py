"""The applications in ``tests/applications``, and what the recipes of their instances are told when all is started."""

import json
from functools import cache
from pathlib import Path

from roboconf_core.dsl.loader import load_application
from roboconf_core.hooks.lifecycle import ActionContext, Difference, Import
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.messages.types import ImportSpec, InstanceSpec
from roboconf_core.model.instance import walk
from roboconf_core.model.lifecycle import Action
from roboconf_core.model.variables import exports_of_instance, import_specs, prefix_of, random_ports_of

APPLICATIONS = Path(__file__).parents[1] / "applications"
NAMES = tuple(sorted(path.name for path in APPLICATIONS.iterdir() if path.is_dir()))


def expected(name):
    """Return what is known about an application: it stands beside its directory."""
    return json.loads((APPLICATIONS / f"{name}.json").read_text())


@cache
def loaded(name):
    """Return a loaded application, its recipes checked by all installed plugins."""
    return load_application(APPLICATIONS / name, check_recipe=load_plugins().check_recipe)


@cache
def specs(name):
    """Return all instances of an application as agents know them, by path; each random port is 10000 or more."""
    template = loaded(name).template
    graph, found = template.graph, {}
    for placed in walk(template.instances):
        component, overrides = placed.instance.component, placed.instance.overrides
        ports = {port: 10000 + i for i, port in enumerate(random_ports_of(graph, component, overrides))}
        exports = exports_of_instance(
            graph,
            component=component,
            name=placed.instance.name,
            path=placed.path,
            overrides=overrides,
            ip="192.0.2.7",
            ports=ports,
        )
        found[placed.path] = InstanceSpec(
            id=placed.path,
            path=placed.path,
            component=component,
            installer=graph.installer_of(component),
            parent=placed.parent_path,
            exports=exports,
            imports=tuple(
                ImportSpec(prefix=wanted.prefix, names=wanted.names, optional=wanted.optional)
                for wanted in import_specs(graph, component)
            ),
        )
    return found


def context_of(name, path, directory):
    """Return what the recipe of an instance is told at an update for which everything joined.

    Args:
        name: An application.
        path: One of its instances.
        directory: Where a copy of its recipe is.
    """
    everybody = specs(name)
    instance = everybody[path]
    imports = tuple(imports_of(name, instance))
    return ActionContext(
        action=Action.UPDATE,
        application=name,
        instance=instance,
        ancestors=tuple(ancestors_of(instance, everybody)),
        imports=imports,
        difference=Difference(joined=imports, left=imports),
        directory=directory,
        pid_file=directory.parent / "service.pid",
        machine_id="test",
    )


def ancestors_of(instance, everybody):
    """Yield the parent of an instance, its parent, and so on."""
    while instance.parent:
        instance = everybody[instance.parent]
        yield instance


def imports_of(name, instance):
    """Yield what an instance imports from all others, and from an application that it does not know."""
    for wanted in import_specs(loaded(name).template.graph, instance.component):
        for other in specs(name).values():
            kept = {
                full.partition(".")[2]: value
                for full, value in other.exports.items()
                if prefix_of(full) == wanted.prefix and (full in wanted.names or f"{wanted.prefix}.*" in wanted.names)
            }
            if kept and other.path != instance.path:
                yield Import(prefix=wanted.prefix, path=other.path, component=other.component, variables=kept)
        if wanted.external:
            variables = {full.partition(".")[2]: "elsewhere" for full in wanted.names}
            yield Import(prefix=wanted.prefix, path="/elsewhere", component="Elsewhere", variables=variables)
