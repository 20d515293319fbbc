"""Reads conformance cases, and what they are about: codes at lines, and facts of what was read."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from roboconf_core.dsl.autonomic.directory import read_rule_file
from roboconf_core.dsl.commands.check import check_commands_text
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.format import format_text
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.loader import load_application
from roboconf_core.dsl.render import render_graph, render_instances
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.dsl.targets import read_targets
from roboconf_core.errors import Problem
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.checks import check_graph, check_instances
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance, find, walk
from roboconf_core.model.offers import needs_of
from roboconf_core.model.variables import exports_of_instance, exports_of_type

_CODE = re.compile(r"([A-Z]+_[A-Z_]+)(?:@(\d+))?")
_PARTS = ("descriptor", "graph")
"""Directories whose files make a case an application."""


@dataclass
class Case:
    """The files of a case, and what is expected of them."""

    files: dict[str, str]
    codes: list[tuple[str, int | None]]
    """With the line, where one is given."""
    facts: list[tuple[str, str, Any]]
    """What, of what, and what it is to be."""


@dataclass
class Outcome:
    """What the files of a case say."""

    files: dict[str, str]
    problems: list[Problem]
    template: ApplicationTemplate | None = None
    found: Any = None
    """A rule, a target or commands."""


def read_case(text: str) -> Case:
    files = {}
    for section in text.split("\n--- ")[1:]:
        name, _, content = section.partition("\n")
        if content and not content.endswith("\n"):
            content += "\n"
        if name.endswith(" (escaped)"):
            name = name.removesuffix(" (escaped)")
            content = content.encode("latin-1", "backslashreplace").decode("unicode_escape")
        files[name] = content
    codes, facts = [], []
    for line in files.pop("expected").splitlines():
        if match := _CODE.fullmatch(line):
            codes.append((match[1], int(match[2]) if match[2] else None))
        else:
            what, _, value = line.partition(": ")
            name, _, about = what.partition(" ")
            facts.append((name, about, json.loads(value)))
    return Case(files, codes, facts)


def run(files, directory) -> Outcome:
    """Read the files of a case, written to a directory."""
    if "model" in files:
        return _of_objects(json.loads(files["model"]), files)
    if "commands" in files:
        return _of_commands(files)
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
    root = Directory(directory)
    if any("/" in name and name.split("/")[0] in _PARTS for name in files):
        loaded = load_application(directory, check_recipe=plugins().check_recipe, shown="")
        return Outcome(files, loaded.problems, loaded.template)
    if "main.drl" in files:
        rule, problems = read_rule_file(root, "main.drl")
        return Outcome(files, problems, found=rule)
    if "main.graph" not in files:
        targets = read_targets(root, required=True)
        return Outcome(files, targets.problems, found=targets.default)
    return _of_two_files(root, files)


@lru_cache(maxsize=1)
def plugins():
    """Return the installed plugins, which check recipes."""
    return load_plugins()


def _of_two_files(root, files):
    graph = build_graph(read_sources(root, "main.graph", FileKind.GRAPH))
    problems, roots = graph.problems, ()
    if "main.instances" in files:
        sources = read_sources(root, "main.instances", FileKind.INSTANCES)
        instances = build_instances(sources, graph.component_names, graph.graph)
        problems, roots = [*problems, *instances.problems], instances.roots
    return Outcome(files, problems, _template(graph.graph, roots))


def _template(graph, roots):
    return ApplicationTemplate(descriptor=Descriptor(name="app", version="1.0"), graph=graph, instances=roots)


def _of_commands(files):
    """Read commands for an application with instances of a machine, of software on it, and of what stands below."""
    components = [
        Component(name="VM", installer="target", children=("S",)),
        Component(name="S", installer="script", children=("W",)),
        Component(name="W", installer="file"),
    ]
    below = Instance(name="s", component="S", children=(Instance(name="w", component="W"),))
    roots = [Instance(name=name, component="VM") for name in ("vm 7", "vm 12")]
    roots.append(Instance(name="vm", component="VM", children=(below,)))
    checked = check_commands_text(
        files["commands"],
        "commands",
        graph=Graph({component.name: component for component in components}),
        roots=roots,
        executed={"other": frozenset()},
    )
    return Outcome(files, checked.problems, found=checked)


def _of_objects(model, files):
    """Build a model that no file can say, as programs may."""
    graph = Graph(
        {each["name"]: Component(**_with_variables(each)) for each in model.get("components", ())},
        {each["name"]: Facet(**_with_variables(each)) for each in model.get("facets", ())},
    )
    roots = tuple(_instance(each) for each in model.get("instances", ()))
    return Outcome(files, [*check_graph(graph), *check_instances(graph, roots)], _template(graph, roots))


def _with_variables(values):
    kinds = {"exports": ExportedVariable, "imports": ImportedVariable}
    made = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return made | {key: tuple(kind(**each) for each in values[key]) for key, kind in kinds.items() if key in values}


def _instance(values):
    return Instance(**values | {"children": tuple(_instance(each) for each in values.get("children", ()))})


def fact(outcome: Outcome, name: str, about: str):
    """Return what a case says something about."""
    if name in _OF_FOUND:
        return _OF_FOUND[name](outcome.found)
    if name in _OF_TEXTS:
        return _OF_TEXTS[name](outcome)
    template = outcome.template
    assert template is not None, outcome.problems
    if name in _OF_TEMPLATE:
        return _OF_TEMPLATE[name](template)
    if about.startswith("/"):
        return _OF_INSTANCES[name](template, find(template.instances, about), about)
    return _OF_TYPES[name](template.graph, about)


def _lines(checked):
    return [line.line for line in checked.lines if line.disabled]


_OF_FOUND = {"rule": lambda rule: rule, "target": lambda target: target, "disabled": _lines}
_OF_TEXTS = {
    "written": lambda outcome: format_text(outcome.files["main.graph"], FileKind.GRAPH),
    "written-without-comments": lambda outcome: format_text(
        outcome.files["main.graph"], FileKind.GRAPH, comments=False
    ),
    "instances-written": lambda outcome: format_text(outcome.files["main.instances"], FileKind.INSTANCES),
    "written-from-the-model": lambda outcome: render_graph(outcome.template.graph),
    "persisted": lambda outcome: render_instances(outcome.template.instances, states=True),
}
_OF_TEMPLATE = {
    "roots": lambda template: list(template.graph.roots()),
    "paths": lambda template: [placed.path for placed in walk(template.instances)],
    "descriptor": lambda template: template.descriptor,
    "needs": lambda template: {need.prefix: list(need.names) for need in needs_of(template.graph)},
    "targets": lambda template: {component: target.id for component, target in template.targets.items()},
    "settings": lambda template: template.settings,
}
_OF_TYPES = {
    "children": lambda graph, about: list(graph.children_of(about)),
    "exports": exports_of_type,
    "imports": lambda graph, about: {variable.name: _modifiers(variable) for variable in graph.imports_of(about)},
    "annotation": lambda graph, about: (graph.components | graph.facets)[about].annotation,
    "installer": lambda graph, about: graph.installer_of(about),
}
_OF_INSTANCES = {
    "exports": lambda template, instance, path: _exports(template, instance, path),
    "channels": lambda template, instance, path: list(instance.channels),
    "data": lambda template, instance, path: dict(instance.data),
    "state": lambda template, instance, path: instance.state,
}


def _exports(template, instance, path):
    root = find(template.instances, path.split("/")[1])
    return exports_of_instance(
        template.graph,
        component=instance.component,
        name=instance.name,
        path=path,
        overrides=instance.overrides,
        ip=root.data.get("ip.address"),
    )


def _modifiers(variable) -> str:
    words = ["external"] * variable.external + ["optional"] * variable.optional
    return ", ".join(words) or "mandatory"


def agrees(actual, expected) -> bool:
    """Tell whether something is what a case says; of objects, only what the case speaks of is compared."""
    if isinstance(expected, dict) and not isinstance(actual, dict):
        return all(agrees(getattr(actual, key), value) for key, value in expected.items())
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(agrees(actual[key], expected[key]) for key in actual)
    if isinstance(actual, list):
        return sorted(actual) == sorted(expected)
    return (list(actual) if isinstance(actual, tuple) else actual) == expected
