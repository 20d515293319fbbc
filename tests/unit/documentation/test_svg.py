"""Pictures, drawn by Graphviz and read as XML."""

import subprocess
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import require_program
from property_tests import examples
from random_diagrams import component_diagrams, instance_diagrams

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.documentation.dot import to_dot
from roboconf_core.documentation.svg import finished_svg

SVG = "{http://www.w3.org/2000/svg}"

MACHINE = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
APP = Node(id="/vm/app", name="app", kind=NodeKind.SOFTWARE, component="App", parent="/vm")
WAR = Node(id="/vm/app/war", name="war", kind=NodeKind.SOFTWARE, component="War", parent="/vm/app")
LAMP = Node(id="external:Lamp", name="Lamp", kind=NodeKind.EXTERNAL)
DIAGRAM = Diagram(
    title="shop & more",
    view=View.INSTANCES,
    nodes=(MACHINE, APP, WAR, LAMP),
    edges=(
        Edge(source="/vm", target="/vm/app", kind=EdgeKind.CONTAINMENT),
        Edge(source="/vm/app", target="/vm/app/war", kind=EdgeKind.CONTAINMENT),
        Edge(
            source="/vm/app/war",
            target="external:Lamp",
            kind=EdgeKind.DEPENDENCY,
            prefix="Lamp",
            variables=("Lamp.ip", "Lamp.port"),
            optional=True,
        ),
    ),
)


def drawn(diagram):
    dot = require_program("dot", "graphviz")
    done = subprocess.run([dot, "-Tsvg"], input=to_dot(diagram).encode(), capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    return ElementTree.fromstring(finished_svg(done.stdout.decode(), diagram))


def titles(root, kind):
    groups = [each for each in root.iter(f"{SVG}g") if each.get("class", "").split()[:1] == [kind]]
    return sorted(each.findtext(f"{SVG}title") for each in groups)


def test_every_node_and_arrow_says_what_it_is():
    root = drawn(DIAGRAM)
    assert titles(root, "cluster") == ["machine /vm, an instance of VM"]
    assert titles(root, "node") == [
        "other application Lamp",
        "software /vm/app, an instance of App",
        "software /vm/app/war, an instance of War",
    ]
    assert titles(root, "edge") == [
        "/vm/app holds /vm/app/war",
        "/vm/app/war imports Lamp.ip, Lamp.port from Lamp (optional)",
    ]


def test_the_picture_is_an_image_with_a_title_and_a_description():
    root = drawn(DIAGRAM)
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert (title.tag, title.text) == (f"{SVG}title", "Instances of shop & more")
    assert (description.tag, description.text) == (
        f"{SVG}desc",
        "1 machine, 2 instances of software, 1 other application",
    )
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_no_background_hides_that_of_the_page():
    root = drawn(DIAGRAM)
    backgrounds = [each.get("fill") for each in root.find(f"{SVG}g") if each.tag == f"{SVG}polygon"]
    assert set(backgrounds) <= {"none", "transparent"}


def test_two_pictures_of_one_application_fit_into_one_page():
    components = Diagram(title="shop", view=View.COMPONENTS, nodes=(LAMP,), edges=())
    ids = [each.get("id") for root in (drawn(DIAGRAM), drawn(components)) for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))


def test_arrows_that_join_the_same_nodes_are_told_together():
    edges = tuple(
        Edge(source="/vm/app", target="/vm/app/war", kind=EdgeKind.DEPENDENCY, prefix=p, variables=(f"{p}.x",))
        for p in ("War", "Deployable")
    )
    root = drawn(Diagram(title="x", view=View.INSTANCES, nodes=(MACHINE, APP, WAR), edges=edges))
    both = "/vm/app imports War.x from /vm/app/war; /vm/app imports Deployable.x from /vm/app/war"
    assert titles(root, "edge") == [both, both]


@given(st.one_of(component_diagrams(), instance_diagrams()))
@settings(deadline=None, max_examples=examples(30))
def test_names_of_any_kind_are_drawn_as_text(diagram):
    root = drawn(diagram)
    allowed = {f"{SVG}{tag}" for tag in ("svg", "g", "title", "desc", "text", "path", "polygon", "polyline", "ellipse")}
    assert {each.tag for each in root.iter()} <= allowed
    assert root.findtext(f"{SVG}title").startswith(f"{diagram.view.capitalize()} of ")


@pytest.mark.parametrize("name", ["&;", "&nbsp;", "&a;b", "a & b", "&lt;", "&#38;"])
def test_a_name_with_an_ampersand_is_drawn(name):
    node = Node(id=f"component:{name}", name=name, kind=NodeKind.MACHINE, installer="target")
    root = drawn(Diagram(title=name, view=View.COMPONENTS, nodes=(node,), edges=()))
    assert name in [each.text for each in root.iter(f"{SVG}text")]


def test_what_is_no_svg_is_refused():
    with pytest.raises(ValueError, match="no SVG"):
        finished_svg("<svg", DIAGRAM)
