"""What the deployment manager's core remembers: frozen records, stored one by one.

``RECORDS`` names the kinds. Every record becomes plain JSON values by
``messages.codec.to_plain`` and comes back by ``from_plain``, so that the store needs to
know nothing about them. Templates are the exception: the record says which one is
meant, the runner loads it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from roboconf_core.dm.events import MachineStep
from roboconf_core.messages.types import Epoch, InstanceReported, Publication, agent_name
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.lifecycle import Desired, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The numbers that are never issued twice."""

    instances: int = 0
    """Of the newest instance."""
    generations: int = 0
    """Of the newest deployment of a machine, over all applications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRecord:
    """An application template that applications can be made from; keyed by ``name - version``."""

    name: str
    version: str
    digest: str = ""
    """Of its files; where the runner finds them again."""
    description: str = ""
    added: float = 0.0
    """Wall time (Unix seconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecord:
    """How a machine is created; as ``TargetDefinition``, with plain values."""

    id: str
    handler: str
    name: str = ""
    properties: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, definition: TargetDefinition) -> TargetRecord:
        """Return the record of a definition."""
        return cls(
            id=definition.id,
            handler=definition.handler,
            name=definition.name,
            properties=dict(definition.properties),
        )

    def definition(self) -> TargetDefinition:
        """Return the definition that this records."""
        return TargetDefinition(id=self.id, handler=self.handler, name=self.name, properties=dict(self.properties))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRecord:
    """An application; keyed by its name."""

    name: str
    template: str
    version: str
    """Of the template."""
    description: str = ""
    default_target: TargetRecord | None = None
    created: float = 0.0
    """Wall time (Unix seconds)."""

    @property
    def template_key(self) -> str:
        """Key of its template."""
        return f"{self.template} - {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """An instance and what is wanted of it; keyed by its identifier."""

    id: str
    application: str
    path: str
    parent: str
    """Path; empty for a root instance."""
    machine: str
    """Path of the machine it stands on; its own path when it is a machine itself."""
    name: str
    component: str
    overrides: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    """Random ports, by local name of the variable."""
    taken: tuple[int, ...] = ()
    """Ports that were drawn for it and found taken."""
    desired: Desired = Desired.NOT_DEPLOYED
    generation: int = 0
    """Grows with each request for it; 0 until the first one."""
    removing: bool = False
    """Forget it as soon as it is not deployed."""

    @property
    def is_machine(self) -> bool:
        """Whether the instance is a machine."""
        return self.machine == self.path

    @property
    def agent(self) -> str:
        """Name of the agent that is in charge of it."""
        return agent_name(self.application, self.machine)

    @property
    def number(self) -> int:
        """What tells which of two instances is older; parents are older than their children."""
        return int(self.id.removeprefix("i"))


class Phase(StrEnum):
    """What the deployment manager is about to do with a machine."""

    IDLE = "idle"
    """There is no machine."""
    CREATING = "creating"
    CONFIGURING = "configuring"
    AWAITING_AGENT = "awaiting-agent"
    RUNNING = "running"
    """The agent was seen; it may be lost now."""
    DRAINING = "draining"
    """Everything on it is being stopped and undeployed."""
    TERMINATING = "terminating"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFailure:
    """The condition *failed* of a machine, until success or a new request."""

    step: MachineStep
    reason: str
    attempt: int = 1
    exhausted: bool = False
    """True when no further attempt comes by itself."""
    next_try: float | None = None
    """Wall time (Unix seconds)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRecord:
    """A machine and its agent; keyed by the agent's name. Written before the cloud is called."""

    agent: str
    instance: str
    application: str
    path: str
    status: Status = Status.NOT_DEPLOYED
    phase: Phase = Phase.IDLE
    since: float = 0.0
    """Wall time (Unix seconds) at which the status was taken."""
    cause: str = ""
    generation: int = 0
    """Of the newest deployment; 0 before the first one."""
    attempt: int = 0
    """How often the present step was asked for."""
    target: TargetRecord | None = None
    """Which the machine was created with."""
    machine_id: str = ""
    address: str = ""
    """As the target knows it."""
    seen_address: str = ""
    """As the agent says; for targets that know none."""
    epoch: Epoch | None = None
    """Newest that the agent was seen with, in this generation."""
    farewell: Epoch | None = None
    """What was said farewell to, in this generation."""
    version: int = 0
    """Of the newest desired state."""
    content: str = ""
    """Digest of that desired state."""
    handlers: dict[str, str] | None = None
    """Installers that the agent serves, with versions; None until it said so."""
    failure: MachineFailure | None = None
    problem: str = ""
    """What is wrong with it, as a sentence; empty when nothing is."""

    @property
    def ip(self) -> str:
        """What ``ip`` exports; empty when unknown."""
        return self.address or self.seen_address

    @property
    def backs_off(self) -> bool:
        """Whether the present step failed and waits for its next attempt."""
        return self.failure is not None and self.failure.next_try is not None

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing more is tried until a user asks."""
        return self.failure is not None and self.failure.exhausted


COUNTERS = "counters"
TEMPLATE = "template"
APPLICATION = "application"
INSTANCE = "instance"
MACHINE = "machine"
REPORT = "report"
"""The newest report of an instance, keyed by the instance's identifier."""
EXPORTS = "exports"
"""The newest publication, keyed by ``instance prefix``."""

RECORDS: dict[str, type[Any]] = {
    COUNTERS: Counters,
    TEMPLATE: TemplateRecord,
    APPLICATION: ApplicationRecord,
    INSTANCE: InstanceRecord,
    MACHINE: MachineRecord,
    REPORT: InstanceReported,
    EXPORTS: Publication,
}
"""Kind to the class of its records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How patient the deployment manager is; all durations are in seconds."""

    silence_s: float = 15.0
    """Without a word from an agent before it counts as lost; three heartbeats."""
    reconnect_s: float = 3.0
    """From a broken connection to the same."""
    restart_grace_s: float = 30.0
    """For agents to come back after the deployment manager itself was away."""
    crowd: int = 3
    """So many agents, and..."""
    crowd_share: float = 0.3
    """...more than this share of all must fall silent together to doubt oneself rather than them."""
    late_s: float = 5.0
    """A timer later than this means that the deployment manager was asleep."""
    watch_s: float = 3.0
    """So often it looks whether it was asleep: with ``late_s`` and a heartbeat's period less than ``silence_s``."""
    create_timeout_s: float = 300.0
    configure_timeout_s: float = 900.0
    agent_timeout_s: float = 180.0
    """From a configured machine to the first words of its agent."""
    terminate_timeout_s: float = 300.0
    attempts: int = 3
    """How often a step is tried before it is *exhausted*."""
    retry_delay_s: float = 2.0
    """Before the second attempt; doubled for each further one."""
    retry_delay_max_s: float = 60.0
    drain_margin_s: float = 30.0
    """Added to what the recipes on a machine may take to stop and undeploy."""
    drain_max_s: float = 900.0

    def retry_after(self, attempt: int) -> float:
        """Return the seconds to wait after the given attempt, counted from 1, failed."""
        return min(self.retry_delay_s * 2.0 ** min(attempt - 1, 30), self.retry_delay_max_s)


DEFAULT_LIMITS = Limits()
