"""What diagrams say in words: labels, and one sentence per node and arrow for those who cannot see them."""

from __future__ import annotations

from roboconf_core.documentation.diagram import Edge, EdgeKind, Node, NodeKind, View
from roboconf_core.model.variables import local_name

_MAX_LABEL = 60
"""Characters of one line of a label."""
_MAX_VARIABLES = 4
"""Variables that the label of a dependency names."""

_KINDS = {
    NodeKind.MACHINE: "machine",
    NodeKind.SOFTWARE: "software",
    NodeKind.FACET: "facet",
    NodeKind.EXTERNAL: "other application",
}


def heading(title: str, view: View) -> str:
    """Return the title of a picture."""
    return visible(f"{'Components' if view is View.COMPONENTS else 'Instances'} of {title}")


def label_of(node: Node) -> tuple[str, ...]:
    """Return the lines that are written into a node."""
    if node.component:
        return _short(node.name), _short(node.component)
    says_more = node.kind is NodeKind.SOFTWARE and node.installer
    return _short(node.name), _short(node.installer if says_more else _KINDS[node.kind])


def label_of_edge(edge: Edge, target: Node) -> str:
    """Return what is written beside an arrow; empty for containment.

    Variables are told by their local names where the prefix is the name of the target.
    """
    if edge.kind is EdgeKind.CONTAINMENT:
        return ""
    if edge.kind is EdgeKind.INHERITANCE:
        return "extends"
    if edge.kind is EdgeKind.FACET:
        return "has"
    is_named = edge.prefix == (target.component or target.name)
    names = [local_name(name) if is_named else name for name in edge.variables[:_MAX_VARIABLES]]
    return _short(", ".join([*names, *(["..."] if len(edge.variables) > _MAX_VARIABLES else [])]))


def sentence_of(node: Node) -> str:
    """Return what a node is, in words."""
    if node.component:
        return visible(f"{_KINDS[node.kind]} {node.id}, an instance of {node.component}")
    installer = f", installer {node.installer}" if node.kind is NodeKind.SOFTWARE and node.installer else ""
    return visible(f"{_KINDS[node.kind]} {node.name}{installer}")


def sentence_of_edge(edge: Edge, source: Node, target: Node) -> str:
    """Return what an arrow says, in words."""
    below, above = _called(source), _called(target)
    if edge.kind is EdgeKind.CONTAINMENT:
        return visible(f"{below} holds {above}" if source.component else f"{below} may hold {above}")
    if edge.kind is EdgeKind.INHERITANCE:
        return visible(f"{below} extends {above}")
    if edge.kind is EdgeKind.FACET:
        return visible(f"{below} has the facet {above}")
    optional = " (optional)" if edge.optional else ""
    return visible(f"{below} imports {', '.join(edge.variables)} from {above}{optional}")


def visible(text: str) -> str:
    """Return a text on one line, without characters that no picture, page or terminal can show."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _called(node: Node) -> str:
    return node.id if node.component else node.name


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _MAX_LABEL else f"{shown[: _MAX_LABEL - 3]}..."
