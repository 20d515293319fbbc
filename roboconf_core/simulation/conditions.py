"""What may go wrong in a world, and how often; what happens at which rate is drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Kinds of faults, as they are counted."""

    MESSAGE_LOST = "message-lost"
    MESSAGE_DOUBLED = "message-doubled"
    MESSAGE_DELAYED = "message-delayed"
    MESSAGE_REORDERED = "message-reordered"
    MESSAGE_FORGED = "message-forged"
    QUEUE_OVERFLOWED = "queue-overflowed"
    PARTITION = "partition"
    MANAGER_CRASHED = "manager-crashed"
    MANAGER_CRASHED_BEFORE_SAVE = "manager-crashed-before-save"
    MANAGER_CRASHED_AFTER_SAVE = "manager-crashed-after-save"
    MANAGER_ASLEEP = "manager-asleep"
    AGENT_CRASHED = "agent-crashed"
    AGENT_CRASHED_BEFORE_SAVE = "agent-crashed-before-save"
    AGENT_CRASHED_AFTER_SAVE = "agent-crashed-after-save"
    AGENT_CRASHED_BEFORE_ACKNOWLEDGING = "agent-crashed-before-acknowledging"
    AGENT_ASLEEP = "agent-asleep"
    RESULT_LOST = "result-lost"
    HOST_REBOOTED = "host-rebooted"
    MACHINE_LOST = "machine-lost"
    MACHINE_STEP_FAILED = "machine-step-failed"
    MACHINE_STEP_HANGS = "machine-step-hangs"
    AGENT_NEVER_STARTED = "agent-never-started"
    PROCESS_DIED = "process-died"
    ACTION_FAILED = "action-failed"
    ACTION_HANGS = "action-hangs"
    NEVER_READY = "never-ready"
    PORT_TAKEN = "port-taken"


class CrashPoint(StrEnum):
    """Where a process dies while it carries out what its core decided."""

    BEFORE_SAVE = "before-save"
    """Nothing of the decision is kept."""
    AFTER_SAVE = "after-save"
    """What is to be kept is kept; nothing else was done."""
    BEFORE_ACKNOWLEDGING = "before-acknowledging"
    """Everything was done, but the event is not acknowledged: it comes again."""


@dataclass(slots=True, kw_only=True)
class Conditions:
    """Rates from 0 to 1, and durations in virtual seconds; may be changed while the world runs."""

    latency_s: tuple[float, float] = (0.002, 0.03)
    """Least and greatest time that a message takes."""
    lost: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    delay_s: float = 4.0
    """Greatest delay of a delayed message."""
    reordered: float = 0.0
    """Share of messages that do not keep the order of their queue."""
    double_everything: bool = False
    """Every message comes twice, the second time right after the first; counted as no fault."""
    batch_s: float = 0.0
    """How long processes gather events before they take them in together, as runners do under load."""
    serialized: bool = False
    """Messages and records take the form that they have on the wire and on disks, and back; slow."""
    action_failed: float = 0.0
    action_hangs: float = 0.0
    never_ready: float = 0.0
    port_taken: float = 0.0
    machine_step_failed: float = 0.0
    machine_step_hangs: float = 0.0
    agent_never_started: float = 0.0
    action_s: tuple[float, float] = (0.05, 2.0)
    """Least and greatest duration of an action."""
    machine_s: tuple[float, float] = (0.1, 2.0)
    """Least and greatest duration of a step of a machine, and of the start of an agent."""
    embedded_hub: bool = True
    """The network lives in the deployment manager: while that is down, nobody is connected."""

    def calm(self) -> None:
        """Stop all faults that come by rates."""
        self.lost = self.doubled = self.delayed = self.reordered = 0.0
        self.action_failed = self.action_hangs = self.never_ready = self.port_taken = 0.0
        self.machine_step_failed = self.machine_step_hangs = self.agent_never_started = 0.0
