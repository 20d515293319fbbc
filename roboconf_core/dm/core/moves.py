"""Moves of machines, as the table of the life cycle has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.state import MachineRecord
from roboconf_core.dm.core.turn import Turn
from roboconf_core.model.lifecycle import MachineTrigger, machine_move_for


def change(turn: Turn, machine: MachineRecord, **changes: Any) -> MachineRecord:  # noqa: ANN401 - fields of the record
    """Write a machine with other values; return it."""
    changed = replace(turn.memory.machines[machine.agent], **changes)
    turn.memory.machines.put(machine.agent, changed)
    return changed


def move(
    turn: Turn,
    machine: MachineRecord,
    trigger: MachineTrigger,
    cause: str,
    **changes: Any,  # noqa: ANN401 - fields of the record
) -> MachineRecord:
    """Move a machine to the status that the table says, if there is a row, and change it otherwise as told."""
    row = machine_move_for(machine.status, trigger)
    if row is None:
        return change(turn, machine, **changes)
    turn.record(
        machine.application,
        machine.path,
        Kind.STATUS_CHANGED,
        f"{machine.path} went from {machine.status} to {row.target}: {cause}",
        {"from": machine.status.value, "to": row.target.value, "cause": cause, "trigger": trigger.value},
    )
    return change(turn, machine, status=row.target, since=turn.now.wall, cause=cause, **changes)
