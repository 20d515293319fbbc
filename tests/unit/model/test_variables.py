"""What types and instances export, and what components import."""

from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.variables import (
    exports_of_instance,
    exports_of_type,
    import_specs,
    mandatory_prefixes,
    random_ports_of,
)


def exports(**values: str | None) -> tuple[ExportedVariable, ...]:
    return tuple(ExportedVariable(name=name.replace("__", "."), value=value) for name, value in values.items())


def graph_of(*types: Component | Facet) -> Graph:
    return Graph(
        {t.name: t for t in types if isinstance(t, Component)},
        {t.name: t for t in types if isinstance(t, Facet)},
    )


def instance_exports(graph: Graph, component: str, overrides=None, **more):
    return exports_of_instance(graph, component=component, name="i", path="/vm/i", overrides=overrides or {}, **more)


PORT = ExportedVariable(name="port", random="Port")
INHERITING = graph_of(
    Component(name="A", installer="x", exports=(*exports(ip=None), PORT)),
    Component(name="B", extends="A"),
)


def test_own_variables_get_the_prefix_of_their_component():
    graph = graph_of(Component(name="A", exports=exports(a="1", A__b="2", X__c="3")))
    assert exports_of_type(graph, "A") == {"A.a": "1", "A.b": "2", "A.X.c": "3"}


def test_inherited_variables_are_exported_under_both_prefixes():
    graph = graph_of(
        Component(name="A", exports=exports(ip=None, port="1")),
        Component(name="B", extends="A", exports=exports(own="2")),
    )
    assert exports_of_type(graph, "B") == {"A.ip": None, "A.port": "1", "B.own": "2", "B.ip": None, "B.port": "1"}


def test_a_facet_overrides_what_it_extends_by_full_name_only():
    graph = graph_of(
        Facet(name="F", exports=exports(v="1", w="1")),
        Facet(name="G", extends=("F",), exports=exports(v="2", F__w="2")),
    )
    assert exports_of_type(graph, "G") == {"F.v": "1", "F.w": "2", "G.v": "2"}


def test_facets_in_a_cycle_export_nothing():
    graph = graph_of(
        Facet(name="F", extends=("G",), exports=exports(a="1")),
        Facet(name="G", extends=("F",)),
        Facet(name="H", extends=("F",), exports=exports(h="1")),
    )
    assert exports_of_type(graph, "F") == exports_of_type(graph, "G") == {}
    assert exports_of_type(graph, "H") == {"H.h": "1"}


def test_components_in_a_cycle_still_export():
    graph = graph_of(
        Component(name="A", extends="B", exports=exports(a="1")),
        Component(name="B", extends="A", exports=exports(b="2")),
    )
    assert exports_of_type(graph, "A") == {"B.b": "2", "A.a": "1", "A.b": "2"}
    assert exports_of_type(graph, "B") == {"A.a": "1", "B.b": "2", "B.a": "1"}


def test_the_extended_component_wins_when_inherited_values_differ():
    graph = graph_of(
        Facet(name="F", exports=exports(v="facet")),
        Component(name="P", exports=exports(v="super")),
        Component(name="C", extends="P", facets=("F",)),
    )
    assert exports_of_type(graph, "C")["C.v"] == "super"


def test_facets_count_in_the_order_of_their_declaration_when_inherited_values_differ():
    graph = graph_of(
        Facet(name="E", exports=exports(v="extended")),
        Facet(name="F", extends=("E",)),
        Facet(name="G", exports=exports(v="declared")),
        Component(name="C", facets=("F", "G")),
        Component(name="D", facets=("G", "F")),
    )
    assert exports_of_type(graph, "C")["C.v"] == exports_of_type(graph, "D")["D.v"] == "declared"


def test_an_unknown_type_exports_nothing():
    assert exports_of_type(graph_of(), "X") == {}


def test_what_is_returned_may_be_changed_without_harm():
    exports_of_type(INHERITING, "B").clear()
    assert "A.port" in exports_of_type(INHERITING, "B")


def test_one_port_serves_all_names_of_an_inherited_random_variable():
    assert random_ports_of(INHERITING, "B") == ("port",)
    assert instance_exports(INHERITING, "B", ports={"port": 10001}) == {"A.port": "10001", "B.port": "10001"}


def test_a_plain_redeclaration_ends_randomness():
    graph = graph_of(Component(name="A", exports=(PORT,)), Component(name="B", extends="A", exports=exports(port="80")))
    assert random_ports_of(graph, "B") == ()
    assert instance_exports(graph, "B", ports={"port": 10001}) == {"A.port": "80", "B.port": "80"}


def test_an_override_needs_no_port_by_local_name_or_by_all_full_names():
    assert random_ports_of(INHERITING, "B", {"port": "9"}) == ()
    assert random_ports_of(INHERITING, "A", {"A.port": "9"}) == ()
    assert random_ports_of(INHERITING, "B", {"A.port": "9"}) == ("port",)
    values = instance_exports(INHERITING, "B", {"A.port": "9"}, ports={"port": 10001})
    assert values == {"A.port": "9", "B.port": "10001"}


def test_an_ambiguous_override_sets_all_names_and_the_raw_one():
    assert instance_exports(INHERITING, "B", {"port": "9"}) == {"A.port": "9", "B.port": "9", "port": "9"}


def test_the_address_of_the_machine_wins_over_overrides():
    values = instance_exports(INHERITING, "B", {"ip": "1.1.1.1", "IP": "2.2.2.2"}, ip="10.0.0.7")
    assert values["A.ip"] == values["B.ip"] == values["ip"] == values["IP"] == "10.0.0.7"
    assert instance_exports(INHERITING, "A", {"ip": "1.1.1.1"})["A.ip"] == "1.1.1.1"


def test_extra_variables_have_no_prefix():
    assert instance_exports(INHERITING, "A", {"color": "blue"}) == {"color": "blue"}


def test_references_to_the_instance_are_replaced_in_defaults_and_overrides():
    graph = graph_of(Component(name="S", exports=exports(n="$(ROBOCONF_INSTANCE_NAME)", u="$(OTHER)", p="x")))
    values = exports_of_instance(
        graph,
        component="S",
        name="s-1.a",
        path="/my vm/s-1.a",
        overrides={
            "p": "$(ROBOCONF_INSTANCE_PATH)!",
            "k": "$(ROBOCONF_CLEAN_INSTANCE_PATH)",
            "r": "$(ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH)",
            "c": "$(ROBOCONF_COMPONENT_NAME)",
        },
    )
    assert values == {
        "S.n": "s-1.a",
        "S.u": "$(OTHER)",
        "S.p": "/my vm/s-1.a!",
        "k": "my_vm_s_1_a",
        "r": "s_1_a_my_vm",
        "c": "S",
    }


def test_one_mandatory_import_makes_its_prefix_mandatory():
    graph = graph_of(
        Component(
            name="A",
            imports=(
                ImportedVariable(name="DB.ip", optional=True),
                ImportedVariable(name="Lamp.x", external=True),
                ImportedVariable(name="DB.port"),
                ImportedVariable(name="C.*", optional=True),
            ),
        ),
    )
    assert mandatory_prefixes(graph, "A") == {"DB", "Lamp"}
    assert import_specs(graph, "A") == (
        ("DB", ("DB.ip", "DB.port"), False, False),
        ("Lamp", ("Lamp.x",), False, True),
        ("C", ("C.*",), True, False),
    )
