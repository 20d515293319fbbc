"""The contract of target handlers: what creates, finds and terminates machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from roboconf_core.errors import Problem
from roboconf_core.hooks.properties import PropertySpec, check_properties


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLaunch:
    """How the agent of a machine is started, wherever the machine is."""

    command: tuple[str, ...]
    """Program and arguments; the path of a file that holds ``settings`` is to be appended."""
    settings: Mapping[str, str]
    """Identity, messaging and credential: to be written as JSON, readable by the agent's user only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine, as a target handler is told of it; the record exists before the cloud is called."""

    dm_id: str
    """Identifier of the deployment manager; what carries another one is never touched."""
    application: str
    path: str
    """Path of the scoped instance, such as ``/web-vm``."""
    generation: int
    """Grows with each deployment of the machine."""
    attempt: int = 1
    properties: Mapping[str, str] = field(default_factory=dict)
    """The target's, checked against ``TargetHandler.properties``, with defaults."""
    launch: AgentLaunch
    directory: Path
    """A directory of the deployment manager's for what concerns this machine: logs, local work."""

    @property
    def identity(self) -> str:
        """Name that no other machine has: goes into the create call, ``find`` looks for it."""
        return f"{self.dm_id}/{self.application}{self.path}/{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """What a termination found."""

    ended: tuple[str, ...] = ()
    """Processes that were still running on the machine, described for people; empty on clouds."""
    left: tuple[str, ...] = ()
    """What could not be ended; a machine with such leftovers is not gone."""


class TargetHandler(ABC):
    """Serves one or more handler names (``handler`` of a ``target.properties``) on the deployment manager.

    Calls come from several threads, for several machines at once. Every method must bear
    being called again for the same machine.
    """

    names: ClassVar[tuple[str, ...]]
    """Handler names, compared without regard to case; the first is the usual one."""
    purpose: ClassVar[str] = ""
    properties: ClassVar[tuple[PropertySpec, ...]] = ()
    """Declared as data: they are checked, documented and redacted from it."""
    shared_host: ClassVar[bool] = False
    """Whether all its machines are one host, with one space of ports."""

    def check(self, properties: Mapping[str, str]) -> list[Problem]:
        """Return all that is wrong with a target's properties, before anything is created."""
        return check_properties(self.properties, properties)

    def address_for(self, machine: Machine) -> str:
        """Return the address that ``ip`` exports when it is known before creation, else an empty text."""
        return ""

    @abstractmethod
    def create_machine(self, machine: Machine) -> str:
        """Ask for the machine and return its identifier; do not wait until it is ready.

        Raises:
            TargetError: If the machine cannot be created.
        """

    @abstractmethod
    def find_machine(self, machine: Machine) -> str | None:
        """Return the identifier of the machine that carries ``machine.identity``, or None."""

    def configure_machine(self, machine: Machine, machine_id: str) -> bool:
        """Do the next step of the configuration; return True once nothing is left to do.

        Called again about every second until then; never blocks for long.

        Raises:
            TargetError: If the configuration failed.
        """
        return True

    @abstractmethod
    def is_machine_running(self, machine: Machine, machine_id: str) -> bool:
        """Tell whether the machine (on a local target: its agent) is there."""

    def restart_agent(self, machine: Machine, machine_id: str) -> None:
        """Start the agent again on a machine that exists.

        Raises:
            TargetError: If this target cannot do that.
        """
        from roboconf_core.errors import TargetError

        raise TargetError(f"target handler '{self.names[0]}' cannot restart the agent of {machine.path}")

    @abstractmethod
    def terminate_machine(self, machine: Machine, machine_id: str) -> Termination:
        """End the machine and all that runs on it; one that is gone already is fine.

        Raises:
            TargetError: If the machine cannot be terminated.
        """
