"""What an agent journals: frozen values that survive its crash, by key.

==================  =========================================================
key                 record
==================  =========================================================
``agent``           :class:`AgentRecord`
``desired``         :class:`~roboconf_core.messages.types.DesiredState`
``instance/ID``     :class:`InstanceRecord`
``seen/ID``         :class:`SeenRecord`, absent when nothing was seen
==================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from roboconf_core.messages.codec import from_plain, to_plain
from roboconf_core.messages.types import DesiredState, Failure, InstanceSpec, Publication
from roboconf_core.model.lifecycle import Action, Status, Trigger

AGENT_KEY = "agent"
DESIRED_KEY = "desired"
INSTANCE_PREFIX = "instance/"
SEEN_PREFIX = "seen/"


class Stage(StrEnum):
    """How far a move through a transitive status has come."""

    DRAINING = "draining"
    """Before ``stop``: importers answer, children stop, a running update ends."""
    ACTING = "acting"
    """The action of the move runs."""
    CHECKING = "checking"
    """``status`` decides: whether it is ready after ``start``, whether it still runs after a failed ``stop``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAction:
    """An action that was asked of the runner and has not ended."""

    id: str
    action: Action
    attempt: int
    cause: str
    started: float
    """Wall time (Unix seconds)."""
    timeout_s: float
    spec: InstanceSpec
    """With which it runs."""
    imports: tuple[Publication, ...] = ()
    """What a ``start`` or ``update`` was handed."""
    cancelled: bool = False
    """True once the runner was asked to end it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """Where one instance is, and how it came there."""

    spec: InstanceSpec
    """The newest that was wanted."""
    vanished: bool = False
    """No longer in the desired state: undeployed first, then forgotten."""
    deployed: InstanceSpec | None = None
    """With which it was deployed or last started; its ``stop`` and ``undeploy`` see this one."""
    has_status: bool = False
    """Whether the deployed recipe has a ``status`` action."""
    status: Status = Status.NOT_DEPLOYED
    since: float = 0.0
    """Wall time (Unix seconds) at which the status was taken."""
    cause: str = ""
    trigger: Trigger | None = None
    """Of the move under way; None in a stable status."""
    source: Status = Status.NOT_DEPLOYED
    """Stable status from which the move under way began."""
    stage: Stage | None = None
    """Of the move under way; None in a stable status."""
    planned: bool = False
    """The stop under way was wanted, and drains."""
    failed_stops: int = 0
    """How often ``stop`` failed in the move under way."""
    running: RunningAction | None = None
    failure: Failure | None = None
    tried: str = ""
    """Digest of the imports that the last failed ``update`` was handed."""
    dirty: bool = False
    """An update is due, running, or failed."""
    deaths: int = 0
    """In a row, without a calm period in between; the restart's delay grows with them."""
    restarts: int = 0
    proven_ports: dict[str, int] = field(default_factory=dict)
    """Random ports with which it was once ready: they are its own, and kept whatever happens to a start."""

    @property
    def is_up(self) -> bool:
        """Whether its ``start`` succeeded and no stop began: it is started, or about to be once it is ready."""
        waits = self.status is Status.STARTING and self.stage is Stage.CHECKING
        return waits or self.status is Status.DEPLOYED_STARTED

    @property
    def id(self) -> str:
        """Identifier of the instance."""
        return self.spec.id

    @property
    def path(self) -> str:
        """Path of the instance."""
        return self.spec.path


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRecord:
    """The imports that the last successful ``start`` or ``update`` saw, with their variables."""

    imports: tuple[Publication, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """Which life of the agent this is."""

    generation: int
    boot: int
    withdrawn: tuple[Publication, ...] = ()
    """Last withdrawals of instances that were forgotten: whoever missed them can still be told."""


Record = AgentRecord | DesiredState | InstanceRecord | SeenRecord


def kind_of(key: str) -> type[Any]:
    """Return the type of the record under a key.

    Raises:
        KeyError: If no record can have this key.
    """
    if key.startswith(INSTANCE_PREFIX):
        return InstanceRecord
    if key.startswith(SEEN_PREFIX):
        return SeenRecord
    return {AGENT_KEY: AgentRecord, DESIRED_KEY: DesiredState}[key]


def records_to_plain(records: Mapping[str, Record]) -> dict[str, Any]:
    """Return records as plain JSON values, by key."""
    return {key: to_plain(record) for key, record in records.items()}


def records_from_plain(values: Mapping[str, Any]) -> dict[str, Record]:
    """Return the records that plain JSON values stand for, by key.

    Raises:
        MessageError: If a value does not fit its record.
        KeyError: If no record can have such a key.
    """
    return {key: from_plain(kind_of(key), value, key) for key, value in values.items()}


def running_actions(records: Mapping[str, Any]) -> dict[str, RunningAction]:
    """Return the journalled actions that have not ended, by action id."""
    running = (record.running for record in records.values() if isinstance(record, InstanceRecord))
    return {action.id: action for action in running if action}
