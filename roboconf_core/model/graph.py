"""A graph of components and facets, and the relations between them.

Source: Roboconf user guide, "Graph Definition".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.errors import Where

TARGET_INSTALLER = "target"
"""Installer of machines, in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedVariable:
    """A variable that a component or a facet declares."""

    name: str
    """As written: usually a local name, sometimes prefixed."""
    value: str | None = None
    """None when the declaration gives none; the empty text is a value."""
    random: str | None = None
    """Kind of a random variable (``port``), None for the others."""
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedVariable:
    """A variable that a component needs."""

    name: str
    """``Prefix.variable`` or ``Prefix.*``."""
    optional: bool = False
    external: bool = False
    where: Where | None = field(default=None, compare=False)

    @property
    def prefix(self) -> str:
        """The text before the first dot."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """Exports and children that several components share."""

    name: str
    extends: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    exports: tuple[ExportedVariable, ...] = ()
    annotation: str = ""
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A kind of machine or software that instances are made from."""

    name: str
    installer: str | None = None
    """Own installer; None when inherited."""
    extends: str | None = None
    facets: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    """Components and facets, as written."""
    exports: tuple[ExportedVariable, ...] = ()
    imports: tuple[ImportedVariable, ...] = ()
    annotation: str = ""
    where: Where | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Graph:
    """All components and facets, by name, in the order of their declaration."""

    components: Mapping[str, Component] = field(default_factory=dict)
    facets: Mapping[str, Facet] = field(default_factory=dict)
