"""Diagrams as JSON."""

import json

from hypothesis import given
from random_diagrams import component_diagrams, instance_diagrams

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.documentation.plain import to_json


def test_keys_that_mean_nothing_are_left_out():
    vm = Node(id="component:VM", name="VM", kind=NodeKind.MACHINE, installer="target")
    facet = Node(id="facet:F", name="F", kind=NodeKind.FACET)
    edges = (
        Edge(source=vm.id, target=facet.id, kind=EdgeKind.FACET),
        Edge(source=vm.id, target=vm.id, kind=EdgeKind.DEPENDENCY, prefix="VM", variables=("VM.*",), optional=True),
    )
    assert json.loads(to_json(Diagram(title="x", view=View.COMPONENTS, nodes=(vm, facet), edges=edges))) == {
        "title": "x",
        "view": "components",
        "nodes": [
            {"id": "component:VM", "kind": "machine", "name": "VM", "installer": "target"},
            {"id": "facet:F", "kind": "facet", "name": "F"},
        ],
        "edges": [
            {"kind": "facet", "source": "component:VM", "target": "facet:F"},
            {
                "kind": "dependency",
                "source": "component:VM",
                "target": "component:VM",
                "prefix": "VM",
                "variables": ["VM.*"],
                "optional": True,
            },
        ],
    }


@given(component_diagrams() | instance_diagrams())
def test_nothing_of_a_diagram_is_lost(diagram):
    found = json.loads(to_json(diagram))
    nodes = tuple(Node(**(each | {"kind": NodeKind(each["kind"])})) for each in found["nodes"])
    assert nodes == diagram.nodes
    assert [(e["source"], e["target"], e["kind"]) for e in found["edges"]] == [
        (e.source, e.target, e.kind) for e in diagram.edges
    ]
