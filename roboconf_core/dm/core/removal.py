"""Forgetting instances, with their machines, reports and ports."""

from __future__ import annotations

from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.messages.types import agent_name
from roboconf_core.model.lifecycle import Desired, Status


def still_there(memory: Memory, instance: InstanceRecord) -> str:
    """Return why an instance is not entirely gone, as the end of a sentence; empty when it is."""
    if instance.desired is not Desired.NOT_DEPLOYED:
        return f"it is wanted {instance.desired}"
    if instance.is_machine:
        machine = memory.machine_of(instance)
        if machine.status is not Status.NOT_DEPLOYED:
            return f"it is {machine.status}"
        ended = machine.phase is Phase.IDLE or machine.is_exhausted
        return "" if ended else "what is left of its machine is being ended"
    report = memory.reports.get(instance.id)
    return f"it is {report.status}" if report is not None and report.status is not Status.NOT_DEPLOYED else ""


def forget_if_gone(turn: Turn, instance: InstanceRecord) -> None:
    """Forget the whole tree that is to be removed, once nothing of it is there any more."""
    top = instance
    for above in turn.memory.ancestors(instance):
        if above.removing:
            top = above
    tree = turn.memory.subtree(top.application, top.path)
    if not any(still_there(turn.memory, i) for i in tree):
        forget(turn, top)


def forget(turn: Turn, top: InstanceRecord) -> None:
    """Forget an instance and all below it."""
    for instance in reversed(turn.memory.subtree(top.application, top.path)):
        turn.memory.reports.remove(instance.id)
        if instance.is_machine:
            turn.memory.machines.remove(agent_name(instance.application, instance.path))
        turn.memory.instances.remove(instance.id)
    turn.record(top.application, top.path, Kind.INSTANCE_REMOVED, f"{top.path} was removed")
