"""What is to be done with a machine next: from what is wanted, what was answered, and the time.

Every phase but ``IDLE`` and ``RUNNING`` has a deadline, kept by one timer per machine. A
step that fails or does not answer is tried again after a growing delay, until it is
*exhausted*; then a user's request begins anew.
"""

from __future__ import annotations

from roboconf_core.dm.core import arrival, departure, liveness, removal, steps
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.moves import change
from roboconf_core.dm.core.state import MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import MachineStep, MachineStepDone, MachineStepFailed
from roboconf_core.model.lifecycle import Desired, MachineTrigger, Status, machine_move_for


def reconcile(turn: Turn, agent: str) -> None:
    """Begin what a machine needs to become as it is wanted; nothing when that is under way or was given up."""
    machine = turn.memory.machines.get(agent)
    if machine is None:
        return
    instance = turn.memory.instances[machine.instance]
    wanted = instance.desired is not Desired.NOT_DEPLOYED
    if machine.phase is Phase.DRAINING:
        departure.go_on(turn, machine)
    elif machine.phase is Phase.IDLE and instance.removing:
        removal.forget_if_gone(turn, instance)
    elif machine.phase is Phase.IDLE and wanted and not machine.is_exhausted:
        if not arrival.waits_for(turn.memory, machine):
            arrival.begin(turn, machine)
    elif not wanted and machine_move_for(machine.status, MachineTrigger.TERMINATE) and not machine.is_exhausted:
        departure.leave(turn, machine)


def renew(turn: Turn, machine: MachineRecord) -> None:
    """Begin anew what was given up, because a user asks."""
    if machine.phase is Phase.TERMINATING and machine.status is Status.NOT_DEPLOYED:
        changed = change(turn, machine, problem="")  # once the leftovers are ended, a new creation may begin
        if changed.is_exhausted:
            steps.enter(turn, change(turn, changed, failure=None), Phase.TERMINATING)
        return
    if not machine.is_exhausted:
        return
    changed = change(turn, machine, failure=None, problem="")
    wanted = turn.memory.instances[machine.instance].desired is not Desired.NOT_DEPLOYED
    if machine.phase is Phase.TERMINATING:
        departure.leave(turn, changed)
    elif wanted and machine.phase is Phase.CONFIGURING:
        steps.enter(turn, changed, Phase.CONFIGURING)
    elif wanted and machine.phase is Phase.AWAITING_AGENT:
        steps.request(turn, changed, MachineStep.RESTART_AGENT)
        turn.set_timer(steps.TIMER + machine.agent, turn.limits.agent_timeout_s)
    turn.reconsider(machine.agent)


def step_done(turn: Turn, done: MachineStepDone) -> None:
    """Go on after a step; an answer that is not waited for any more changes nothing."""
    machine = _asked(turn, done)
    if machine is None:
        return
    match done.step:
        case MachineStep.CHECK:
            liveness.checked(turn, machine, running=done.running)
        case MachineStep.RESTART_AGENT:
            turn.record(
                machine.application,
                machine.path,
                Kind.AGENT_RESTARTED,
                f"the agent of {machine.path} was started again",
            )
        case MachineStep.CREATE if machine.phase is Phase.CREATING:
            if machine.status is Status.UNDEPLOYING:
                departure.terminate(turn, change(turn, machine, machine_id=done.machine_id))
            else:
                arrival.created(turn, machine, done.machine_id, done.address)
        case MachineStep.CONFIGURE if machine.phase is Phase.CONFIGURING:
            arrival.configured(turn, machine)
        case MachineStep.TERMINATE if machine.phase is Phase.TERMINATING:
            departure.gone(turn, machine, done.ended)
        case _:
            return


def step_failed(turn: Turn, failed: MachineStepFailed) -> None:
    """Try a failed step again later, or give it up."""
    machine = _asked(turn, failed)
    if machine is None:
        return
    if steps.STEP_OF.get(machine.phase) is failed.step:
        if not machine.is_exhausted:
            _failed(turn, machine, failed.reason)
    elif failed.step in (MachineStep.CHECK, MachineStep.RESTART_AGENT):
        text = f"{failed.step} of {machine.path} failed: {failed.reason}"
        turn.record(machine.application, machine.path, Kind.MACHINE_STEP_FAILED, text, {"step": failed.step.value})
        change(turn, machine, problem=text)


def time_is_up(turn: Turn, agent: str) -> None:
    """Act on the deadline of a machine's phase."""
    machine = turn.memory.machines.get(agent)
    if machine is None or machine.is_exhausted:
        return
    match machine.phase:
        case Phase.AWAITING_AGENT:
            arrival.never_seen(turn, machine)
        case Phase.DRAINING:
            departure.terminate(turn, machine)
        case Phase.CREATING | Phase.CONFIGURING | Phase.TERMINATING:
            if machine.backs_off:
                steps.ask(turn, machine)
            else:
                timeout_s = steps.timeout_of(turn.limits, steps.STEP_OF[machine.phase])
                _failed(turn, machine, f"no answer within {timeout_s:g} s")
        case Phase.IDLE | Phase.RUNNING:
            return


def resume(turn: Turn) -> None:
    """Ask again, after a restart, for all that was under way."""
    for machine in turn.memory.machines.values():
        if machine.phase is Phase.IDLE:
            turn.reconsider(machine.agent)
        elif machine.phase is Phase.AWAITING_AGENT and not machine.is_exhausted:
            turn.set_timer(steps.TIMER + machine.agent, turn.limits.agent_timeout_s)
        elif machine.phase is Phase.DRAINING:
            turn.set_timer(steps.TIMER + machine.agent, departure.drain_time_s(turn, machine))
        elif machine.phase in steps.STEP_OF and not machine.is_exhausted:
            steps.ask(turn, machine)


def _asked(turn: Turn, answer: MachineStepDone | MachineStepFailed) -> MachineRecord | None:
    machine = turn.memory.machines.get(answer.agent)
    if machine is None or machine.generation != answer.generation or machine.phase is Phase.IDLE:
        return None
    return machine


def _failed(turn: Turn, machine: MachineRecord, reason: str) -> None:
    if machine.phase is Phase.CREATING and machine.status is Status.UNDEPLOYING:
        departure.terminate(turn, machine)
        return
    changed = steps.note_failure(turn, machine, reason)
    if not changed.is_exhausted:
        return
    if machine.phase is Phase.CREATING:
        arrival.creation_given_up(turn, changed, reason)
    elif machine.phase is Phase.CONFIGURING:
        arrival.configuration_given_up(turn, changed, reason)
    else:
        departure.termination_given_up(turn, changed, reason)
