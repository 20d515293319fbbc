"""Diagrams as JSON, for other programs."""

from __future__ import annotations

import json
from typing import Any

from roboconf_core.documentation.diagram import Diagram, Edge, Node


def to_json(diagram: Diagram) -> str:
    """Return a diagram as a JSON text; its shape is told in the reference of the command line."""
    return json.dumps(as_plain_data(diagram), indent=2, ensure_ascii=False) + "\n"


def as_plain_data(diagram: Diagram) -> dict[str, Any]:
    """Return a diagram as what JSON can hold; keys that mean nothing for a kind are left out."""
    return {
        "title": diagram.title,
        "view": str(diagram.view),
        "nodes": [_node(node) for node in diagram.nodes],
        "edges": [_edge(edge) for edge in diagram.edges],
    }


def _node(node: Node) -> dict[str, Any]:
    found = {"id": node.id, "kind": str(node.kind), "name": node.name}
    more = {"installer": node.installer, "component": node.component, "parent": node.parent}
    return found | {key: value for key, value in more.items() if value}


def _edge(edge: Edge) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": str(edge.kind), "source": edge.source, "target": edge.target}
    if edge.variables:
        found |= {"prefix": edge.prefix, "variables": list(edge.variables), "optional": edge.optional}
    return found
