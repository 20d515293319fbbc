"""Diagrams as Mermaid flowcharts, which sites that host code show in Markdown pages.

Source: Mermaid documentation, "Flowcharts", "Entity codes to escape characters".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, NodeKind
from roboconf_core.documentation.machines import Event, Frames, frames_of, is_frame
from roboconf_core.documentation.words import label_of, label_of_edge
from roboconf_core.errors import Code, InvalidModelError

MAX_ARROWS = 500
MAX_CHARACTERS = 50_000
"""What Mermaid shows unless it is told otherwise. Source: its configuration, ``maxEdges`` and ``maxTextSize``."""

_MAX_INDENT = 8

_SHAPES: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.MACHINE: ("[[", "]]"),
    NodeKind.SOFTWARE: ("(", ")"),
    NodeKind.FACET: ("([", "])"),
    NodeKind.EXTERNAL: (">", "]"),
}
_COLORS = {
    NodeKind.MACHINE: "#dbeafe",
    NodeKind.SOFTWARE: "#dcfce7",
    NodeKind.FACET: "#fef3c7",
    NodeKind.EXTERNAL: "#f3e8ff",
}


def to_mermaid(diagram: Diagram) -> str:
    """Return a diagram as a Mermaid flowchart; machines of instances are frames."""
    return "".join(f"{line}\n" for line in _lines(diagram))


def check_shown(diagram: Diagram, text: str) -> None:
    """Refuse a flowchart that is larger than pages show; their limits are those of Mermaid, unless somebody raised them.

    Raises:
        InvalidModelError: If it has too many arrows or too long a text.
    """
    arrows = sum(1 for _ in frames_of(diagram).edges())
    if arrows > MAX_ARROWS or len(text) > MAX_CHARACTERS:
        raise InvalidModelError("the diagram is larger than Mermaid shows", code=Code.CLI_NO_DIAGRAM)


def _lines(diagram: Diagram) -> Iterator[str]:
    frames = frames_of(diagram)
    names = {node.id: f"n{number}" for number, node in enumerate(diagram.nodes, 1)}
    yield "flowchart TB"
    yield from _nodes(frames, names)
    yield from (f"\t{_edge(edge, frames, names)}" for edge in frames.edges())
    for kind, color in _COLORS.items():
        members = [names[node.id] for node in diagram.nodes if node.kind is kind]
        if members:
            yield f"\tclassDef {kind} fill:{color},stroke:#6b7280,color:#111827"
            yield f"\tclass {','.join(members)} {kind}"


def _nodes(frames: Frames, names: Mapping[str, str]) -> Iterator[str]:
    anchored = {
        end
        for edge in frames.edges()
        for end, other in _ends(edge)
        if frames.is_inside(other, end) and _frame(frames, end)
    }
    depth = 1
    for event, node in frames.events():
        if event is Event.CLOSE:
            depth -= 1
        indent = "\t" * min(depth, _MAX_INDENT)
        label = f'"{"<br>".join(map(_escaped, label_of(node)))}"'
        if event is Event.OPEN:
            depth += 1
            yield f"{indent}subgraph {names[node.id]}[{label}]"
            if node.id in anchored:
                yield f'{indent}\t{_anchor(names[node.id])}((" "))'
        elif event is Event.CLOSE:
            yield f"{indent}end"
        else:
            before, behind = _SHAPES[node.kind]
            yield f"{indent}{names[node.id]}{before}{label}{behind}"


def _edge(edge: Edge, frames: Frames, names: Mapping[str, str]) -> str:
    """Return an arrow; between a machine and what is on it, it is fastened within: Mermaid refuses it otherwise."""
    source, target = (
        _anchor(names[end]) if _frame(frames, end) and frames.is_inside(other, end) else names[end]
        for end, other in _ends(edge)
    )
    label = label_of_edge(edge, frames.nodes[edge.target])
    arrow = "-.->" if edge.optional else "==>" if edge.kind is EdgeKind.DEPENDENCY else "-->"
    return f"{source} {arrow}" + (f'|"{_escaped(label)}"|' if label else "") + f" {target}"


def _ends(edge: Edge) -> tuple[tuple[str, str], tuple[str, str]]:
    return (edge.source, edge.target), (edge.target, edge.source)


def _frame(frames: Frames, node: str) -> bool:
    return is_frame(frames.nodes[node])


def _anchor(name: str) -> str:
    return f"{name}a"


def _escaped(text: str) -> str:
    """Return a text with codes for everything that Mermaid, or the Markdown in its labels, could understand."""
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", text)


_UNSAFE = re.compile(r"(?<![A-Za-z0-9])[._/-]|[._/-](?![A-Za-z0-9])|[^A-Za-z0-9 ,._/-]")
