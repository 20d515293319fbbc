"""The contract of lifecycle handlers: what runs a recipe on a machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from roboconf_core.messages.types import ImportSpec as ImportSpec  # part of the contract, as InstanceSpec.imports
from roboconf_core.messages.types import InstanceSpec as InstanceSpec
from roboconf_core.model.lifecycle import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The variables that one started instance exports under one prefix, as an importer sees them."""

    prefix: str
    """Component or facet, as written in the graph."""
    path: str
    """Instance path of the exporter."""
    component: str
    """Component of the exporter."""
    variables: Mapping[str, str]
    """Local name (``port``) to value; only what the importer asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How the imports differ from what the last successful start or update saw; each part sorted by prefix and path."""

    joined: tuple[Import, ...] = ()
    left: tuple[Import, ...] = ()
    """With the variables as they were."""
    changed: tuple[Import, ...] = ()
    """With the variables as they are now."""

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.joined or self.left or self.changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """All that a handler may know when it prepares one action of one instance."""

    action: Action
    application: str
    instance: InstanceSpec
    ancestors: tuple[InstanceSpec, ...] = ()
    """Parent first, machine and what is above it last."""
    imports: tuple[Import, ...] = ()
    """Sorted by prefix and path, so that indexes are stable."""
    difference: Difference = field(default_factory=Difference)
    """Empty except for ``update``."""
    directory: Path
    """The instance's own directory: a copy of the recipe, made by ``deploy``, kept until ``undeploy``."""
    pid_file: Path
    """Where the recipe may leave the pid of its service, to be watched."""
    machine_id: str = ""
    """Carried by every process of the machine as ``ROBOCONF_MACHINE_ID``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program to run; the agent runs it in a session of its own, with a time-out, output going to files."""

    argv: tuple[str, ...]
    """Absolute program and its arguments; never a shell string."""
    directory: Path
    """Working directory."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the agent's environment."""
    success: frozenset[int] = frozenset({0})
    """Exit statuses that mean success."""


class LifecycleHandler(ABC):
    """Serves one or more installer names on the agent.

    A handler holds no state of instances: one object serves all of them, from several
    threads. It must return quickly: it tells what to run, the agent runs it, ends it after
    its time-out, and survives its own restart meanwhile.
    """

    names: ClassVar[tuple[str, ...]]
    """Installer names, compared without regard to case; the first is the usual one."""
    purpose: ClassVar[str] = ""
    """One sentence for ``roboconf plugin show``."""

    def initialize(self, context: ActionContext) -> None:  # noqa: B027 - optional
        """Prepare the files of ``context.directory``, before ``deploy`` runs.

        Raises:
            LifecycleError: If the files are not fit; ``deploy`` fails with its text.
        """

    @abstractmethod
    def supports(self, action: Action, directory: Path) -> bool:
        """Tell whether the recipe in a directory has something to run for an action.

        For ``status`` this decides whether the instance is polled; a recipe without the
        action is legal, and the action succeeds without running anything.
        """

    @abstractmethod
    def command_for(self, context: ActionContext) -> Command | None:
        """Return what to run for an action, or None when there is nothing to do.

        May write files below ``context.directory`` (rendered templates).

        Raises:
            LifecycleError: If the action cannot be prepared; it fails with that text.
        """
