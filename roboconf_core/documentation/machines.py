"""Machines as frames around what stands on them: what DOT and Mermaid have in common for instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind


class Event(Enum):
    """What comes next when a diagram is written from top to bottom."""

    OPEN = "open"
    """The frame of a machine begins."""
    NODE = "node"
    CLOSE = "close"
    """The frame of a machine ends."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a diagram of instances; a diagram of components has none."""

    diagram: Diagram
    nodes: dict[str, Node]
    """By id."""
    machine_of: dict[str, str]
    """Id of an instance to that of the nearest machine it stands on; absent where there is none."""
    spans: dict[str, tuple[int, int]]
    """Id of a node to the first and the last of the nodes within it, counted in their order."""

    def events(self) -> Iterator[tuple[Event, Node]]:
        """Yield frames and nodes in such an order that frames are nested as machines are."""
        opened: list[Node] = []
        for node in self.diagram.nodes:
            while opened and opened[-1].id != self.machine_of.get(node.id):
                yield Event.CLOSE, opened.pop()
            if is_frame(node):
                opened.append(node)
                yield Event.OPEN, node
            else:
                yield Event.NODE, node
        while opened:
            yield Event.CLOSE, opened.pop()

    def edges(self) -> Iterator[Edge]:
        """Yield all edges but those that a frame says already."""
        for edge in self.diagram.edges:
            stands_in = edge.kind is EdgeKind.CONTAINMENT and self.machine_of.get(edge.target) == edge.source
            if not stands_in:
                yield edge

    def is_inside(self, node: str, frame: str) -> bool:
        """Tell whether a node is a frame, or stands within it."""
        first, last = self.spans[frame]
        return first <= self.spans[node][0] <= last


def is_frame(node: Node) -> bool:
    """Tell whether a node is drawn as a frame around others."""
    return bool(node.component) and node.kind is NodeKind.MACHINE


def frames_of(diagram: Diagram) -> Frames:
    """Return the frames of a diagram."""
    nodes = {node.id: node for node in diagram.nodes}
    machine_of: dict[str, str] = {}
    for node in diagram.nodes:
        above = nodes.get(node.parent)
        if above is not None:
            machine = above.id if is_frame(above) else machine_of.get(above.id)
            if machine is not None:
                machine_of[node.id] = machine
    spans = {node.id: (number, number) for number, node in enumerate(diagram.nodes)}
    for node in reversed(diagram.nodes):
        if node.id in machine_of:
            first, last = spans[machine_of[node.id]]
            spans[machine_of[node.id]] = first, max(last, spans[node.id][1])
    return Frames(diagram, nodes, machine_of, spans)
