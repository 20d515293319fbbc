"""Taking in a new desired state."""

from __future__ import annotations

from typing import Any

from roboconf_core.agent.core.failures import PORT_TAKEN
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.messages.types import DesiredState, InstanceSpec


def take_desired(mind: Mind, desired: DesiredState, *, generation: int) -> None:
    """Take in a desired state, unless it is of another generation or not newer than the one held."""
    known = mind.memory.desired
    if desired.generation != generation or (known is not None and desired.version <= known.version):
        return
    mind.memory.put_desired(desired)
    mind.exporter.publish(desired.machine)
    for spec in desired.instances:
        _want(mind, spec)
    wanted = {spec.id for spec in desired.instances}
    for record in mind.memory.all():
        if record.id not in wanted:
            _want_no_more(mind, record)


def _want(mind: Mind, spec: InstanceSpec) -> None:
    record = mind.memory.get(spec.id)
    if record is None:
        mind.add(InstanceRecord(spec=spec, since=mind.now.wall, cause="it is new here"))
        return
    if spec == record.spec and not record.vanished:
        return
    changes: dict[str, Any] = {"spec": spec, "vanished": False}
    if spec.generation != record.spec.generation or record.vanished:
        changes |= {"failure": None, "deaths": 0}
        mind.pace(record).retry_at = None
    elif spec.ports != record.spec.ports and record.failure and record.failure.reason.startswith(PORT_TAKEN):
        changes |= {"failure": None}
    mind.change(record, **changes)


def _want_no_more(mind: Mind, record: InstanceRecord) -> None:
    if not record.vanished:
        mind.change(record, vanished=True, failure=None)
