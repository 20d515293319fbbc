"""Runs the cases in ``cases/``: what files say, and what is wrong with them. A new case needs no code.

A case is a text file: a title, the files of the case, and what is expected::

    a doubled semicolon
    --- main.graph
    VM {
        installer: target;;
    }
    --- expected
    P_ONE_BLOCK_PER_LINE@2
    PM_INVALID_INSTALLER_NAME@2

Files whose name ends with ``(escaped)`` are written with Python's escapes. A case with a
``descriptor`` or ``graph`` directory is loaded as an application; others have a
``main.graph`` and perhaps a ``main.instances``, or a ``main.drl`` with a rule, or are a set of
targets. Expected are exactly these codes, with
their line where one is given, and facts such as ``roots: ["VM"]``.
"""

import json
import re
from pathlib import Path

import pytest

from roboconf_core.dsl.autonomic.directory import read_rule_file
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.loader import load_application
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.dsl.targets import read_targets
from roboconf_core.model.application import ApplicationTemplate, Descriptor, TargetDefinition
from roboconf_core.model.autonomic import Rule
from roboconf_core.model.instance import find, walk
from roboconf_core.model.settings import Settings
from roboconf_core.model.variables import exports_of_instance, exports_of_type

CASES = Path(__file__).parent / "cases"
_CODE = re.compile(r"([A-Z]+_[A-Z_]+)(?:@(\d+))?")


def read_case(text: str) -> tuple[dict[str, str], list[str]]:
    files = {}
    for section in text.split("\n--- ")[1:]:
        name, _, content = section.partition("\n")
        if content and not content.endswith("\n"):
            content += "\n"
        if name.endswith(" (escaped)"):
            name = name.removesuffix(" (escaped)")
            content = content.encode("latin-1", "backslashreplace").decode("unicode_escape")
        files[name] = content
    return files, files.pop("expected").splitlines()


def load(files: dict[str, str], directory: Path):
    """Return the model of a case, as a template whatever its problems are, and the problems."""
    for name, content in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
    if any("/" in name and name.split("/")[0] in ("descriptor", "graph") for name in files):
        loaded = load_application(directory, shown="")
        return loaded.template, loaded.problems
    root = Directory(directory)
    if "main.drl" in files:
        return read_rule_file(root, "main.drl")
    if "main.graph" not in files:
        found = read_targets(root, required=True)
        return found.default, found.problems
    found = build_graph(read_sources(root, "main.graph", FileKind.GRAPH))
    problems, roots = found.problems, ()
    if "main.instances" in files:
        instances = build_instances(
            read_sources(root, "main.instances", FileKind.INSTANCES), found.component_names, found.graph
        )
        problems, roots = [*problems, *instances.problems], instances.roots
    descriptor = Descriptor(name="app", version="1.0")
    template = ApplicationTemplate(descriptor=descriptor, graph=found.graph, instances=roots)
    return template, problems


def fact(template: ApplicationTemplate | Rule | TargetDefinition, name: str, about: str):
    if name in ("rule", "target"):
        return template
    graph = template.graph
    if name == "roots":
        return list(graph.roots())
    if name == "children":
        return list(graph.children_of(about))
    if name == "exports" and not about.startswith("/"):
        return exports_of_type(graph, about)
    if name == "imports":
        return {variable.name: modifiers(variable) for variable in graph.imports_of(about)}
    if name == "annotation":
        return (graph.components | graph.facets)[about].annotation
    if name == "paths":
        return [placed.path for placed in walk(template.instances)]
    if name == "descriptor":
        return template.descriptor
    if name == "targets":
        return {component: target.id for component, target in template.targets.items()}
    if name == "settings":
        return template.settings
    instance = find(template.instances, about)
    if name == "exports":
        root = find(template.instances, about.split("/")[1])
        return exports_of_instance(
            graph,
            component=instance.component,
            name=instance.name,
            path=about,
            overrides=instance.overrides,
            ip=root.data.get("ip.address"),
        )
    return {"channels": list(instance.channels), "data": dict(instance.data)}[name]


def modifiers(variable) -> str:
    words = ["external"] * variable.external + ["optional"] * variable.optional
    return ", ".join(words) or "mandatory"


def agrees(actual, expected) -> bool:
    if isinstance(actual, Descriptor | Rule | TargetDefinition):
        return all(agrees(getattr(actual, key), value) for key, value in expected.items())
    if isinstance(actual, dict) and any(isinstance(value, Settings) for value in actual.values()):
        return {c: {k: getattr(actual[c], k) for k in expected[c]} for c in actual} == expected
    return (sorted(actual) if isinstance(actual, list) else actual) == (
        sorted(expected) if isinstance(expected, list) else expected
    ) or (isinstance(actual, tuple) and list(actual) == expected)


@pytest.mark.parametrize("case", sorted(CASES.rglob("*.case")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(case, tmp_path):
    files, expected = read_case(case.read_text(encoding="utf-8"))
    template, problems = load(files, tmp_path)
    wanted = [match for line in expected if (match := _CODE.fullmatch(line))]
    found = [(str(p.code), p.where.line if p.where else 0) for p in problems]
    shown = "\n".join(str(problem) for problem in problems)
    assert sorted(code for code, _ in found) == sorted(match[1] for match in wanted), shown
    for match in wanted:
        if match[2]:
            assert (match[1], int(match[2])) in found, shown
    for line in expected:
        if not _CODE.fullmatch(line):
            what, _, value = line.partition(": ")
            name, _, about = what.partition(" ")
            actual = fact(template, name, about)
            assert agrees(actual, json.loads(value)), f"{what} is {actual}"


def test_a_case_with_the_wrong_expectation_fails(tmp_path):
    template, problems = load({"main.graph": "VM {\n\tinstaller: target\n}\n"}, tmp_path)
    assert [str(problem.code) for problem in problems] == ["P_PROPERTY_ENDS_WITH_SEMI_COLON"]
    assert template.graph.roots() == ("VM",)
