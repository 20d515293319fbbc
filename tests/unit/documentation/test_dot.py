"""Diagrams as DOT, read by Graphviz itself."""

import html
import json
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import require_program
from property_tests import examples
from random_diagrams import component_diagrams, instance_diagrams

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.documentation.dot import cluster_name, to_dot
from roboconf_core.documentation.machines import frames_of, is_frame
from roboconf_core.documentation.words import label_of, label_of_edge, visible


def read(text):
    """Return what Graphviz understands of a text: title, names to objects, arrows."""
    done = subprocess.run(
        [require_program("dot", "graphviz"), "-Tdot_json"],
        input=text.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), text
    found = json.loads(done.stdout)
    objects = found.get("objects", [])
    by_number = {each["_gvid"]: each["name"] for each in objects}
    arrows = [(by_number[each["tail"]], by_number[each["head"]], each) for each in found.get("edges", [])]
    return found["name"], {each["name"]: each for each in objects}, arrows


def in_names(text):
    """Return a name as Graphviz keeps it: a backslash stays two of them."""
    return visible(text).replace("\\", "\\\\")


def shown(label):
    """Return the lines that Graphviz writes for a label."""
    lines = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label, flags=re.DOTALL).split("\n")
    return tuple(html.unescape(line) for line in lines)


def a_diagram(*nodes, edges=(), view=View.COMPONENTS):
    return Diagram(title="shop", view=view, nodes=nodes, edges=tuple(edges))


def test_an_ordinary_diagram_can_be_read_by_people_too():
    drawn = a_diagram(
        Node(id="component:VM", name="VM", kind=NodeKind.MACHINE, installer="target"),
        Node(id="component:App", name="App", kind=NodeKind.SOFTWARE, installer="bash"),
        edges=[Edge(source="component:VM", target="component:App", kind=EdgeKind.CONTAINMENT)],
    )
    assert to_dot(drawn).splitlines()[4:] == [
        '\t"component:VM" [shape="box3d", fillcolor="#dbeafe", label="VM\\nmachine", class="machine"];',
        '\t"component:App" [shape="box", style="filled,rounded", fillcolor="#dcfce7", label="App\\nbash", class="software"];',
        '\t"component:VM" -> "component:App" [class="containment"];',
        "}",
    ]


@given(component_diagrams())
@settings(deadline=None, max_examples=examples(40))
def test_graphviz_reads_every_name_as_it_is(diagram):
    title, objects, arrows = read(to_dot(diagram))
    assert title == in_names(f"Components of {diagram.title}")
    assert list(objects) == list(dict.fromkeys(in_names(node.id) for node in diagram.nodes))
    nodes = {node.id: node for node in diagram.nodes}
    assert {shown(objects[in_names(n.id)]["label"]) for n in diagram.nodes} <= {label_of(n) for n in diagram.nodes}
    expected = [
        (in_names(e.source), in_names(e.target), str(e.kind), label_of_edge(e, nodes[e.target]))
        for e in diagram.edges
        if e.kind is EdgeKind.DEPENDENCY
    ]
    found = [(a, b, e["class"], shown(e["label"])[0]) for a, b, e in arrows if e["class"] == "dependency"]
    assert sorted(found) == sorted(expected)
    assert len(arrows) == len(diagram.edges)


@given(instance_diagrams())
@settings(deadline=None, max_examples=examples(40))
def test_machines_are_clusters_around_what_is_on_them(diagram):
    _, objects, _ = read(to_dot(diagram))
    frames = frames_of(diagram)
    numbers = {each["_gvid"]: name for name, each in objects.items()}
    for node in diagram.nodes:
        if not is_frame(node):
            around = frames.machine_of.get(node.id)
            inside = [
                name
                for name, each in objects.items()
                if in_names(node.id) in [numbers[member] for member in each.get("nodes", ())]
            ]
            assert (in_names(cluster_name(around)) in inside) if around else (inside == [])


def test_arrows_that_frames_say_already_are_left_out():
    machine = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
    app = Node(id="/vm/app", name="app", kind=NodeKind.SOFTWARE, component="App", parent="/vm")
    module = Node(id="/vm/app/war", name="war", kind=NodeKind.SOFTWARE, component="War", parent="/vm/app")
    held = [Edge(source=n.parent, target=n.id, kind=EdgeKind.CONTAINMENT) for n in (app, module)]
    _, _, arrows = read(to_dot(a_diagram(machine, app, module, edges=held, view=View.INSTANCES)))
    assert [(a, b) for a, b, _ in arrows] == [("/vm/app", "/vm/app/war")]


@pytest.mark.parametrize(("optional", "style"), [(True, "dashed"), (False, None)])
def test_optional_dependencies_are_dashed(optional, style):
    app = Node(id="component:App", name="App", kind=NodeKind.SOFTWARE)
    itself = Edge(
        source=app.id, target=app.id, kind=EdgeKind.DEPENDENCY, prefix="App", variables=("App.ip",), optional=optional
    )
    _, _, [(_, _, arrow)] = read(to_dot(a_diagram(app, edges=[itself])))
    assert arrow.get("style") in (style, "")
    assert arrow["label"] == "ip"


@pytest.mark.parametrize("inside", [True, False])
def test_an_arrow_to_a_machine_ends_at_its_frame_unless_it_comes_from_within(inside):
    machine = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
    app = Node(id="/vm/app", name="app", kind=NodeKind.SOFTWARE, component="App", parent="/vm")
    other = Node(id="/other", name="other", kind=NodeKind.MACHINE, component="VM")
    source = app if inside else other
    edge = Edge(source=source.id, target=machine.id, kind=EdgeKind.DEPENDENCY, prefix="VM", variables=("VM.ip",))
    _, objects, [(_, _, arrow)] = read(to_dot(a_diagram(machine, app, other, edges=[edge], view=View.INSTANCES)))
    assert arrow.get("lhead", "") == ("" if inside else "cluster /vm")
    assert (objects["/vm"].get("style") == "invis") is not inside


def test_an_empty_machine_is_a_cluster_too():
    machine = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
    _, objects, _ = read(to_dot(a_diagram(machine, view=View.INSTANCES)))
    assert "cluster /vm" in objects


def test_very_deep_machines_make_no_very_long_lines():
    nodes, parent = [], ""
    for number in range(3000):
        path = f"{parent}/m"
        nodes.append(Node(id=f"m{number}", name="m", kind=NodeKind.MACHINE, component="VM", parent=f"m{number - 1}"))
        parent = path
    assert max(map(len, to_dot(a_diagram(*nodes, view=View.INSTANCES)).splitlines())) < 300


@given(st.text(max_size=200))
def test_labels_are_short_and_on_one_line(name):
    for line in label_of(Node(id="x", name=name, kind=NodeKind.FACET)):
        assert len(line) <= 60
        assert line.isprintable()
