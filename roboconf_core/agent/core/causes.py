"""Why an instance moves, as a sentence for ``explain``."""

from __future__ import annotations

from roboconf_core.agent.core.imports import Imports, missing_imports
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.agent.core.views import import_difference
from roboconf_core.model.lifecycle import Trigger

_REQUESTS = frozenset({Trigger.DEPLOY, Trigger.START, Trigger.STOP, Trigger.UNDEPLOY})
_NAMED = 3
"""So many instances are named in one sentence."""


def cause_of(mind: Mind, record: InstanceRecord, trigger: Trigger) -> str:
    """Return what brings a move about; to be asked before the move."""
    if trigger in _REQUESTS:
        return _request(record)
    if trigger in (Trigger.IMPORTS_MISSING, Trigger.IMPORTS_LOST):
        missing = missing_imports(record.spec, mind.imports_of(record))
        return f"no started instance exports {', '.join(i.prefix for i in missing)}"
    if trigger is Trigger.IMPORTS_RESOLVED:
        return f"all mandatory imports are there, from {_names(mind.imports_of(record))}"
    if trigger is Trigger.IMPORTS_CHANGED:
        return _changes(mind, record)
    if trigger in (Trigger.ANCESTOR_MISSING, Trigger.ANCESTOR_LOST, Trigger.ANCESTOR_STARTED):
        parent = mind.memory.parent(record)
        return f"{parent.path} is {parent.status}" if parent else "the machine is started"
    return {
        Trigger.DIED: mind.pace(record).died,
        Trigger.NOT_READY: mind.pace(record).died or "it did not become ready in time",
        Trigger.CANCELLED: "its start is not wanted any more",
    }[trigger]


def _request(record: InstanceRecord) -> str:
    if record.vanished:
        return "it is no longer part of the application"
    return f"{record.spec.desired} is wanted (request {record.spec.generation})"


def _changes(mind: Mind, record: InstanceRecord) -> str:
    found = import_difference(mind, record)
    parts = (("joined", found.joined), ("left", found.left), ("changed", found.changed))
    return "; ".join(f"{_names(imports)} {verb}" for verb, imports in parts if imports) or "the last update failed"


def _names(imports: Imports) -> str:
    paths = sorted({p.path for p in imports})
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more if paths else "nobody: none is mandatory"
