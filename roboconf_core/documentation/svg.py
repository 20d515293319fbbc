"""Pictures that Graphviz made, finished: names that can be read aloud, and ids that are unique in a page.

Source: Scalable Vector Graphics 2, "The 'title' and 'desc' elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from roboconf_core.documentation.diagram import Diagram, NodeKind, View
from roboconf_core.documentation.dot import cluster_name
from roboconf_core.documentation.words import heading, sentence_of, sentence_of_edge

_SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")

_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)")
"""What Graphviz takes for a character of HTML and leaves as it is, but XML does not know."""
_COUNTED = {
    NodeKind.MACHINE: ("machine", "machines"),
    NodeKind.SOFTWARE: ("software component", "software components"),
    NodeKind.FACET: ("facet", "facets"),
    NodeKind.EXTERNAL: ("other application", "other applications"),
}


def finished_svg(drawn: str, diagram: Diagram) -> str:
    """Return an SVG with a title, a description, and a sentence for each node and arrow.

    Args:
        drawn: What Graphviz made of the DOT of the diagram.
        diagram: The diagram.

    Raises:
        ValueError: If what was drawn is no SVG.
    """
    try:
        root = ElementTree.fromstring(_AMPERSAND.sub("&amp;", drawn))
    except ElementTree.ParseError as error:
        raise ValueError(f"no SVG: {error}") from error
    sentences = _sentences(diagram)
    names = {"title": heading(diagram.title, diagram.view), "desc": summary(diagram)}
    for group in root.iter(f"{{{_SVG}}}g"):
        _describe(group, sentences, diagram.view)
    for number, (tag, text) in enumerate(names.items()):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{diagram.view}-{tag}"})
        element.text = text
        root.insert(number, element)
    root.set("role", "img")
    root.set("class", "diagram")
    root.set("aria-labelledby", f"{diagram.view}-title {diagram.view}-desc")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def summary(diagram: Diagram) -> str:
    """Return how much of what a diagram shows: ``3 machines, 4 instances of software``."""
    counts = {kind: sum(node.kind is kind for node in diagram.nodes) for kind in NodeKind}
    words = dict(_COUNTED)
    if diagram.view is View.INSTANCES:
        words[NodeKind.SOFTWARE] = ("instance of software", "instances of software")
    told = [f"{n} {words[kind][n != 1]}" for kind, n in counts.items() if n]
    return ", ".join(told) or "nothing"


def _describe(group: ElementTree.Element, sentences: Mapping[tuple[str, str], str], view: View) -> None:
    """Replace the name that Graphviz gave a node or an arrow by what it says, and make its id unique."""
    if "id" in group.attrib:
        group.set("id", f"{view}-{group.attrib['id']}")
    title = group.find(f"{{{_SVG}}}title")
    if title is None:
        return
    kind = group.get("class", "").split()
    if kind[:1] == ["graph"]:
        group.remove(title)  # the title of the whole picture says it already
        return
    title.text = sentences.get((kind[-1] if kind else "", title.text or ""), title.text)


def _sentences(diagram: Diagram) -> dict[tuple[str, str], str]:
    """Return class and name, as Graphviz writes them, to what the node or the arrow says."""
    nodes = {node.id: node for node in diagram.nodes}
    found: dict[tuple[str, str], str] = {}
    for node in diagram.nodes:
        names: Iterable[str] = (node.id, cluster_name(node.id))
        found |= {(str(node.kind), name): sentence_of(node) for name in names}
    for edge in diagram.edges:
        key = str(edge.kind), f"{edge.source}->{edge.target}"
        sentence = sentence_of_edge(edge, nodes[edge.source], nodes[edge.target])
        found[key] = f"{found[key]}; {sentence}" if key in found else sentence
    return found
