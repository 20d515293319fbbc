"""Relations between the types of a graph."""

import copy
import pickle
from dataclasses import fields

from roboconf_core.model.graph import Component, Facet, Graph, ImportedVariable


def graph_of(*types: Component | Facet) -> Graph:
    return Graph(
        {t.name: t for t in types if isinstance(t, Component)},
        {t.name: t for t in types if isinstance(t, Facet)},
    )


def test_supers_begin_with_the_component_and_stop_at_a_repetition():
    graph = graph_of(
        Component(name="A", extends="B"), Component(name="B", extends="C"), Component(name="C", extends="B")
    )
    assert graph.supers("A") == ("A", "B", "C")


def test_subs_never_contain_the_component_even_in_a_cycle():
    graph = graph_of(
        Component(name="A", extends="B"), Component(name="B", extends="A"), Component(name="C", extends="A")
    )
    assert graph.subs("A") == ("B", "C")


def test_facets_are_inherited_from_supers_and_from_extended_facets():
    graph = graph_of(
        Component(name="A", facets=("F",)),
        Component(name="B", extends="A", facets=("H",)),
        Facet(name="F", extends=("G",)),
        Facet(name="G"),
        Facet(name="H"),
    )
    assert graph.facets_of("B") == ("H", "F", "G")
    assert graph.facets_of("A") == ("F", "G")


def test_an_inherited_installer_makes_a_target_in_any_case():
    graph = graph_of(Component(name="VM", installer="Target"), Component(name="Big", extends="VM"), Component(name="S"))
    assert graph.installer_of("Big") == "Target"
    assert graph.is_target("Big")
    assert graph.installer_of("S") is None
    assert not graph.is_target("S")


def test_children_are_found_through_facets_that_extend_and_components_that_extend():
    graph = graph_of(
        Component(name="VM", children=("F",)),
        Component(name="VM2", extends="VM"),
        Facet(name="F"),
        Facet(name="G", extends=("F",)),
        Component(name="C", facets=("F",)),
        Component(name="A", facets=("G",)),
        Component(name="B", extends="A"),
    )
    assert graph.children_of("VM") == graph.children_of("VM2") == ("A", "B", "C")
    assert graph.ancestors_of("B") == ("VM", "VM2")
    assert graph.roots() == ("VM", "VM2")
    assert graph.relations.is_child("B", "VM2")
    assert not graph.relations.is_child("VM", "VM2")


def test_children_that_a_facet_of_the_component_names_count():
    graph = graph_of(
        Component(name="VM", facets=("F",)),
        Facet(name="F", extends=("G",)),
        Facet(name="G", children=("S",)),
        Component(name="S"),
    )
    assert graph.children_of("VM") == ("S",)
    assert graph.ancestors_of("S") == ("VM",)


def test_a_child_of_a_facet_that_nobody_has_is_a_root():
    graph = graph_of(Facet(name="F", children=("S",)), Component(name="S"))
    assert graph.roots() == ("S",)


def test_the_nearest_declaration_of_an_import_wins():
    graph = graph_of(
        Component(name="A", imports=(ImportedVariable(name="DB.ip", optional=True), ImportedVariable(name="DB.port"))),
        Component(name="B", extends="A", imports=(ImportedVariable(name="DB.ip"),)),
    )
    assert [(v.name, v.optional) for v in graph.imports_of("B")] == [("DB.ip", False), ("DB.port", False)]


def test_unknown_names_relate_to_nothing():
    graph = graph_of(Component(name="A", extends="X", facets=("F",), children=("Y",)))
    assert graph.supers("A") == ("A",)
    assert graph.facets_of("A") == ()
    assert graph.children_of("A") == ()
    assert graph.supers("nope") == graph.children_of("nope") == graph.ancestors_of("nope") == ()
    assert graph.installer_of("nope") is None


def test_remembered_relations_are_no_part_of_the_value():
    asked, fresh = (graph_of(Component(name="A", children=("B",)), Component(name="B")) for _ in range(2))
    assert asked.children_of("A") == ("B",)
    assert asked == fresh
    assert [f.name for f in fields(asked)] == ["components", "facets"]
    assert pickle.loads(pickle.dumps(asked)) == copy.deepcopy(asked) == fresh
    assert copy.copy(asked).children_of("A") == ("B",)


def test_many_machines_with_the_same_children_share_one_answer():
    machines = [Component(name=f"VM{i}", installer="target", children=("F",)) for i in range(2000)]
    software = [Component(name=f"S{i}", facets=("F",)) for i in range(2000)]
    graph = graph_of(*machines, *software, Facet(name="F"))
    assert graph.children_of("VM0") is graph.children_of("VM1999")
    assert len(graph.children_of("VM7")) == 2000
    assert len(graph.roots()) == 2000


def test_a_long_chain_of_extending_components_is_walked_without_recursion():
    chain = [Component(name=f"C{i}", extends=f"C{i - 1}" if i else None, installer="x") for i in range(3000)]
    graph = graph_of(*chain)
    assert len(graph.supers("C2999")) == 3000
    assert len(graph.subs("C0")) == 2999
