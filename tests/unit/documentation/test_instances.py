"""The view of instances, as data."""

import pytest

from roboconf_core.documentation.diagram import EdgeKind, Node, NodeKind, Part, Parts
from roboconf_core.documentation.instances import instances_diagram
from roboconf_core.errors import InvalidModelError
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance

EXPORTS = (ExportedVariable(name="ip"),)
STORAGE = Facet(name="Storage", exports=(ExportedVariable(name="volume", value="x"),))
GRAPH = Graph(
    {
        each.name: each
        for each in (
            Component(name="VM", installer="target", children=("Database", "App")),
            Component(name="Database", installer="bash", exports=EXPORTS, facets=("Storage",)),
            Component(name="BigDatabase", extends="Database"),
            Component(
                name="App",
                installer="bash",
                exports=EXPORTS,
                imports=(
                    ImportedVariable(name="Database.ip"),
                    ImportedVariable(name="App.ip", optional=True),
                    ImportedVariable(name="Lamp.ip", external=True),
                ),
            ),
            Component(name="Backup", installer="bash", imports=(ImportedVariable(name="Storage.*", optional=True),)),
        )
    },
    {"Storage": STORAGE},
)


def tree(name, component, *children, **overrides):
    return Instance(name=name, component=component, children=children, overrides=overrides)


ROOTS = (
    tree("vm 1", "VM", tree("db", "Database"), tree("app", "App")),
    tree("vm 2", "VM", tree("db", "BigDatabase"), tree("app", "App"), tree("backup", "Backup")),
)


def dependencies(roots):
    drawn = instances_diagram(GRAPH, roots, "shop")
    return [
        (edge.source, edge.target, edge.prefix, edge.optional)
        for edge in drawn.edges
        if edge.kind is EdgeKind.DEPENDENCY
    ]


def test_instances_know_their_machine_and_component():
    drawn = instances_diagram(GRAPH, ROOTS[:1], "shop")
    assert drawn.nodes == (
        Node(id="/vm 1", name="vm 1", kind=NodeKind.MACHINE, installer="target", component="VM"),
        Node(
            id="/vm 1/db",
            name="db",
            kind=NodeKind.SOFTWARE,
            installer="bash",
            component="Database",
            parent="/vm 1",
        ),
        Node(id="/vm 1/app", name="app", kind=NodeKind.SOFTWARE, installer="bash", component="App", parent="/vm 1"),
        Node(id="external:Lamp", name="Lamp", kind=NodeKind.EXTERNAL),
    )
    assert [(e.source, e.target) for e in drawn.edges if e.kind is EdgeKind.CONTAINMENT] == [
        ("/vm 1", "/vm 1/db"),
        ("/vm 1", "/vm 1/app"),
    ]


def test_imports_are_resolved_by_the_prefixes_that_instances_export_and_never_from_oneself():
    assert dependencies(ROOTS) == [
        ("/vm 1/app", "/vm 1/db", "Database", False),
        ("/vm 1/app", "/vm 2/db", "Database", False),
        ("/vm 1/app", "/vm 2/app", "App", True),
        ("/vm 1/app", "external:Lamp", "Lamp", False),
        ("/vm 2/app", "/vm 1/db", "Database", False),
        ("/vm 2/app", "/vm 2/db", "Database", False),
        ("/vm 2/app", "/vm 1/app", "App", True),
        ("/vm 2/app", "external:Lamp", "Lamp", False),
        ("/vm 2/backup", "/vm 1/db", "Storage", True),
        ("/vm 2/backup", "/vm 2/db", "Storage", True),
    ]


def test_a_variable_that_an_instance_adds_under_another_prefix_is_exported_too():
    vm = tree("vm", "VM", tree("app", "App"), Instance(name="fake", component="VM", overrides={"Database.ip": "::1"}))
    assert ("/vm/app", "/vm/fake", "Database", False) in dependencies([vm])


def test_each_part_can_be_left_out():
    without = instances_diagram(GRAPH, ROOTS, "shop", Parts(only=frozenset({Part.CONTAINMENT})))
    assert {edge.kind for edge in without.edges} == {EdgeKind.CONTAINMENT}
    assert not [node for node in without.nodes if node.kind is NodeKind.EXTERNAL]
    without = instances_diagram(GRAPH, ROOTS, "shop", Parts(only=frozenset({Part.DEPENDENCIES})))
    assert {edge.kind for edge in without.edges} == {EdgeKind.DEPENDENCY}


def test_an_application_without_instances_has_an_empty_diagram():
    drawn = instances_diagram(GRAPH, (), "shop")
    assert drawn.nodes == drawn.edges == ()


@pytest.mark.parametrize("names", [["a"] * 30_000, ["a" * 1000] * 12_000])
def test_trees_that_are_deeper_than_any_picture_are_refused_early(names):
    below = ()
    for name in names:
        below = (Instance(name=name, component="VM", children=below),)
    with pytest.raises(InvalidModelError):
        instances_diagram(GRAPH, below, "deep")


def test_many_importers_of_many_exporters_are_refused():
    vm = tree("vm", "VM", *(tree(f"app{i}", "App") for i in range(5000)))
    with pytest.raises(InvalidModelError):
        instances_diagram(GRAPH, [vm], "large")
