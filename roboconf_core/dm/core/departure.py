"""How a machine goes: drained by its agent, terminated by its target, its exports said farewell to."""

from __future__ import annotations

from roboconf_core.dm.core import directory, specs, steps
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.moves import change, move
from roboconf_core.dm.core.state import InstanceRecord, MachineFailure, MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import MachineStep
from roboconf_core.messages.types import Epoch, InstanceReported
from roboconf_core.model.lifecycle import Action, MachineTrigger, Status


def leave(turn: Turn, machine: MachineRecord) -> None:
    """Begin to remove a machine that is not wanted any more."""
    drains = machine.phase is Phase.RUNNING and machine.status is Status.DEPLOYED_STARTED
    creating = machine.phase is Phase.CREATING and not machine.backs_off
    changed = move(turn, machine, MachineTrigger.TERMINATE, "it is not wanted any more")
    if drains:
        changed = change(turn, changed, phase=Phase.DRAINING)
        turn.set_timer(steps.TIMER + machine.agent, drain_time_s(turn, changed))
        specs.publish_if_changed(turn, changed)  # from here on, an agent that shows this version knows of it
        go_on(turn, turn.memory.machines[machine.agent])
    elif not creating:  # what is being created can be terminated only once it has a name
        terminate(turn, changed)


def drain_time_s(turn: Turn, machine: MachineRecord) -> float:
    """Return how long everything on a machine may take to stop and undeploy."""
    template = turn.memory.template_of(machine.application)
    total = turn.limits.drain_margin_s
    for instance in turn.memory.on_machine(machine.agent):
        settings = specs.settings_of(template, instance.component)
        total += settings.drain_timeout_s + settings.stop_timeout_s + settings.undeploy_timeout_s
    return min(total, turn.limits.drain_max_s)


def go_on(turn: Turn, machine: MachineRecord) -> None:
    """Terminate a draining machine if nothing is left on it, or nothing more can be hoped for."""
    if not nested_left(turn.memory, machine) and not any(
        is_left(turn.memory, machine, i) for i in turn.memory.on_machine(machine.agent)
    ):
        terminate(turn, machine)


def nested_left(memory: Memory, machine: MachineRecord) -> list[MachineRecord]:
    """Return the machines on this machine that are not gone."""
    return specs.machines_left_below(memory, memory.instances[machine.instance])


def is_left(memory: Memory, machine: MachineRecord, instance: InstanceRecord) -> bool:
    """Tell whether an instance on a draining machine is still to be waited for."""
    report = memory.reports.get(instance.id)
    told = memory.presence.versions.get(machine.agent, 0) >= machine.version
    if report is None:
        return not told and instance.generation > 0
    current = report.generation >= instance.generation
    if current and _gave_up(report):
        return False  # ending the machine ends what runs there
    return report.status is not Status.NOT_DEPLOYED or report.action is not None or not (told or current)


def _gave_up(report: InstanceReported) -> bool:
    """Tell whether an agent has nothing more to try; after a ``stop`` that was given up it still undeploys."""
    failure = report.failure
    if failure is None or not failure.exhausted:
        return False
    return failure.action is not Action.STOP or report.status not in (Status.DEPLOYED_STOPPED, Status.UNDEPLOYING)


def terminate(turn: Turn, machine: MachineRecord) -> None:
    """Have a machine terminated, whatever is left on it; what was not undeployed is recorded by name."""
    if machine.phase is Phase.DRAINING:
        _record_unclean(turn, machine)
    turn.memory.presence.forget(machine.agent)
    steps.enter(turn, change(turn, machine, failure=None), Phase.TERMINATING)


def _record_unclean(turn: Turn, machine: MachineRecord) -> None:
    left = unclean(turn.memory, machine)
    if left:
        text = f"{machine.path} is ended although this was not undeployed: {', '.join(left)}"
        turn.record(machine.application, machine.path, Kind.UNDEPLOY_INCOMPLETE, text, {"left": list(left)})


def unclean(memory: Memory, machine: MachineRecord) -> tuple[str, ...]:
    """Return the paths of what is not undeployed on a machine."""
    reports = ((i.path, memory.reports.get(i.id)) for i in memory.on_machine(machine.agent))
    left = [path for path, report in reports if report is not None and report.status is not Status.NOT_DEPLOYED]
    return (*left, *(m.path for m in nested_left(memory, machine)))


def termination_given_up(turn: Turn, machine: MachineRecord, reason: str) -> None:
    """Keep a machine that cannot be ended in sight; what a failed creation may have left, too."""
    problem = f"it cannot be ended: {reason}"
    if machine.status is Status.NOT_DEPLOYED:
        text = f"{machine.problem}; what that left {problem}" if machine.problem else problem
        failure = MachineFailure(step=MachineStep.TERMINATE, reason=text, attempt=machine.attempt, exhausted=True)
        change(turn, machine, failure=failure, problem=text)
    else:
        move(turn, machine, MachineTrigger.FAILED, problem, problem=problem)


def gone(turn: Turn, machine: MachineRecord, ended: tuple[str, ...]) -> None:
    """Take note that a machine is terminated: nothing of this generation can come any more."""
    turn.cancel_timer(steps.TIMER + machine.agent)
    if machine.status is Status.PROBLEM:  # it was given up, and is gone after all
        machine = move(turn, machine, MachineTrigger.TERMINATE, "its target has ended it after all")
    everything = Epoch(machine.generation, directory.NEVER_AGAIN, directory.NEVER_AGAIN)
    machine = directory.say_farewell(turn, machine, everything)
    directory.forget_agent(turn, machine.agent)
    for instance in turn.memory.on_machine(machine.agent):
        turn.memory.reports.remove(instance.id)
    problem = machine.problem if machine.status is Status.NOT_DEPLOYED else ""
    failure = MachineFailure(step=MachineStep.CREATE, reason=problem, exhausted=True) if problem else None
    move(turn, machine, MachineTrigger.TERMINATED, "its machine is gone", phase=Phase.IDLE, failure=failure, problem="")
    change(
        turn, machine, machine_id="", address="", seen_address="", epoch=None, farewell=None, handlers=None, attempt=0
    )
    text = f"the machine of {machine.path} is gone" + (f"; ended on it: {', '.join(ended)}" if ended else "")
    turn.record(machine.application, machine.path, Kind.MACHINE_TERMINATED, text, {"ended": list(ended)})
    turn.memory.presence.forget(machine.agent)
    turn.reconsider(machine.agent)
    above = turn.memory.machine_above(machine)
    if above is not None:
        turn.memory.touched.add(above.agent)  # it may stop what the machine stood on
        turn.reconsider(above.agent)
