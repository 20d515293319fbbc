"""An application template as its description tells it: plain data, secrets already hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.model.application import ApplicationTemplate, TargetDefinition
from roboconf_core.model.autonomic import ProbesOfComponent, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What is to be described; everything beside the template is what its directory holds."""

    template: ApplicationTemplate
    title: str
    recipes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Component to the files of its recipe, relative to its directory; machines have none."""
    targets: Mapping[str, Mapping[str, TargetDefinition]] = field(default_factory=dict)
    """Machine to its target definitions by the names of their files."""
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Handler of targets, in lower case, to the properties that its plugin declares to be secret."""
    commands: Mapping[str, int] = field(default_factory=dict)
    """Name to number of instructions."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    probes: Mapping[str, ProbesOfComponent] = field(default_factory=dict)
    """By component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A diagram in a description."""

    title: str
    content: str = ""
    """Mermaid for Markdown, SVG for HTML; empty when there is no picture."""
    note: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Some names, the first ones of very many."""

    shown: tuple[str, ...] = ()
    more: int = 0
    """How many are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An exported variable."""

    name: str
    """Full name."""
    value: str | None
    """Default value; None when there is none."""
    note: str
    """Where the value comes from, when it is not the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What a component imports under one prefix."""

    prefix: str
    variables: tuple[str, ...]
    optional: bool
    external: bool
    providers: Names
    """Components of this application that export it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A definition of how machines are created."""

    file: str
    id: str
    handler: str
    name: str
    is_default: bool
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentText:
    """All that is told of a component."""

    name: str
    is_machine: bool
    annotation: str
    installer: str
    installer_of: str
    """The extended component that gives the installer; empty when it is the component's own."""
    extends: str
    extended_by: Names
    facets: tuple[str, ...]
    """Own and inherited ones."""
    stands_below: Names
    holds: Names
    exports: tuple[Export, ...]
    imports: tuple[Import, ...]
    recipe: Names
    """Files."""
    targets: tuple[Target, ...]
    events: tuple[tuple[str, str], ...]
    """Probes: handler and event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetText:
    """All that is told of a facet."""

    name: str
    annotation: str
    extends: tuple[str, ...]
    children: Names
    had_by: Names
    exports: tuple[Export, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceText:
    """An instance in the tree of initial instances, or several that differ by a number only."""

    depth: int
    """0 for a root."""
    name: str
    last_name: str = ""
    """Of the last one of several."""
    number: int = 1
    component: str
    overrides: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalExport:
    """A variable that other applications can import."""

    variable: str
    alias: str
    """With its prefix."""
    exporters: Names
    """Components that export it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandsText:
    """A file of commands."""

    name: str
    instructions: int
    rules: tuple[str, ...]
    """Names of the rules that execute it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All that is told of an application template."""

    title: str
    version: str
    text: str
    tags: tuple[str, ...]
    components: tuple[ComponentText, ...]
    facets: tuple[FacetText, ...]
    instances: tuple[InstanceText, ...]
    more_instances: int
    """How many are left out."""
    exports_prefix: str
    external_exports: tuple[ExternalExport, ...]
    commands: tuple[CommandsText, ...]
    rules: tuple[Rule, ...]
