"""The view of components, as data."""

import pytest

from roboconf_core.documentation import diagram as diagrams
from roboconf_core.documentation.components import components_diagram
from roboconf_core.documentation.diagram import Edge, EdgeKind, Node, NodeKind, Part, Parts, View
from roboconf_core.errors import Code, InvalidModelError
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable


def graph(*types):
    return Graph(
        {each.name: each for each in types if isinstance(each, Component)},
        {each.name: each for each in types if isinstance(each, Facet)},
    )


def component(name, installer=None, **more):
    return Component(name=name, installer=installer, **more)


def imported(*names, **more):
    return tuple(ImportedVariable(name=name, **more) for name in names)


EXPORTS = (ExportedVariable(name="ip"),)
VM = component("VM", "target", children=("Database", "App"))
DATABASE = component("Database", "bash", exports=EXPORTS)


def arrows(diagram, kind):
    return [(edge.source, edge.target) for edge in diagram.edges if edge.kind is kind]


def between(*names):
    """Return what ``arrows`` gives for components ``A>B``."""
    return [tuple(f"component:{name}" for name in pair.split(">")) for pair in names]


def ids(diagram):
    return [node.id for node in diagram.nodes]


def only(*parts, facets=True):
    return Parts(only=frozenset(parts), facets=facets)


def test_machines_are_told_apart_from_software_also_when_the_installer_is_inherited():
    drawn = components_diagram(graph(VM, component("BigVM", extends="VM"), DATABASE, component("App", "bash")), "shop")
    assert drawn.view is View.COMPONENTS
    assert drawn.title == "shop"
    assert drawn.nodes == (
        Node(id="component:VM", name="VM", kind=NodeKind.MACHINE, installer="target"),
        Node(id="component:BigVM", name="BigVM", kind=NodeKind.MACHINE, installer="target"),
        Node(id="component:Database", name="Database", kind=NodeKind.SOFTWARE, installer="bash"),
        Node(id="component:App", name="App", kind=NodeKind.SOFTWARE, installer="bash"),
    )


def test_children_are_in_the_order_of_their_declaration():
    drawn = components_diagram(graph(VM, component("App", "bash"), DATABASE), "shop")
    assert arrows(drawn, EdgeKind.CONTAINMENT) == between("VM>Database", "VM>App")


def test_a_dependency_tells_what_is_imported_and_whether_it_is_optional():
    app = component("App", "bash", imports=imported("Database.ip", "Database.port"))
    monitor = component("Monitor", "bash", imports=imported("App.*", optional=True))
    drawn = components_diagram(graph(VM, DATABASE, app, monitor), "shop")
    assert [edge for edge in drawn.edges if edge.kind is EdgeKind.DEPENDENCY] == [
        Edge(
            source="component:App",
            target="component:Database",
            kind=EdgeKind.DEPENDENCY,
            prefix="Database",
            variables=("Database.ip", "Database.port"),
        ),
        Edge(
            source="component:Monitor",
            target="component:App",
            kind=EdgeKind.DEPENDENCY,
            prefix="App",
            variables=("App.*",),
            optional=True,
        ),
    ]


def test_one_mandatory_import_makes_the_whole_prefix_mandatory():
    mixed = imported("Database.ip", optional=True) + imported("Database.port")
    drawn = components_diagram(graph(DATABASE, component("App", "bash", imports=mixed)), "shop")
    assert [edge.optional for edge in drawn.edges] == [False]


def test_components_that_extend_a_needed_one_are_needed_as_well():
    special = component("Special", extends="Database")
    very_special = component("VerySpecial", extends="Special")
    app = component("App", "bash", imports=imported("Database.ip"))
    drawn = components_diagram(graph(DATABASE, special, very_special, app), "shop")
    assert arrows(drawn, EdgeKind.DEPENDENCY) == between("App>Database", "App>Special", "App>VerySpecial")


def test_an_import_from_a_facet_leads_to_all_that_have_it_or_one_that_extends_it():
    storage, cluster = Facet(name="Storage", exports=EXPORTS), Facet(name="Cluster", extends=("Storage",))
    app = component("App", "bash", imports=imported("Storage.ip"))
    users = component("Disk", "bash", facets=("Storage",)), component("Ring", "bash", facets=("Cluster",))
    drawn = components_diagram(graph(storage, cluster, *users, component("BigDisk", extends="Disk"), app), "shop")
    assert arrows(drawn, EdgeKind.DEPENDENCY) == between("App>Disk", "App>Ring", "App>BigDisk")


def test_inherited_imports_are_dependencies_too():
    app = component("App", "bash", imports=imported("Database.ip"))
    drawn = components_diagram(graph(DATABASE, app, component("BigApp", extends="App")), "shop")
    assert arrows(drawn, EdgeKind.DEPENDENCY) == between("App>Database", "BigApp>Database")


def test_a_component_may_import_from_its_equals():
    node = component("Node", "bash", exports=EXPORTS, imports=imported("Node.ip", optional=True))
    assert arrows(components_diagram(graph(node), "ring"), EdgeKind.DEPENDENCY) == between("Node>Node")


def test_what_other_applications_export_is_a_node_of_its_own_even_under_the_name_of_a_component():
    both = imported("Database.ip") + imported("Database.name", external=True)
    drawn = components_diagram(graph(DATABASE, component("App", "bash", imports=both)), "shop")
    assert drawn.nodes[-1] == Node(id="external:Database", name="Database", kind=NodeKind.EXTERNAL)
    assert [(edge.target, edge.variables) for edge in drawn.edges] == [
        ("component:Database", ("Database.ip",)),
        ("external:Database", ("Database.name",)),
    ]


FACETS = graph(
    Facet(name="Deployable"),
    Facet(name="War", extends=("Deployable",)),
    component("Tomcat", "bash", children=("Deployable",)),
    component("Shop", "file", facets=("War",)),
    component("BigShop", extends="Shop"),
)


def test_a_facet_stays_one_node_between_what_holds_it_and_what_has_it():
    drawn = components_diagram(FACETS, "shop")
    assert ids(drawn)[-2:] == ["facet:Deployable", "facet:War"]
    assert arrows(drawn, EdgeKind.CONTAINMENT) == [("component:Tomcat", "facet:Deployable")]
    assert arrows(drawn, EdgeKind.FACET) == [("component:Shop", "facet:War")]
    assert arrows(drawn, EdgeKind.INHERITANCE) == [
        ("component:BigShop", "component:Shop"),
        ("facet:War", "facet:Deployable"),
    ]


def test_without_facets_arrows_join_the_components_behind_them():
    drawn = components_diagram(FACETS, "shop", Parts(facets=False))
    assert ids(drawn) == ["component:Tomcat", "component:Shop", "component:BigShop"]
    assert arrows(drawn, EdgeKind.CONTAINMENT) == between("Tomcat>Shop")
    assert arrows(drawn, EdgeKind.FACET) == []


def test_children_of_a_facet_stand_below_whoever_has_it():
    host = Facet(name="Host", children=("App",))
    model = graph(host, component("VM", "target", facets=("Host",)), component("App", "bash"))
    assert arrows(components_diagram(model, "x"), EdgeKind.CONTAINMENT) == [("facet:Host", "component:App")]
    assert arrows(components_diagram(model, "x", Parts(facets=False)), EdgeKind.CONTAINMENT) == between("VM>App")


def test_containment_alone_shows_what_is_inherited_as_well():
    drawn = components_diagram(FACETS, "shop", only(Part.CONTAINMENT, facets=False))
    assert arrows(drawn, EdgeKind.CONTAINMENT) == between("Tomcat>Shop", "Tomcat>BigShop")
    assert {edge.kind for edge in drawn.edges} == {EdgeKind.CONTAINMENT}
    drawn = components_diagram(graph(VM, DATABASE, component("BigVM", extends="VM")), "shop", only(Part.CONTAINMENT))
    assert arrows(drawn, EdgeKind.CONTAINMENT) == between("VM>Database", "BigVM>Database")


def test_containment_alone_shows_the_facets_that_matter_for_it():
    more = Facet(name="Monitored", exports=EXPORTS)
    model = Graph(FACETS.components, {**FACETS.facets, "Monitored": more})
    assert [i for i in ids(components_diagram(model, "x", only(Part.CONTAINMENT))) if i.startswith("facet")] == [
        "facet:Deployable",
        "facet:War",
    ]


def test_dependencies_alone_need_no_facets():
    app = component("App", "bash", imports=imported("Shop.ip"))
    model = Graph({**FACETS.components, "App": app}, FACETS.facets)
    drawn = components_diagram(model, "shop", only(Part.DEPENDENCIES))
    assert {edge.kind for edge in drawn.edges} == {EdgeKind.DEPENDENCY}
    assert not [node for node in drawn.nodes if node.kind is NodeKind.FACET]


def test_inheritance_alone_shows_no_other_applications():
    app = component("App", "bash", imports=imported("Lamp.ip", external=True))
    drawn = components_diagram(graph(app, component("BigApp", extends="App")), "shop", only(Part.INHERITANCE))
    assert ids(drawn) == ["component:App", "component:BigApp"]
    assert arrows(drawn, EdgeKind.INHERITANCE) == between("BigApp>App")


def test_names_that_are_not_known_lead_nowhere():
    strange = component("A", "bash", extends="B", facets=("F",), children=("C",), imports=imported("D.x"))
    assert components_diagram(graph(strange), "x").edges == ()


@pytest.mark.parametrize("facets", [True, False])
def test_a_diagram_that_nobody_can_read_is_refused_before_it_is_made(facets):
    size = 2000
    machines = [component(f"VM{i}", "target", children=("F",)) for i in range(size)]
    software = [component(f"S{i}", "bash", facets=("F",), imports=imported("F.ip")) for i in range(size)]
    model = graph(Facet(name="F", exports=EXPORTS), *machines, *software)
    with pytest.raises(InvalidModelError) as refused:
        components_diagram(model, "large", Parts(facets=facets))
    assert [problem.code for problem in refused.value.problems] == [Code.CLI_NO_DIAGRAM]
    assert str(diagrams.MAX_SIZE) in str(refused.value)
