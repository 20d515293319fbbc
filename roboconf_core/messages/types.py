"""The messages, as frozen dataclasses, and the values that they carry.

Commands are imperative or a wanted state, notifications are past. Every message may come
twice, late, or in another order than it was sent: whatever matters carries an epoch, a
sequence or a version, and the receiver keeps the newest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from roboconf_core.model.lifecycle import Action, Desired, Status
from roboconf_core.model.settings import Settings

DM = "@dm"
"""Name of the deployment manager as a sender; no application may be called so."""


def agent_name(application: str, machine_path: str) -> str:
    """Return the name of the agent of a machine: ``lamp/apache-vm``; unique and reversible."""
    return application + machine_path


def application_of(agent: str) -> str:
    """Return the application part of an agent's name."""
    return agent.partition("/")[0]


def machine_path_of(agent: str) -> str:
    """Return the machine's path of an agent's name: ``/apache-vm``."""
    return "/" + agent.partition("/")[2]


class Epoch(NamedTuple):
    """Which life of an agent speaks; a greater one supersedes all smaller ones."""

    generation: int
    """Issued by the deployment manager for each deployment of a machine, ever growing."""
    boot: int
    """Raised by the agent at each start."""
    incarnation: int
    """Raised by a live agent that learns of its own farewell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """All the variables that one instance exports under one prefix, or their withdrawal."""

    agent: str
    instance: str
    """Identifier of the exporting instance; never reused."""
    path: str
    component: str
    prefix: str
    epoch: Epoch
    sequence: int
    """Grows with each publication of the same agent within an epoch."""
    variables: dict[str, str] | None
    """Full name (``Web.port``) to value; None when withdrawn."""
    planned: bool = False
    """With a withdrawal: the exporter still serves and waits for the importers' answers."""

    @property
    def stamp(self) -> tuple[Epoch, int]:
        """What tells which of two publications of the same key is newer."""
        return (self.epoch, self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSpec:
    """What an instance imports under one prefix."""

    prefix: str
    names: tuple[str, ...]
    """Full names of the variables wanted; ``Prefix.*`` stands for all."""
    optional: bool
    """True when none of the prefix's variables is mandatory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpec:
    """All that an agent needs to know of one instance, and what is wanted of it."""

    id: str
    path: str
    component: str
    installer: str
    parent: str
    """Path of the parent; empty for a root instance."""
    exports: dict[str, str]
    """Full name to value, after inheritance, overrides, ports and addresses."""
    imports: tuple[ImportSpec, ...] = ()
    bundle: str = ""
    """Digest of the recipe; empty when the component has none."""
    settings: Settings = field(default_factory=Settings)
    ports: dict[str, int] = field(default_factory=dict)
    """Random ports, by local name."""
    desired: Desired = Desired.NOT_DEPLOYED
    generation: int = 0
    """Grows with each request for this instance; a retry is a new generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImport:
    """One exporter, as an importer's last successful start or update saw it."""

    instance: str
    path: str
    prefix: str
    epoch: Epoch
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The condition *failed*: it stands beside the status, until success or a new request."""

    action: Action
    reason: str
    """``exit status 3``, ``timed out after 60 s``, ``not ready after 60 s``, ``process died``."""
    attempt: int
    exhausted: bool
    """True when no further attempt comes by itself."""
    exit_status: int | None = None
    duration_s: float = 0.0
    stdout: str = ""
    """End of what the action printed."""
    stderr: str = ""
    next_try: float | None = None
    """Wall time (Unix seconds) of the next attempt."""


# --- between agents


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsPublished:
    """An exporter's agent, to those that import the prefix, and to the deployment manager."""

    publication: Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsRequested:
    """An importer's agent, to those that export the prefix: publish again."""

    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsHeld:
    """An importer's agent, to the exporter's: I hold this, ask me before you stop."""

    instance: str
    prefix: str
    epoch: Epoch
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainAnswered:
    """An importer's agent, to the exporter's: nothing here uses this publication, or what it withdrew, any more."""

    instance: str
    prefix: str
    epoch: Epoch
    sequence: int


# --- from the deployment manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """On behalf of an agent that is lost or gone, to those that import from it."""

    agent: str
    epoch: Epoch
    """Covers every publication of this epoch and of all smaller ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What is wanted of a machine and of everything on it: complete, the newest version counts."""

    generation: int
    """Of the machine; an agent of another generation drops the message."""
    version: int
    machine: InstanceSpec
    instances: tuple[InstanceSpec, ...] = ()
    """Parents before children."""
    ancestors: tuple[InstanceSpec, ...] = ()
    """Above the machine, nearest first, for the recipes' environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleChunk:
    """A part of a recipe's bundle."""

    digest: str
    offset: int
    size: int
    """Of the whole bundle, in bytes; 0 when the deployment manager does not have it."""
    data: str
    """Base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsRequested:
    """Send the reports of all your instances again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynchronize:
    """Publish all your exports again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsRepaired:
    """All that the deployment manager's directory knows of a prefix, tombstones included."""

    prefix: str
    generation: int
    """The newest generation issued so far: what is younger than that is not concerned."""
    agents: dict[str, int]
    """Agents of the application that exist, with their generation."""
    farewells: tuple[Farewell, ...] = ()
    publications: tuple[Publication, ...] = ()


# --- to the deployment manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First words of an agent on each connection."""

    epoch: Epoch
    version: int
    """Version of the desired state that the agent holds; 0 for none."""
    handlers: dict[str, str]
    """Installer name to version of the plugin that serves it."""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Every five seconds: alive, and digests from which the deployment manager sees what to repair."""

    epoch: Epoch
    version: int
    reports: str
    """Digest of the reports sent."""
    published: str
    """Digest of the live publications of this agent."""
    held: dict[str, str] = field(default_factory=dict)
    """Prefix to digest of the live publications held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceReported:
    """Where an instance is, in full; the newest sequence counts."""

    instance: str
    path: str
    epoch: Epoch
    sequence: int
    status: Status
    generation: int
    """Generation of the request that the agent acts upon."""
    since: float
    """Wall time (Unix seconds) at which the status was taken."""
    cause: str = ""
    """What brought this status about, as a sentence."""
    waits: tuple[str, ...] = ()
    """What the instance waits for, one sentence each; empty when it rests or acts."""
    action: Action | None = None
    """The action that runs now."""
    action_since: float = 0.0
    action_timeout_s: float = 0.0
    dirty: bool = False
    """True while an update is due, running, or failed."""
    imports: tuple[HeldImport, ...] = ()
    """As the last successful start or update saw them."""
    failure: Failure | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionReported:
    """An action ended; this is what it printed."""

    instance: str
    path: str
    id: str
    action: Action
    attempt: int
    cause: str
    started: float
    """Wall time (Unix seconds)."""
    duration_s: float
    exit_status: int | None
    """None when the action was ended by its time-out, by a signal or by the agent."""
    reason: str
    """Empty on success."""
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRequested:
    """Send this recipe's bundle, from this offset on."""

    digest: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTaken:
    """A random port cannot be bound on the agent's host; draw another one."""

    instance: str
    name: str
    port: int


Message = (
    ExportsPublished
    | ImportsRequested
    | ExportsHeld
    | DrainAnswered
    | Farewell
    | DesiredState
    | BundleChunk
    | ReportsRequested
    | Resynchronize
    | ImportsRepaired
    | Hello
    | Heartbeat
    | InstanceReported
    | ActionReported
    | BundleRequested
    | PortTaken
)
"""Any message."""


def key_of(message: Message) -> str | None:
    """Return what a newer message of the same kind replaces in a queue, or None.

    Outboxes and queues keep only the newest message per sender, topic and key: each one
    says all there is to say. Heartbeats of two agents are different messages.
    """
    match message:
        case ExportsPublished(publication=p):
            return f"exports:{p.instance}:{p.prefix}"
        case InstanceReported(instance=instance):
            return f"report:{instance}"
        case Farewell(agent=agent):
            return f"farewell:{agent}"
        case ImportsRepaired(prefix=prefix):
            return f"repair:{prefix}"
        case ImportsRequested(prefix=prefix):
            return f"request:{prefix}"
        case ExportsHeld(instance=instance, prefix=prefix):
            return f"held:{instance}:{prefix}"
        case DrainAnswered(instance=instance, prefix=prefix):
            return f"drained:{instance}:{prefix}"
        case BundleRequested(digest=digest):
            return f"bundle:{digest}"
        case BundleChunk(digest=digest, offset=offset):
            return f"chunk:{digest}:{offset}"
        case PortTaken(instance=instance, name=name):
            return f"port:{instance}:{name}"
        case DesiredState() | Heartbeat() | Hello() | ReportsRequested() | Resynchronize():
            return type(message).__name__
        case _:
            return None
