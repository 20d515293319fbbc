"""Models are written as text that reads back to the same model."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples
from random_models import graphs, ids, instance_trees, with_unique_names

from roboconf_core.dsl.files import SourceFile, Sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.render import render_graph, render_instances
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Status


def sources_of(text: str, kind: FileKind) -> Sources:
    return Sources([SourceFile("main", "main", parse(text, kind), text.split("\n"), usable=True)])


def read_graph(text: str) -> Graph:
    found = build_graph(sources_of(text, FileKind.GRAPH))
    lexical = [problem for problem in found.problems if not problem.code.startswith("RM_")]
    assert not lexical, lexical
    assert found.graph is not None
    return found.graph


def read_instances(text: str) -> tuple[Instance, ...]:
    found = build_instances(sources_of(text, FileKind.INSTANCES), None, None)
    assert all(problem.code == "P_EMPTY_FILE" for problem in found.problems), found.problems
    return found.roots


@given(graph=graphs())
@settings(max_examples=examples(60), deadline=None)
def test_a_graph_reads_back_to_itself(graph):
    text = render_graph(graph)
    assert read_graph(text) == graph
    assert render_graph(read_graph(text)) == text


@given(roots=st.lists(instance_trees(ids), max_size=3).filter(with_unique_names))
@settings(max_examples=examples(60), deadline=None)
def test_instances_read_back_to_themselves(roots):
    text = render_instances(roots, states=True)
    assert read_instances(text) == tuple(roots)
    assert render_instances(read_instances(text), states=True) == text


def test_states_are_only_written_when_asked_for():
    root = Instance(name="vm", component="VM", state=Status.PROBLEM, data={"b": "2", "a": "1"})
    head = "instance of VM {\n\tname: vm;\n"
    data = "\tinstance-data: a = 1, b = 2;\n}\n\n"
    assert render_instances([root]) == head + data
    assert render_instances([root], states=True) == f"{head}\tinstance-state: PROBLEM;\n{data}"


def test_a_graph_is_written_one_property_per_line():
    graph = Graph(
        {
            "VM": Component(
                name="VM",
                installer="target",
                facets=("F",),
                children=("VM",),
                exports=(
                    ExportedVariable(name="ip"),
                    ExportedVariable(name="m", value="a, b"),
                    ExportedVariable(name="p", random="port"),
                ),
                imports=(ImportedVariable(name="L.x", optional=True, external=True),),
                annotation="A machine.\nBig.",
            )
        },
        {"F": Facet(name="F", extends=("G",))},
    )
    assert render_graph(graph) == (
        "# A machine.\n# Big.\nVM {\n\tinstaller: target;\n\tfacets: F;\n\timports: external L.x (optional);\n"
        '\texports: ip, m="a, b", random[port] p;\n\tchildren: VM;\n}\n\nfacet F {\n\textends: G;\n}\n\n'
    )


def test_instances_are_written_with_a_tab_per_level():
    child = Instance(name="s", component="S", overrides={"port": "81", "x": "a;b", "y": '"q"'}, data={"k": "1,2"})
    root = Instance(name="vm ", component="VM", channels=("c", "d"), data={"a": "b", "z": ""}, children=(child,))
    assert render_instances([root]) == (
        "instance of VM {\n\tname: vm ;\n\tchannels: c, d;\n\tinstance-data: a = b, z = ;\n\n"
        '\tinstance of S {\n\t\tname: s;\n\t\tport: 81;\n\t\tx: "a;b";\n\t\ty: ""q"";\n\t\tdata.k: 1,2;\n\t}\n}\n\n'
    )


@pytest.mark.parametrize("value", ["a#b", "a\nb", 'a";b', "a\rb"])
def test_a_value_that_the_format_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="cannot be written"):
        render_instances([Instance(name="i", component="C", overrides={"x": value})])


@pytest.mark.parametrize("key", ["name", "DATA.x", "a b", "a:b", "}x", ""])
def test_a_key_that_means_something_else_is_refused(key):
    with pytest.raises(ValueError, match="cannot be written"):
        render_instances([Instance(name="i", component="C", overrides={key: "1"})])


@pytest.mark.parametrize("value", ['a"b', "a#b", "a\nb"])
def test_an_exported_value_that_cannot_be_quoted_is_refused(value):
    component = Component(name="A", exports=(ExportedVariable(name="x", value=value),))
    with pytest.raises(ValueError, match="cannot be written"):
        render_graph(Graph({"A": component}))


def test_the_quickstart_reads_back_to_itself():
    root = Path(__file__).parents[3] / "examples" / "quickstart"
    graph = read_graph((root / "graph" / "main.graph").read_text())
    assert read_graph(render_graph(graph)) == graph
    roots = read_instances((root / "instances" / "model.instances").read_text())
    assert read_instances(render_instances(roots)) == roots
