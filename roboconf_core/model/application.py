"""An application template: what its files say, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.errors import Where
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance
from roboconf_core.model.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What ``descriptor/application.properties`` says. Source: Roboconf user guide, "Application Descriptor"."""

    name: str
    """Accents removed; what identifies the template, with its version."""
    version: str
    display_name: str = ""
    """As written."""
    description: str = ""
    dsl_id: str = ""
    graph_entry_point: str = ""
    instance_entry_point: str = ""
    tags: tuple[str, ...] = ()
    exports_prefix: str = ""
    external_exports: Mapping[str, str] = field(default_factory=dict)
    """Variable to ``PREFIX.alias``."""
    where: Where | None = field(default=None, compare=False)
    places: Mapping[str, Where] = field(default_factory=dict, compare=False, repr=False)
    """Key of the file, such as ``exports``, to its place."""

    def where_of(self, key: str) -> Where | None:
        """Return the place of a key, or of the whole file."""
        return self.places.get(key, self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDefinition:
    """A ``*.properties`` file that says how machines are created."""

    id: str
    handler: str
    name: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    """All other keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationTemplate:
    """All of a template that the deployment manager's core needs; recipes are referred to by digest."""

    descriptor: Descriptor
    graph: Graph
    instances: tuple[Instance, ...] = ()
    """Root instances, ``count`` expanded."""
    bundles: Mapping[str, str] = field(default_factory=dict)
    """Component to digest of its recipe; absent when it has none."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Component to the settings of its recipe; absent for the defaults."""
    targets: Mapping[str, TargetDefinition] = field(default_factory=dict)
    """Component to its default target; absent when the template brings none."""

    @property
    def key(self) -> str:
        """Return ``name - version``, unique in a deployment manager."""
        return f"{self.descriptor.name} - {self.descriptor.version}"
