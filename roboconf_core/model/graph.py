"""A graph of components and facets, and the relations between them.

Source: Roboconf user guide, "Graph Definition".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.errors import Where
from roboconf_core.model.relations import Relations

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


class _Remembers:
    """A place for relations beside the fields, so that they are no part of equality, copies or ``fields()``."""

    __slots__ = ("_relations",)
    _relations: Relations


@dataclass(frozen=True, slots=True)
class Graph(_Remembers):
    """All components and facets, by name, in the order of their declaration.

    Relations are worked out when first asked for, and remembered: the mappings
    must not change afterwards. Unknown names relate to nothing.
    """

    components: Mapping[str, Component] = field(default_factory=dict)
    facets: Mapping[str, Facet] = field(default_factory=dict)

    @property
    def relations(self) -> Relations:
        """All relations between the types of this graph; the methods below are its usual questions."""
        try:
            return self._relations
        except AttributeError:
            object.__setattr__(self, "_relations", Relations(self.components, self.facets))
            return self._relations

    def supers(self, name: str) -> tuple[str, ...]:
        """Return the component itself, the one it extends, and so on, up to the first repetition."""
        return self.relations.supers(name)

    def subs(self, name: str) -> tuple[str, ...]:
        """Return the components that extend this one, directly or not; never itself."""
        return self.relations.subs(name)

    def facets_of(self, component: str) -> tuple[str, ...]:
        """Return all facets of a component: own ones, inherited ones, and those they extend."""
        return self.relations.facets_of(component)

    def installer_of(self, component: str) -> str | None:
        """Return the installer, own or inherited; None when there is none."""
        return self.relations.installer_of(component)

    def is_target(self, component: str) -> bool:
        """Tell whether instances of a component are machines; an inherited installer counts."""
        return (self.installer_of(component) or "").lower() == TARGET_INSTALLER

    def children_of(self, component: str) -> tuple[str, ...]:
        """Return the components that may stand right below this one, sorted by name."""
        return self.relations.children_of(component)

    def ancestors_of(self, component: str) -> tuple[str, ...]:
        """Return the components that this one may stand right below, sorted by name."""
        return self.relations.ancestors_of(component)

    def roots(self) -> tuple[str, ...]:
        """Return the components without ancestors, in the order of their declaration."""
        return self.relations.roots()

    def imports_of(self, component: str) -> tuple[ImportedVariable, ...]:
        """Return all imports of a component, inherited ones included; the nearest declaration of a name wins."""
        return self.relations.imports_of(component)
