"""Diagrams as Mermaid flowcharts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples
from random_diagrams import component_diagrams, instance_diagrams

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.documentation.mermaid import MAX_ARROWS, MAX_CHARACTERS, check_shown, to_mermaid
from roboconf_core.documentation.words import label_of
from roboconf_core.errors import InvalidModelError

_LABEL = r'"(?:[A-Za-z0-9 ,._/-]|<br>|#[0-9]+;)+"'
_LINES = (
    "flowchart TB",
    rf"\t+subgraph n[0-9]+\[{_LABEL}\]",
    r'\t+n[0-9]+a\(\(" "\)\)',
    r"\t+end",
    rf"\t+n[0-9]+(\[\[{_LABEL}\]\]|\({_LABEL}\)|\(\[{_LABEL}\]\)|>{_LABEL}\])",
    rf"\tn[0-9]+a? (-->|==>|-\.->)(\|{_LABEL}\|)? n[0-9]+a?",
    r"\tclassDef [a-z]+ fill:#[0-9a-f]+,stroke:#[0-9a-f]+,color:#[0-9a-f]+",
    r"\tclass n[0-9]+(,n[0-9]+)* [a-z]+",
)


def decoded(label):
    """Return the lines that Mermaid shows for a label."""
    lines = label.removeprefix('"').removesuffix('"').split("<br>")
    return tuple(re.sub(r"#([0-9]+);", lambda match: chr(int(match[1])), line) for line in lines)


def labels(text):
    return [decoded(label) for label in re.findall(_LABEL, text) if label != '" "']


@given(st.one_of(component_diagrams(), instance_diagrams()))
@settings(deadline=None, max_examples=examples(150))
def test_no_name_can_be_taken_for_a_part_of_the_language(diagram):
    text = to_mermaid(diagram)
    assert [line for line in text.splitlines() if not any(re.fullmatch(each, line) for each in _LINES)] == []
    assert labels(text)[: len(diagram.nodes)] == [label_of(node) for node in diagram.nodes]
    assert text.isascii()


@given(instance_diagrams())
@settings(deadline=None, max_examples=examples(80))
def test_frames_end_where_they_should(diagram):
    depth = 0
    for line in to_mermaid(diagram).splitlines():
        depth += line.lstrip().startswith("subgraph ") - (line.strip() == "end")
        assert depth >= 0
    assert depth == 0


def test_each_kind_of_arrow_looks_different():
    a, b = (Node(id=f"component:{name}", name=name, kind=NodeKind.SOFTWARE, installer="bash") for name in "AB")
    more = {"prefix": "B", "variables": ("B.ip", "B.*")}
    edges = (
        Edge(source=a.id, target=b.id, kind=EdgeKind.CONTAINMENT),
        Edge(source=a.id, target=b.id, kind=EdgeKind.DEPENDENCY, **more),
        Edge(source=a.id, target=b.id, kind=EdgeKind.DEPENDENCY, optional=True, **more),
        Edge(source=a.id, target=b.id, kind=EdgeKind.INHERITANCE),
        Edge(source=a.id, target=b.id, kind=EdgeKind.FACET),
    )
    text = to_mermaid(Diagram(title="x", view=View.COMPONENTS, nodes=(a, b), edges=edges))
    assert text.splitlines()[:8] == [
        "flowchart TB",
        '\tn1("A<br>bash")',
        '\tn2("B<br>bash")',
        "\tn1 --> n2",
        '\tn1 ==>|"ip, #42;"| n2',
        '\tn1 -.->|"ip, #42;"| n2',
        '\tn1 -->|"extends"| n2',
        '\tn1 -->|"has"| n2',
    ]


def test_an_arrow_between_a_machine_and_what_is_on_it_ends_within_the_machine():
    machine = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
    app = Node(id="/vm/app", name="app", kind=NodeKind.SOFTWARE, component="App", parent="/vm")
    other = Node(id="/o", name="o", kind=NodeKind.MACHINE, component="VM")
    edges = tuple(
        Edge(source=each.id, target=machine.id, kind=EdgeKind.DEPENDENCY, prefix="VM", variables=("VM.ip",))
        for each in (app, other, machine)
    )
    text = to_mermaid(Diagram(title="x", view=View.INSTANCES, nodes=(machine, app, other), edges=edges))
    assert '\t\tn1a((" "))\n' in text
    assert [line.strip() for line in text.splitlines() if "==>" in line] == [
        'n2 ==>|"ip"| n1a',
        'n3 ==>|"ip"| n1',
        'n1a ==>|"ip"| n1a',
    ]


def test_what_is_larger_than_mermaid_shows_is_noticed():
    machine = Node(id="/vm", name="vm", kind=NodeKind.MACHINE, component="VM")
    apps = [Node(id=f"/vm/{i}", name="app", kind=NodeKind.SOFTWARE, component="App", parent="/vm") for i in range(501)]
    held = [Edge(source="/vm", target=each.id, kind=EdgeKind.CONTAINMENT) for each in apps]
    more = [
        Edge(source=apps[0].id, target=each.id, kind=EdgeKind.DEPENDENCY, prefix="App", variables=("App.x",))
        for each in apps
    ]
    drawn = [
        Diagram(title="x", view=View.INSTANCES, nodes=(machine, *apps), edges=(*held, *more[:count]))
        for count in (MAX_ARROWS, MAX_ARROWS + 1)
    ]
    check_shown(drawn[0], "x" * MAX_CHARACTERS)
    with pytest.raises(InvalidModelError):
        check_shown(drawn[1], "")
    with pytest.raises(InvalidModelError):
        check_shown(drawn[0], "x" * (MAX_CHARACTERS + 1))
