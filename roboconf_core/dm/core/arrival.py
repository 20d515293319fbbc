"""How a machine comes: its record first, then the machine, its configuration, its agent."""

from __future__ import annotations

from roboconf_core.dm.core import liveness, steps
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.moves import change, move
from roboconf_core.dm.core.state import MachineFailure, MachineRecord, Phase, TargetRecord
from roboconf_core.dm.core.targets import target_of
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import MachineStep
from roboconf_core.model.lifecycle import MachineTrigger, Status


def waits_for(memory: Memory, machine: MachineRecord) -> str:
    """Return the path of what a nested machine waits for before it can be created; empty for nothing."""
    parent = next(iter(memory.ancestors(memory.instances[machine.instance])), None)
    if parent is None:
        return ""
    if memory.machine_of(parent).status is not Status.DEPLOYED_STARTED:
        return parent.machine
    report = memory.reports.get(parent.id)
    started = parent.is_machine or (report is not None and report.status is Status.DEPLOYED_STARTED)
    return "" if started else parent.path


def begin(turn: Turn, machine: MachineRecord) -> None:
    """Have a machine created, with a new generation and the target that is meant for it now."""
    target = target_of(turn.memory, turn.memory.instances[machine.instance])
    if target is None:
        failure = MachineFailure(step=MachineStep.CREATE, reason="it has no target", exhausted=True)
        change(turn, machine, failure=failure)
        return
    changed = move(
        turn,
        machine,
        MachineTrigger.CREATE,
        "it is wanted",
        generation=turn.memory.next_generation(),
        target=TargetRecord.of(target),
        epoch=None,
        farewell=None,
        machine_id="",
        address="",
        seen_address="",
        handlers=None,
        failure=None,
        problem="",
    )
    steps.enter(turn, changed, Phase.CREATING)


def created(turn: Turn, machine: MachineRecord, machine_id: str, address: str) -> None:
    """Go on with the configuration."""
    changed = change(turn, machine, machine_id=machine_id, address=address, failure=None)
    steps.enter(turn, changed, Phase.CONFIGURING)


def configured(turn: Turn, machine: MachineRecord) -> None:
    """Wait for the agent, unless it spoke already."""
    changed = change(turn, machine, phase=Phase.AWAITING_AGENT, attempt=0, failure=None)
    if changed.epoch is not None:
        arrived(turn, changed)
    else:
        turn.set_timer(steps.TIMER + machine.agent, turn.limits.agent_timeout_s)


def arrived(turn: Turn, machine: MachineRecord) -> None:
    """Take note that the agent of a configured machine is there."""
    turn.cancel_timer(steps.TIMER + machine.agent)
    move(
        turn,
        machine,
        MachineTrigger.AGENT_SEEN,
        "its agent is there",
        phase=Phase.RUNNING,
        failure=None,
        problem="",
    )
    liveness.expect(turn, machine.agent)
    for below in turn.memory.machines_below(machine.application, machine.path):
        turn.reconsider(below.agent)


def never_seen(turn: Turn, machine: MachineRecord) -> None:
    """Give up waiting for the agent; the machine is kept, so that one can look why."""
    reason = f"no word from its agent within {turn.limits.agent_timeout_s:g} s"
    failure = MachineFailure(step=MachineStep.CONFIGURE, reason=reason, exhausted=True)
    changed = move(turn, machine, MachineTrigger.AGENT_LOST, reason, failure=failure, problem=reason)
    steps.request(turn, changed, MachineStep.CHECK)


def creation_given_up(turn: Turn, machine: MachineRecord, reason: str) -> None:
    """Leave a machine that cannot be created as not deployed; what the attempts may have left is ended."""
    changed = move(
        turn, machine, MachineTrigger.FAILED, f"it cannot be created: {reason}", failure=None, problem=reason
    )
    steps.enter(turn, changed, Phase.TERMINATING)


def configuration_given_up(turn: Turn, machine: MachineRecord, reason: str) -> None:
    """Keep a machine that cannot be configured, so that one can look why."""
    move(turn, machine, MachineTrigger.AGENT_LOST, f"it cannot be configured: {reason}", problem=reason)
