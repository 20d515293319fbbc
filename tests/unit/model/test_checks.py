"""Checks of graphs and instances that were built by a program; those read from files are conformance cases."""

import pytest

from roboconf_core.errors import Code, Where
from roboconf_core.model.checks import check_graph, check_instances, check_new_instance
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance, replicate

VM = Component(name="VM", installer="target", children=("S",))
S = Component(name="S", installer="script", exports=(ExportedVariable(name="port", value="80"),))


def graph_of(*types: Component | Facet) -> Graph:
    return Graph(
        {t.name: t for t in types if isinstance(t, Component)},
        {t.name: t for t in types if isinstance(t, Facet)},
    )


def codes(problems) -> list[Code]:
    return [problem.code for problem in problems]


GRAPH = graph_of(VM, S)
TREE = Instance(name="vm", component="VM", children=(Instance(name="s", component="S"),))


def test_a_sound_graph_and_sound_instances_have_no_problem():
    assert check_graph(GRAPH) == check_instances(GRAPH, [TREE]) == []


@pytest.mark.parametrize(
    ("component", "code"),
    [
        (Component(name="", installer="target"), Code.RM_EMPTY_COMPONENT_NAME),
        (Component(name="a/b", installer="target"), Code.RM_INVALID_COMPONENT_NAME),
        (Component(name="a.b", installer="target"), Code.RM_DOT_IS_NOT_ALLOWED),
        (Component(name="A", installer="a/b"), Code.RM_INVALID_COMPONENT_INSTALLER),
        (
            Component(name="A", installer="target", exports=(ExportedVariable(name=""),)),
            Code.RM_EMPTY_VARIABLE_NAME,
        ),
        (
            Component(name="A", installer="target", exports=(ExportedVariable(name="1"),)),
            Code.RM_INVALID_VARIABLE_NAME,
        ),
        (
            Component(name="A", installer="target", imports=(ImportedVariable(name="a b.c", external=True),)),
            Code.RM_INVALID_VARIABLE_NAME,
        ),
    ],
)
def test_components_built_by_program_are_checked(component, code):
    assert codes(check_graph(graph_of(component))) == [code]


@pytest.mark.parametrize(
    ("facet", "code"),
    [("", Code.RM_EMPTY_FACET_NAME), ("a/b", Code.RM_INVALID_FACET_NAME), ("a.b", Code.RM_DOT_IS_NOT_ALLOWED)],
)
def test_facets_built_by_program_are_checked(facet, code):
    graph = graph_of(Component(name="A", installer="target", facets=(facet,)), Facet(name=facet))
    assert codes(check_graph(graph)) == [code]


@pytest.mark.parametrize(
    ("instance", "code"),
    [
        (Instance(name=" ", component="VM"), Code.RM_EMPTY_INSTANCE_NAME),
        (Instance(name="a/b", component="VM"), Code.RM_INVALID_INSTANCE_NAME),
        (Instance(name="a", component=""), Code.RM_EMPTY_INSTANCE_COMPONENT),
        (Instance(name="a", component="Vm"), Code.CO_INEXISTING_COMPONENT),
        (Instance(name="a", component="S"), Code.RM_MISSING_INSTANCE_PARENT),
        (
            Instance(name="a", component="VM", children=(Instance(name="b", component="VM"),)),
            Code.RM_INVALID_INSTANCE_PARENT,
        ),
    ],
)
def test_instances_built_by_program_are_checked(instance, code):
    assert codes(check_instances(GRAPH, [instance])) == [code]


def test_an_unknown_component_is_suggested():
    (problem,) = check_instances(GRAPH, [Instance(name="a", component="Vm")])
    assert problem.hint == "did you mean 'VM'?"


def test_a_problem_of_an_override_has_the_place_of_the_override():
    instance = Instance(
        name="s",
        component="S",
        overrides={"ports": "1"},
        where=Where(file="m.instances", line=4, column=2),
        positions={"ports": (6, 3)},
    )
    (problem,) = check_instances(GRAPH, [Instance(name="vm", component="VM", children=(instance,))])
    assert problem.where == Where(file="m.instances", line=6, column=3)
    assert problem.hint == "did you mean 'port'?"


def test_a_component_below_a_facet_that_only_another_facet_extends_is_reachable():
    graph = graph_of(
        Component(name="VM", installer="target", facets=("G",)),
        Facet(name="F", children=("S",)),
        Facet(name="G", extends=("F",)),
        S,
    )
    assert check_graph(graph) == []


def test_a_machine_below_an_unused_facet_is_still_reachable():
    graph = graph_of(Component(name="VM", installer="target"), Facet(name="F", children=("VM",)))
    assert codes(check_graph(graph)) == [Code.RM_ORPHAN_FACET_WITH_CHILDREN]


def test_a_cycle_that_no_root_leads_to_is_found_too():
    graph = graph_of(
        VM,
        S,
        Component(name="A", installer="x", children=("B",)),
        Component(name="B", installer="x", children=("F",)),
        Facet(name="F"),
        Component(name="C", installer="x", facets=("F",), children=("A",)),
    )
    problems = check_graph(graph)
    assert codes(problems) == [Code.RM_CYCLE_IN_COMPONENTS] * 3
    assert "A -> B -> C -> A" in problems[0].message


def test_what_leads_into_or_out_of_a_cycle_is_not_in_it():
    graph = graph_of(
        Component(name="VM", installer="target", children=("A",)),
        Component(name="A", installer="x", children=("A", "Z")),
        Component(name="Z", installer="x"),
    )
    assert [problem.message.split("'")[1] for problem in check_graph(graph)] == ["A"]


@pytest.mark.parametrize("last", [None, "C0"])
def test_thousands_of_levels_are_refused_at_once(last):
    chain = [Component(name=f"C{i}", installer="target", extends=f"C{i + 1}") for i in range(3000)]
    facets = [Facet(name=f"F{i}", extends=(f"F{i + 1}",)) for i in range(3000)]
    ends = (Component(name="C3000", installer="target", extends=last), Facet(name="F3000"))
    problems = check_graph(graph_of(*chain, *facets, *ends))
    assert set(codes(problems)) == {Code.RM_INHERITANCE_TOO_DEEP}


def test_fifty_levels_are_fine():
    chain = [Component(name=f"C{i}", installer="target", extends=f"C{i + 1}") for i in range(49)]
    assert check_graph(graph_of(*chain, Component(name="C49", installer="target"))) == []


def test_a_new_root_needs_a_free_name():
    assert codes(check_new_instance(GRAPH, [TREE], "", TREE)) == [Code.CO_ALREADY_DEFINED_INSTANCE]
    assert check_new_instance(GRAPH, [TREE], "", replicate(TREE, "vm2")) == []


def test_a_new_child_needs_a_parent_that_exists_and_fits():
    child = Instance(name="s2", component="S")
    assert check_new_instance(GRAPH, [TREE], "/vm", child) == []
    assert codes(check_new_instance(GRAPH, [TREE], "/wm", child)) == [Code.RM_INVALID_INSTANCE_PARENT]
    assert codes(check_new_instance(GRAPH, [TREE], "/vm/s", child)) == [Code.RM_INVALID_INSTANCE_PARENT]
    assert codes(check_new_instance(GRAPH, [TREE], "", child)) == [Code.RM_MISSING_INSTANCE_PARENT]
    assert codes(check_new_instance(GRAPH, [TREE], "/vm", TREE.children[0])) == [Code.CO_ALREADY_DEFINED_INSTANCE]


def test_everything_below_a_new_instance_is_checked():
    tree = Instance(name="vm3", component="VM", children=(Instance(name="1", component="S"),))
    (problem,) = check_new_instance(GRAPH, [TREE], "", tree)
    assert problem.code is Code.RM_INVALID_INSTANCE_NAME


def test_thousands_of_mistakes_are_reported_at_once():
    components = [Component(name=f"Component{i}", installer="target") for i in range(3000)]
    instances = [Instance(name=f"i{i}", component=f"Komponent{i}") for i in range(3000)]
    problems = check_instances(graph_of(*components), instances)
    assert len(problems) == 3000
    assert problems[0].hint == "did you mean 'Component0'?"
    assert problems[-1].hint == ""
