"""A look at all instances at one moment: what each one's situation is, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from roboconf_core.agent.core.imports import ImportDifference, content_of, difference, missing_imports, refreshed
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.rules import STOPS, Situation, trigger_for
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.model.lifecycle import Action, Desired, Status, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One instance in a look."""

    id: str
    path: str
    depth: int
    situation: Situation
    trigger: Trigger | None
    planned: bool
    """If it stops now, that is wanted, and drains."""
    version: int
    """Of the registry at the time of the look."""

    @property
    def stays(self) -> bool:
        """Tell whether the instance is started and nothing speaks against it."""
        return self.situation.status is Status.DEPLOYED_STARTED and self.trigger not in STOPS

    @property
    def urgency(self) -> tuple[int, int, str, str]:
        """Order of decisions: those that stop first, the deepest of them first."""
        stopping = self.situation.status is Status.STOPPING or self.trigger in STOPS
        return (0 if stopping else 1, -self.depth, self.path, self.id)


def look(mind: Mind) -> dict[str, View]:
    """Return the view of each instance, by identifier; parents were looked at before their children."""
    views: dict[str, View] = {}
    for record in mind.memory.all():
        views[record.id] = _view_of(mind, record, _parent_view(mind, record, views))
    return views


def _parent_view(mind: Mind, record: InstanceRecord, views: dict[str, View]) -> View | None:
    parent = mind.memory.parent(record)
    return views[parent.id] if parent else None


def _view_of(mind: Mind, record: InstanceRecord, parent: View | None) -> View:
    situation = Situation(
        status=record.status,
        stage=record.stage,
        desired=_desired(record, parent),
        parent_runs=parent is None or parent.stays,
        resolved=not missing_imports(record.spec, mind.imports_of(record)),
        died=bool(mind.pace(record).died),
        overdue=_overdue(mind, record),
        changed=_changed(mind, record),
    )
    trigger = trigger_for(situation)
    inherits = trigger is Trigger.ANCESTOR_LOST and parent is not None and parent.planned
    planned = trigger is Trigger.STOP or inherits or (record.status is Status.STOPPING and record.planned)
    return View(
        id=record.id,
        path=record.path,
        depth=record.path.count("/"),
        situation=situation,
        trigger=trigger,
        planned=planned,
        version=mind.registry.version,
    )


def _desired(record: InstanceRecord, parent: View | None) -> Desired:
    if record.vanished or (parent is not None and parent.situation.desired is Desired.NOT_DEPLOYED):
        return Desired.NOT_DEPLOYED
    return record.spec.desired


def _overdue(mind: Mind, record: InstanceRecord) -> bool:
    pace = mind.pace(record)
    return not pace.ready and pace.ready_until is not None and mind.now.monotonic >= pace.ready_until


def _changed(mind: Mind, record: InstanceRecord) -> bool:
    """Tell whether a started instance needs an update, and keep its changes' times."""
    if record.status not in (Status.STARTING, Status.DEPLOYED_STARTED):
        return False
    differs = _note_changes(mind, record)
    failed = record.failure is not None and record.failure.action is Action.UPDATE
    return record.status is Status.DEPLOYED_STARTED and (failed or differs)


def _note_changes(mind: Mind, record: InstanceRecord) -> bool:
    """Compare the imports with what was seen, unless nothing changed since the last look."""
    pace, current, seen = mind.pace(record), mind.imports_of(record), mind.memory.seen(record.id)
    if pace.compared is None or pace.compared[0] is not current or pace.compared[1] is not seen:
        seen = refreshed(seen, current)
        mind.see(record, seen)
        pace.compared = (current, mind.memory.seen(record.id), bool(difference(seen, current)))
    _note_times(mind, record)
    return pace.compared[2]


def _note_times(mind: Mind, record: InstanceRecord) -> None:
    pace, current = mind.pace(record), mind.imports_of(record)
    if pace.content_of is current:
        return
    content = content_of(current)
    if content != pace.content:
        running = record.running if record.running and record.running.action in (Action.START, Action.UPDATE) else None
        if difference(running.imports if running else mind.memory.seen(record.id), current):
            pace.quiet.change(mind.now.monotonic, busy=running is not None)
        else:
            pace.quiet.reverted()
    pace.content, pace.content_of = content, current


def import_difference(mind: Mind, record: InstanceRecord) -> ImportDifference:
    """Return how the imports of an instance differ from what its last successful start or update saw."""
    return difference(mind.memory.seen(record.id), mind.imports_of(record))
