"""Diagrams in the language of Graphviz.

Source: Graphviz, "DOT Language", "Node, Edge and Graph Attributes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.documentation.machines import Event, Frames, frames_of, is_frame
from roboconf_core.documentation.words import heading, label_of, label_of_edge, visible

_MAX_INDENT = 8
"""Levels; deeper ones would make files of very deep trees mostly blanks."""

_DEFAULTS = (
    'graph [fontname="sans-serif", bgcolor="transparent", rankdir="TB", compound="true"];',
    'node [fontname="sans-serif", fontsize="12", fontcolor="#111827", style="filled", color="#6b7280"];',
    'edge [fontname="sans-serif", fontsize="10", color="#6b7280", fontcolor="#6b7280"];',
)
"""Dark text on light shapes, and arrows of a middle grey: fine before dark and light backgrounds."""

_NODES: Mapping[NodeKind, Mapping[str, str]] = {
    NodeKind.MACHINE: {"shape": "box3d", "fillcolor": "#dbeafe"},
    NodeKind.SOFTWARE: {"shape": "box", "style": "filled,rounded", "fillcolor": "#dcfce7"},
    NodeKind.FACET: {"shape": "ellipse", "fillcolor": "#fef3c7"},
    NodeKind.EXTERNAL: {"shape": "note", "fillcolor": "#f3e8ff"},
}
_EDGES: Mapping[EdgeKind, Mapping[str, str]] = {
    EdgeKind.CONTAINMENT: {},
    EdgeKind.DEPENDENCY: {"arrowhead": "vee", "color": "#3b7dd8", "fontcolor": "#3b7dd8"},
    EdgeKind.INHERITANCE: {"arrowhead": "empty"},
    EdgeKind.FACET: {"arrowhead": "empty", "style": "dotted"},
}
_MACHINE = {"style": "filled,rounded", "fillcolor": "#dbeafe", "color": "#6b7280", "fontcolor": "#111827"}


def to_dot(diagram: Diagram) -> str:
    """Return a diagram as DOT; machines of instances are clusters."""
    return "".join(f"{line}\n" for line in _lines(diagram))


def cluster_name(node: str) -> str:
    """Return the name of the cluster of a machine."""
    return f"cluster {node}"


def quoted(text: str) -> str:
    """Return a text as a name: in quotes, whatever it holds."""
    return '"' + _doubled(visible(text)).replace('"', '\\"') + '"'


def _lines(diagram: Diagram) -> Iterator[str]:
    frames = frames_of(diagram)
    yield f"digraph {quoted(heading(diagram.title, diagram.view))} {{"
    yield from (f"\t{line}" for line in _DEFAULTS)
    yield from _nodes(frames)
    yield from (f"\t{_edge(edge, frames)}" for edge in frames.edges())
    yield "}"


def _nodes(frames: Frames) -> Iterator[str]:
    anchored = _anchored(frames)
    depth = 1
    for event, node in frames.events():
        if event is Event.CLOSE:
            depth -= 1
        indent = "\t" * min(depth, _MAX_INDENT)
        if event is Event.OPEN:
            depth += 1
            yield f"{indent}subgraph {quoted(cluster_name(node.id))} {{"
            yield f"{indent}\tgraph {_attributes({**_MACHINE, 'label': _label(node), 'class': node.kind})};"
            if node.id in anchored:
                yield f"{indent}\t{quoted(node.id)} {_attributes(_ANCHOR | anchored[node.id])};"
        elif event is Event.CLOSE:
            yield f"{indent}}}"
        else:
            yield f"{indent}{quoted(node.id)} {_attributes({**_NODES[node.kind], 'label': _label(node), 'class': node.kind})};"


_ANCHOR = {"shape": "point", "width": "0.05", "label": ""}
"""What arrows that lead to a machine as a whole are fastened to; also keeps an empty machine visible."""


def _anchored(frames: Frames) -> dict[str, dict[str, str]]:
    """Return the machines that need an anchor, with further attributes of it.

    It is seen only where an arrow from within the machine ends at it.
    """
    empty = {node.id for node in frames.diagram.nodes if is_frame(node)} - set(frames.machine_of.values())
    found = {node: {"style": "invis"} for node in empty}
    for edge in frames.edges():
        for end, other in ((edge.source, edge.target), (edge.target, edge.source)):
            if is_frame(frames.nodes[end]):
                found.setdefault(end, {"style": "invis"})
                if frames.is_inside(other, end):
                    found[end] = {}
    return found


def _edge(edge: Edge, frames: Frames) -> str:
    target = frames.nodes[edge.target]
    attributes = {**_EDGES[edge.kind], "class": str(edge.kind)}
    if edge.kind is EdgeKind.DEPENDENCY:
        attributes["label"] = _escaped(label_of_edge(edge, target))
        if edge.optional:
            attributes["style"] = "dashed"
    if frames.diagram.view is View.INSTANCES:
        attributes |= _clipping(edge, frames)
    return f"{quoted(edge.source)} -> {quoted(edge.target)} {_attributes(attributes)};"


def _clipping(edge: Edge, frames: Frames) -> dict[str, str]:
    """Let an arrow end at the frame of a machine, not at the anchor within, where it comes from outside."""
    found = {}
    for key, end, other in (("ltail", edge.source, edge.target), ("lhead", edge.target, edge.source)):
        if is_frame(frames.nodes[end]) and not frames.is_inside(other, end):
            found[key] = _doubled(visible(cluster_name(end)))
    return found


def _label(node: Node) -> str:
    return "\\n".join(map(_escaped, label_of(node)))


def _escaped(text: str) -> str:
    r"""Return a text without what has a meaning in labels: ``\N``, ``\n``, ``&amp;`` and the like."""
    return _doubled(text.replace("&", "&amp;"))


def _doubled(text: str) -> str:
    return text.replace("\\", "\\\\")


def _attributes(values: Mapping[str, str]) -> str:
    inside = ", ".join(f'{name}="{value.replace(_QUOTE, _ESCAPED_QUOTE)}"' for name, value in values.items())
    return f"[{inside}]"


_QUOTE, _ESCAPED_QUOTE = '"', '\\"'
