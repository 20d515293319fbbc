"""What the agent's core takes in and what it asks its runner to do. Values only.

The runner hands one event at a time to the core and carries out the effects that come
back, in order: first all ``Save`` and ``Forget`` together, durably; then the rest. A
message is acknowledged to the transport after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roboconf_core.messages.types import InstanceSpec, Message, Publication
from roboconf_core.model.lifecycle import Action

# --- events


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an action ended."""

    exit_status: int | None = 0
    """None when it was ended by its time-out, by a signal or by the agent, or could not begin."""
    reason: str = ""
    """Empty on success; else ``exit status 3``, ``timed out after 60 s``, ``cancelled``, ..."""
    started: float = 0.0
    """Wall time (Unix seconds)."""
    duration_s: float = 0.0
    stdout: str = ""
    """End of what it printed, within the output limit."""
    stderr: str = ""
    has_status: bool = False
    """With a successful ``deploy``: the recipe has a ``status`` action."""
    ports_taken: tuple[str, ...] = ()
    """With a ``start`` that did not begin: names of random ports that cannot be bound on this host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """First event of a core's life: the runner has read the journal and looked at the actions in it."""

    rebooted: bool
    """The host was restarted since the journal was written: no process of ours is left."""
    outcomes: dict[str, Outcome]
    """By action id: journalled actions that ended while the agent was away."""
    running: frozenset[str]
    """Ids of journalled actions that still run; their ``ActionEnded`` follows as usual.
    A journalled action in neither set never began, or its result is lost: it is run again."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The transport is up."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The transport is down; it keeps trying by itself."""


@dataclass(frozen=True, slots=True)
class QueueOverflowed:
    """The agent's queue was dropped: everything that messages bring must be asked for again."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message came, perhaps not for the first time."""

    sender: str
    message: Message


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """An action that ``Run`` asked for has ended, or could not begin."""

    id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ProcessDied:
    """A process that ``Watch`` asked to watch is gone."""

    instance: str
    """Identifier of the instance."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of a ``SetTimer`` has come."""

    name: str


@dataclass(frozen=True, slots=True)
class BundleArrived:
    """A recipe that ``FetchBundle`` asked for is in the agent's cache."""

    digest: str


@dataclass(frozen=True, slots=True)
class BundleFailed:
    """A recipe cannot be had for now."""

    digest: str
    reason: str


Event = (
    Started
    | Connected
    | Disconnected
    | QueueOverflowed
    | MessageReceived
    | ActionEnded
    | ProcessDied
    | TimerFired
    | BundleArrived
    | BundleFailed
)

# --- effects


@dataclass(frozen=True, slots=True)
class Save:
    """Journal a record under a key, replacing the one before; a frozen dataclass of ``agent.core.state``."""

    key: str
    record: Any


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove a key from the journal."""

    key: str


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
class Run:
    """Run a lifecycle action; exactly one ``ActionEnded`` with the same id answers, sooner or later."""

    id: str
    """Never used before by this agent; journalled before this effect is carried out."""
    instance: InstanceSpec
    action: Action
    ancestors: tuple[InstanceSpec, ...]
    """Parent first."""
    imports: tuple[Publication, ...]
    """What the action is to see, restricted to what the instance imports; sorted by prefix and path."""
    joined: tuple[Publication, ...] = ()
    left: tuple[Publication, ...] = ()
    changed: tuple[Publication, ...] = ()
    timeout_s: float
    unproven_ports: tuple[str, ...] = ()
    """With a ``start``: names of the random ports with which the instance was never ready; they must be free."""
    exclusive: bool = False
    """One at a time on the host: the runner waits for the host's lock; the time-out counts from then on."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a running action, its whole process group; ``ActionEnded`` with the reason ``cancelled`` follows."""

    id: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Watch the process named by the instance's pid file, if the recipe left one; until ``Unwatch``."""

    instance: InstanceSpec


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Watch it no more."""

    instance: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Remove the working directory of an instance that was undeployed."""

    instance: InstanceSpec


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``TimerFired(name)`` at a moment (monotonic seconds); replaces the timer of the same name."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer; unknown names are fine."""

    name: str


@dataclass(frozen=True, slots=True)
class FetchBundle:
    """Bring a recipe into the cache, asking the deployment manager for what is missing; idempotent."""

    digest: str


Effect = (
    Save
    | Forget
    | Publish
    | Subscribe
    | Unsubscribe
    | Run
    | Cancel
    | Watch
    | Unwatch
    | Discard
    | SetTimer
    | CancelTimer
    | FetchBundle
)
