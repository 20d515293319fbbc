"""What the deployment manager's core takes in and what it asks its runner to do. Values only.

The runner hands one event at a time to the core and carries out the effects that come
back, in order: first all ``Save`` and ``Delete`` (and what is recorded) in one
transaction; then the rest. If the transaction fails, nothing else is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from roboconf_core.errors import RoboconfError
from roboconf_core.messages.types import ActionReported, Message
from roboconf_core.model.application import ApplicationTemplate, TargetDefinition
from roboconf_core.model.lifecycle import Desired

# --- what users ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTemplate:
    """Register an application template that was loaded without errors."""

    template: ApplicationTemplate
    digest: str = ""
    """Of its files, for the record: where the runner finds them after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTemplate:
    """Forget a template that no application uses."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApplication:
    """Make an application, with the instances of its template, nothing deployed."""

    name: str
    template: str
    version: str
    description: str = ""
    default_target: TargetDefinition | None = None
    """For machines whose component brings no target; None makes ``deploy`` of such a machine an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveApplication:
    """Forget an application of which nothing is deployed."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateInstance:
    """Add one instance, not deployed."""

    application: str
    parent: str
    """Path; empty for a root instance."""
    name: str
    component: str
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateInstance:
    """Copy an instance with its subtree beside it, not deployed."""

    application: str
    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveInstance:
    """Remove an instance with its subtree, all not deployed."""

    application: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDesired:
    """Want another state of an instance, of its subtree, or of the whole application.

    For a machine, ``DEPLOYED_STARTED`` creates it, ``NOT_DEPLOYED`` stops and undeploys what
    is on it and terminates it, ``DEPLOYED_STOPPED`` stops its children and keeps it.
    """

    application: str
    path: str = ""
    """Empty for all root instances."""
    desired: Desired
    subtree: bool = True
    """False only with ``DEPLOYED_STARTED`` and ``DEPLOYED_STOPPED`` from not deployed: the named instance alone,
    with the ancestors that it needs. A stop or an undeploy always concerns the subtree."""
    at_least: bool = False
    """Leave alone what is wanted further already: ``deploy`` stops nothing that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again what failed or was exhausted, in a subtree or in the whole application."""

    application: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Have so many replicas of a root machine with all that is on it.

    The group of ``/web-vm`` are the root instances of the same component named ``web-vm``
    or ``web-vm`` and a number. New ones take the lowest free numbers and are deployed and
    started; the highest numbers go first, drained, undeployed and removed.
    """

    application: str
    path: str
    to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartAgent:
    """Start the agent of a machine again."""

    application: str
    path: str


UserRequest = (
    AddTemplate
    | RemoveTemplate
    | CreateApplication
    | RemoveApplication
    | CreateInstance
    | ReplicateInstance
    | RemoveInstance
    | ChangeDesired
    | Retry
    | Scale
    | RestartAgent
)

# --- events


class MachineStep(StrEnum):
    """What the runner does with a machine, through its target handler."""

    CREATE = "create"
    """Enrol the agent, ``find`` (when ``attempt`` is above 1), else create."""
    CONFIGURE = "configure"
    CHECK = "check"
    """``is_machine_running``; after a restart of the deployment manager, or when the agent is lost."""
    RESTART_AGENT = "restart-agent"
    TERMINATE = "terminate"
    """Terminate what ``machine_id`` or, when that is empty, ``find`` names; then revoke the agent's credential and queue."""


@dataclass(frozen=True, slots=True)
class Started:
    """First event of a core's life, after its state was loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A user asks; exactly one ``Reply`` with the same id answers, in the same decision."""

    id: str
    request: UserRequest
    user: str = ""
    ports_in_use: frozenset[int] = frozenset()
    """TCP ports that cannot be bound on the deployment manager's host now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """A message came, perhaps not for the first time; the sender is authenticated."""

    sender: str
    message: Message
    ports_in_use: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AgentConnected:
    """The transport sees an agent's connection."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentDisconnected:
    """The transport sees that an agent's connection is gone."""

    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineStepDone:
    """A step of a machine succeeded."""

    agent: str
    generation: int
    step: MachineStep
    machine_id: str = ""
    """After CREATE."""
    address: str = ""
    """What ``ip`` exports, when the target knows it."""
    running: bool = True
    """After CHECK."""
    ended: tuple[str, ...] = ()
    """After TERMINATE: what was still running on the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineStepFailed:
    """A step of a machine failed; the core decides whether and when it is tried again."""

    agent: str
    generation: int
    step: MachineStep
    reason: str


@dataclass(frozen=True, slots=True)
class QueueOverflowed:
    """The deployment manager's own queue was dropped: reports must be asked for again."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of a ``SetTimer`` has come."""

    name: str


Event = (
    Started
    | Requested
    | MessageReceived
    | AgentConnected
    | AgentDisconnected
    | MachineStepDone
    | MachineStepFailed
    | QueueOverflowed
    | TimerFired
)

# --- effects


@dataclass(frozen=True, slots=True)
class Save:
    """Store a record under its kind and key, replacing the one before; a frozen dataclass of ``dm.core.state``."""

    kind: str
    key: str
    record: Any


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a record."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Add to the history what happened; shown by ``roboconf events`` and told to observers."""

    application: str
    path: str = ""
    kind: str
    """Finite and searchable: ``application-created``, ``desired-changed``, ``status-changed``, ``machine-lost``, ..."""
    text: str
    """One sentence for people."""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAction:
    """Keep what an action printed, for ``roboconf logs``."""

    application: str
    report: ActionReported


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a message to a topic."""

    topic: str
    message: Message


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Listen to topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop listening to topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer a user's request, once the decision is stored."""

    id: str
    result: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values."""
    error: RoboconfError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoMachineStep:
    """Do a step of a machine in a worker thread; ``MachineStepDone`` or ``MachineStepFailed`` answers."""

    agent: str
    generation: int
    step: MachineStep
    target: TargetDefinition
    machine_id: str = ""
    attempt: int = 1

    def repeats(self, earlier: DoMachineStep) -> bool:
        """Tell whether this is a further attempt at an earlier step: not to be made once that one succeeded."""
        same = (self.agent, self.generation, self.step) == (earlier.agent, earlier.generation, earlier.step)
        return same and self.attempt > earlier.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBundle:
    """Publish the next chunk of a recipe to an agent."""

    agent: str
    digest: str
    offset: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``TimerFired(name)`` at a moment (monotonic seconds); replaces the timer of the same name."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer; unknown names are fine."""

    name: str


Effect = (
    Save
    | Delete
    | Record
    | RecordAction
    | Publish
    | Subscribe
    | Unsubscribe
    | Reply
    | DoMachineStep
    | SendBundle
    | SetTimer
    | CancelTimer
)
