"""Steps of machines: asked for, answered or not, failed, tried again."""

from __future__ import annotations

from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.moves import change
from roboconf_core.dm.core.state import Limits, MachineFailure, MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import DoMachineStep, MachineStep

TIMER = "machine:"
"""Timers of machines are called so, followed by the agent's name; one per machine."""

STEP_OF = {
    Phase.CREATING: MachineStep.CREATE,
    Phase.CONFIGURING: MachineStep.CONFIGURE,
    Phase.TERMINATING: MachineStep.TERMINATE,
}
"""The step that a phase waits for."""


def ask(turn: Turn, machine: MachineRecord) -> MachineRecord:
    """Ask for the step of the machine's phase, once more; an answer is due within the step's time-out."""
    step = STEP_OF[machine.phase]
    failure = machine.failure
    if failure is not None and failure.next_try is not None:
        failure = MachineFailure(step=failure.step, reason=failure.reason, attempt=failure.attempt)
    asked = change(turn, machine, attempt=machine.attempt + 1, failure=failure)
    request(turn, asked, step)
    turn.set_timer(TIMER + machine.agent, timeout_of(turn.limits, step))
    return asked


def request(turn: Turn, machine: MachineRecord, step: MachineStep) -> None:
    """Have the runner do a step; steps beside the phase's own change nothing here."""
    if machine.target is None:
        raise AssertionError(f"{machine.agent} was never given a target")
    turn.add(
        DoMachineStep(
            agent=machine.agent,
            generation=machine.generation,
            step=step,
            target=machine.target.definition(),
            machine_id=machine.machine_id,
            attempt=max(machine.attempt, 1),
        )
    )


def timeout_of(limits: Limits, step: MachineStep) -> float:
    """Return how long a step may take, in seconds."""
    return {
        MachineStep.CREATE: limits.create_timeout_s,
        MachineStep.CONFIGURE: limits.configure_timeout_s,
    }.get(step, limits.terminate_timeout_s)


def enter(turn: Turn, machine: MachineRecord, phase: Phase) -> MachineRecord:
    """Begin a phase with its first step."""
    return ask(turn, change(turn, machine, phase=phase, attempt=0))


def note_failure(turn: Turn, machine: MachineRecord, reason: str) -> MachineRecord:
    """Remember that the step of the phase failed, and set the time of the next attempt if there is one."""
    step = STEP_OF[machine.phase]
    exhausted = machine.attempt >= turn.limits.attempts
    delay_s = turn.limits.retry_after(machine.attempt)
    if not exhausted:
        turn.set_timer(TIMER + machine.agent, delay_s)
    turn.record(
        machine.application,
        machine.path,
        Kind.MACHINE_STEP_FAILED,
        f"{step} of {machine.path} failed (attempt {machine.attempt} of {turn.limits.attempts}): {reason}",
        {"step": step.value, "reason": reason, "attempt": machine.attempt, "exhausted": exhausted},
    )
    failure = MachineFailure(
        step=step,
        reason=reason,
        attempt=machine.attempt,
        exhausted=exhausted,
        next_try=None if exhausted else turn.now.wall + delay_s,
    )
    return change(turn, machine, failure=failure)
