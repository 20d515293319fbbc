"""A diagram as plain data: what the writers turn into DOT, Mermaid and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from roboconf_core.errors import Code, InvalidModelError

MAX_SIZE = 20_000
"""Nodes and arrows together; nobody can read a picture with more, and no program can lay it out."""


class View(StrEnum):
    """What the nodes of a diagram are."""

    COMPONENTS = "components"
    INSTANCES = "instances"


class NodeKind(StrEnum):
    """What a node is."""

    MACHINE = "machine"
    """A component whose installer is ``target``, or an instance of one."""
    SOFTWARE = "software"
    """A component with any other installer, or an instance of one."""
    FACET = "facet"
    EXTERNAL = "external"
    """A prefix that other applications export."""


class EdgeKind(StrEnum):
    """What an arrow says of its source."""

    CONTAINMENT = "containment"
    """Instances of the target may stand, or stand, below the source."""
    DEPENDENCY = "dependency"
    """The source imports variables of the target."""
    INHERITANCE = "inheritance"
    """The source extends the target."""
    FACET = "facet"
    """The source has the target, a facet."""


class Part(StrEnum):
    """What a diagram can be limited to."""

    CONTAINMENT = "containment"
    DEPENDENCIES = "dependencies"
    INHERITANCE = "inheritance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is shown of a graph or of instances."""

    only: frozenset[Part] = frozenset(Part)
    facets: bool = True
    """Whether facets are nodes; otherwise arrows go to and from the components that have them."""

    def __contains__(self, part: Part) -> bool:
        """Tell whether a part is shown."""
        return part in self.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A component, a facet, an instance, or what other applications export."""

    id: str
    """Unique: ``component:VM``, ``facet:Storage``, ``external:Lamp``, or the path of an instance."""
    name: str
    kind: NodeKind
    installer: str = ""
    """Own or inherited; empty for facets and other applications."""
    component: str = ""
    """Of an instance; empty in the view of components."""
    parent: str = ""
    """Id of what an instance stands below; empty for root instances and in the view of components."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An arrow."""

    source: str
    """Id of a node."""
    target: str
    """Id of a node."""
    kind: EdgeKind
    prefix: str = ""
    """Of the variables that a dependency imports."""
    variables: tuple[str, ...] = ()
    """What a dependency imports: full names, ``Prefix.*`` for all."""
    optional: bool = False
    """True for a dependency without which the source starts as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Nodes and arrows, in the order of their declaration."""

    title: str
    view: View
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def limited_edges(edges: Iterable[Edge], size: int) -> tuple[Edge, ...]:
    """Return the distinct edges of a diagram.

    Args:
        edges: Not all of them are asked for when there are too many.
        size: Number of nodes.

    Raises:
        InvalidModelError: If nodes and edges are more than ``MAX_SIZE``.
    """
    found: dict[Edge, None] = {}
    for edge in edges:
        found[edge] = None
        check_size(size + len(found))
    return tuple(found)


def check_size(size: int) -> None:
    """Refuse a diagram that is too large.

    Raises:
        InvalidModelError: If nodes and edges are more than ``MAX_SIZE``.
    """
    if size > MAX_SIZE:
        raise InvalidModelError(
            f"the diagram would have more than {MAX_SIZE} nodes and arrows",
            hint="show less: the view of components, or only a part with --only",
            code=Code.CLI_NO_DIAGRAM,
        )
