"""Applications in the styles that people write them: all of them are clean, mean what they should, and survive rewriting."""

import re
import shutil
import subprocess

import pytest
from applications import APPLICATIONS, NAMES, context_of, expected, loaded, specs
from programs import require_program

from roboconf_bash.environment import environment_for
from roboconf_bash.handler import BashHandler
from roboconf_core.cli.main import run
from roboconf_core.cli.validate import problems_of
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.loader import load_application
from roboconf_core.dsl.render import render_graph, render_instances
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.instance import walk
from roboconf_core.model.lifecycle import Action
from roboconf_core.model.variables import import_specs, random_ports_of

FACTS = {
    "roots",
    "instances",
    "machines",
    "depends",
    "exports",
    "external_exports",
    "random_ports",
    "targets",
    "commands",
    "rules",
    "probes",
}

SCRIPTS = sorted(
    path for path in APPLICATIONS.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env bash")
)


def files_of(name, directory, suffix):
    return sorted(path.name.removesuffix(suffix) for path in (APPLICATIONS / name / directory).glob(f"*{suffix}"))


def test_there_are_a_dozen_and_each_has_its_facts_beside_it():
    assert len(NAMES) >= 12
    assert sorted(path.stem for path in APPLICATIONS.glob("*.json")) == list(NAMES)
    assert all(set(expected(name)) <= FACTS for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_it(name):
    assert {"bash", "puppet"} <= {plugin.name for plugin in load_plugins().all}, "recipes would not be checked"
    assert [str(problem) for problem in problems_of(APPLICATIONS / name)] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_machines_and_instances_are_those_that_it_describes(name):
    template, facts = loaded(name).template, expected(name)
    placed = [specs(name)[each.path] for each in walk(template.instances)]
    assert list(template.graph.roots()) == facts["roots"]
    assert len(placed) == facts["instances"]
    assert sum(template.graph.is_target(each.component) for each in placed) == facts["machines"]
    assert {component: target.id for component, target in template.targets.items()} == facts["targets"]


def users_of(graph):
    """Return component to whom it depends on: components, or prefixes of other applications."""
    found = {}
    for component in graph.components:
        needs = set()
        for wanted in import_specs(graph, component):
            members = graph.relations.members(wanted.prefix)
            needs.update([f"external {wanted.prefix}"] if wanted.external else members)
        if needs:
            found[component] = sorted(needs)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_its_components_depend_on_those_that_they_should(name):
    assert users_of(loaded(name).template.graph) == expected(name)["depends"]


@pytest.mark.parametrize("name", NAMES)
def test_its_instances_export_what_they_should(name):
    for path, exports in expected(name).get("exports", {}).items():
        found = specs(name)[path].exports
        for variable, value in exports.items():
            assert found[variable] == value or (value is None and found[variable].isdigit()), (path, variable)


@pytest.mark.parametrize("name", NAMES)
def test_its_ports_and_external_exports_are_those_that_it_declares(name):
    template, facts = loaded(name).template, expected(name)
    drawn = {component: list(random_ports_of(template.graph, component)) for component in template.graph.components}
    assert {component: ports for component, ports in drawn.items() if ports} == facts.get("random_ports", {})
    assert dict(template.descriptor.external_exports) == facts.get("external_exports", {})


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_commands_rules_and_probes_that_it_should(name):
    facts = expected(name)
    assert files_of(name, "commands", ".commands") == facts.get("commands", [])
    assert files_of(name, "probes", ".measures") == facts.get("probes", [])
    rules = [path.read_text() for path in (APPLICATIONS / name / "rules.autonomic").glob("*.drl")]
    assert sorted(re.search(r'rule "([^"]*)"', text)[1] for text in rules) == facts.get("rules", [])


@pytest.mark.parametrize("name", NAMES)
def test_its_model_reads_back_from_the_text_that_is_written_of_it(name, tmp_path):
    template = loaded(name).template
    (tmp_path / "main.graph").write_text(render_graph(template.graph))
    (tmp_path / "main.instances").write_text(render_instances(template.instances))
    graph = build_graph(read_sources(Directory(tmp_path), "main.graph", FileKind.GRAPH))
    assert graph.problems == []
    assert graph.graph == template.graph
    sources = read_sources(Directory(tmp_path), "main.instances", FileKind.INSTANCES)
    instances = build_instances(sources, graph.component_names, graph.graph)
    assert instances.problems == []
    assert instances.roots == template.instances


@pytest.mark.parametrize("name", NAMES)
def test_its_files_are_in_the_usual_layout(name, capsys):
    assert run(["fmt", "--check", str(APPLICATIONS / name)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_comments_above_its_types_are_their_annotations(name):
    graph = loaded(name).template.graph
    annotations = [each.annotation for each in (*graph.components.values(), *graph.facets.values()) if each.annotation]
    text = "".join(path.read_text() for path in (APPLICATIONS / name / "graph").rglob("*.graph"))
    assert annotations
    for annotation in annotations:
        for line in annotation.split("\n"):
            assert f"# {line}\n" in text


def slips_of(name):
    """Yield a slip of the pen in each line that can have it: the file, its text, the line, and the code to expect."""
    for file in sorted([*(APPLICATIONS / name).rglob("*.graph"), *(APPLICATIONS / name).rglob("*.instances")]):
        lines = file.read_text().split("\n")
        for number, line in enumerate(lines, 1):
            for pattern, replacement, code in (
                (r"^(\t+[\w-]+: [^;#]*);(?=[^;]*$)", r"\1", Code.P_PROPERTY_ENDS_WITH_SEMI_COLON),
                (r"^(\t*instance of \w+)", r"\1x", Code.CO_INEXISTING_COMPONENT),
                (r"^(\timports: \w+)(?=\.)", r"\1x", Code.RM_UNRESOLVABLE_VARIABLE),
            ):
                slip = re.sub(pattern, replacement, line)
                if slip != line:
                    yield file, "\n".join([*lines[: number - 1], slip, *lines[number:]]), number, code


@pytest.mark.parametrize("name", NAMES)
def test_a_slip_of_the_pen_is_one_problem_at_its_line(name):
    slips = list(slips_of(name))
    assert {code for *_, code in slips} >= {Code.P_PROPERTY_ENDS_WITH_SEMI_COLON, Code.CO_INEXISTING_COMPONENT}
    for file, text, line, code in slips[:: max(1, len(slips) // 20)]:
        problems = load_application(APPLICATIONS / name, unsaved={file: text}).problems
        assert [(p.code, p.where.file, p.where.line) for p in problems] == [(code, str(file), line)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(APPLICATIONS)))
def test_a_script_is_bash(path):
    result = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def recipes_of(name):
    """Return the paths of one instance for each component whose recipe is scripts."""
    return {spec.component: path for path, spec in specs(name).items() if spec.installer in BashHandler.names}


def unknown_variables(scripts, known):
    """Return what scripts read although nobody sets it."""
    text = re.sub(r"(^|\s)#.*", "", scripts)
    text = re.sub(r"'[^']*'", "''", text)
    items = re.findall(r"=(\w+)_\$\{i\}_(\w+)", text)
    read = {f"{prefix}_0_{variable}" for prefix, variable in items}
    read |= {name for name, rest in re.findall(r"\$\{?!?([A-Za-z_]\w*)(\*?)", text) if not rest and name != "IFS"}
    read |= {name for name in re.findall(r"\b\w+_size\b", text)}
    assigned = set(re.findall(r"\b(\w+)\+?=", text)) | set(re.findall(r"\bfor (?:\(\()?(\w+)", text))
    assigned |= set(re.findall(r"\bread .* (\w+) <", text))
    read = {each for each in read if not each.endswith(("_", "_0"))}  # the beginning of a name that goes on with ${i}
    return sorted(read - assigned - known.keys())


@pytest.mark.parametrize("name", [name for name in NAMES if recipes_of(name)])
def test_its_recipes_are_told_all_that_they_ask_for(name, tmp_path):
    """Templates are rendered with what agents would tell, and scripts read nothing else."""
    handler = BashHandler()
    for component, path in recipes_of(name).items():
        directory = tmp_path / component / "recipe"
        shutil.copytree(loaded(name).resources[component], directory)
        context = context_of(name, path, directory)
        handler.initialize(context)
        assert any(handler.supports(action, directory) for action in Action), component
        command = handler.command_for(context)
        assert command is None or command.argv, component
        text = "\n".join(script.read_text() for script in sorted((directory / "scripts").glob("*.sh")))
        assert unknown_variables(text, environment_for(context)) == [], component


@pytest.mark.parametrize(
    ("script", "unknown"),
    [
        ('echo "$ip" "${Web_size:-0}" "$Web_0_port"', []),
        ('echo "$pi" "${Wbe_size:-0}" "$Web_0_prot"', ["Wbe_size", "Web_0_prot", "pi"]),
        ('for ((i = 0; i < Web_size; i++)); do a=Web_${i}_ip b=Web_${i}_prot; echo "${!a}"; done', ["Web_0_prot"]),
        ("x=1; for y in 1; do echo $x $y $z; done # $u", ["z"]),
    ],
)
def test_variables_that_nobody_sets_are_found(script, unknown):
    assert unknown_variables(script, {"ip": "", "Web_size": "", "Web_0_port": "", "Web_0_ip": ""}) == unknown


def test_puppet_reads_all_manifests_and_templates():
    puppet = require_program("puppet", "puppet")
    for kind, suffix in (("parser", "pp"), ("epp", "epp")):
        files = sorted(APPLICATIONS.rglob(f"*.{suffix}"))
        assert files
        result = subprocess.run([puppet, kind, "validate", *files], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")
