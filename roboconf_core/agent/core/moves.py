"""Moving instances along the life cycle until nothing more can be done at this moment."""

from __future__ import annotations

from math import inf

from roboconf_core.agent.core.actions import begin, cancel, settings_of
from roboconf_core.agent.core.causes import cause_of
from roboconf_core.agent.core.failures import note_death, note_not_ready
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.polls import poll, poll_readiness, poll_survival
from roboconf_core.agent.core.rules import STOPS
from roboconf_core.agent.core.state import InstanceRecord, Stage
from roboconf_core.agent.core.views import View, look
from roboconf_core.agent.core.waits import action_waits, failure_waits, rest_waits, stop_waits
from roboconf_core.agent.events import FetchBundle, Unwatch
from roboconf_core.model.lifecycle import Action, Desired, Move, Status, Trigger, move_for

_LOOKS = 10_000
"""More looks than that in one decision would be a circle in the rules."""


def settle(mind: Mind) -> None:
    """Decide until a whole look at all instances changes nothing.

    Raises:
        RuntimeError: If there is no end, which is a mistake in the rules.
    """
    for _ in range(_LOOKS):
        mind.wake = inf
        version = mind.registry.version
        views = sorted(look(mind).values(), key=lambda view: view.urgency)
        changed = [_advance(mind, view) for view in views]
        if not any(changed) and mind.registry.version == version:
            return
    raise RuntimeError(f"the rules of the life cycle run in a circle on {mind.agent}")


def _advance(mind: Mind, view: View) -> bool:
    """Do for one instance what can be done now; tell whether anything changed."""
    record = mind.memory.get(view.id)
    if record is None or record.status is not view.situation.status:
        return True
    if _is_gone(record):
        _forget(mind, record)
        return True
    if _supervise(mind, view, record):
        return True
    _fetch(mind, view, record)
    if view.stays:
        mind.exporter.publish(record.spec)
        record = _forgive_stop(mind, record)
    record = _mark_dirty(mind, view, record)
    return _move(mind, view, record, view.trigger) if view.trigger else _stay(mind, record)


# --- moves


def _move(mind: Mind, view: View, record: InstanceRecord, trigger: Trigger) -> bool:
    move = move_for(record.status, trigger)
    if move is None:
        raise RuntimeError(f"the life cycle has no row for {trigger} in {record.status}")
    if move.during is Status.STOPPING:
        return _enter_stop(mind, view, record, move)
    if move.action is None:
        return _enter(mind, record, move)
    return _act(mind, view, record, move, move.action)


def _enter(mind: Mind, record: InstanceRecord, move: Move) -> bool:
    """Take a status at once."""
    mind.change(_forgive_start(mind, record), status=move.if_done, cause=cause_of(mind, record, move.trigger))
    return True


def _act(mind: Mind, view: View, record: InstanceRecord, move: Move, action: Action) -> bool:
    """Begin a move with an action, unless it has to wait."""
    waits = action_waits(mind, record, action)
    mind.wait(record, waits)
    if waits:
        return poll(mind, record)
    if action in (Action.START, Action.UPDATE) and mind.registry.version != view.version:
        return True  # imports changed since the look: look again
    cause = cause_of(mind, record, move.trigger)
    if move.during is not None:
        record = _enter_transit(mind, record, move, cause, Stage.ACTING)
    begin(mind, record, action, cause=cause)
    return True


def _enter_stop(mind: Mind, view: View, record: InstanceRecord, move: Move) -> bool:
    """Withdraw the exports and begin to stop, unless a stop that failed is to be tried again later."""
    waits = failure_waits(mind, record, Action.STOP) if move.trigger in STOPS - {Trigger.DIED} else ()
    mind.wait(record, waits)
    if waits:
        return poll(mind, record)
    cause = cause_of(mind, record, move.trigger)
    if move.trigger is Trigger.DIED:
        record = note_death(mind, record)
    elif move.trigger is Trigger.NOT_READY:
        record = note_not_ready(mind, record)
    mind.exporter.withdraw(record.spec, planned=view.planned)
    mind.effects.append(Unwatch(record.id))
    mind.pace(record).drain_until = mind.pace(record).stop_at = None
    record = mind.change(record, planned=view.planned, dirty=False, failed_stops=_failed_stops(record))
    _enter_transit(mind, record, move, cause, Stage.DRAINING)
    return True


def _failed_stops(record: InstanceRecord) -> int:
    """Return how often ``stop`` failed before, if this is one more attempt."""
    failure = record.failure
    return failure.attempt if failure is not None and failure.action is Action.STOP else 0


def _enter_transit(mind: Mind, record: InstanceRecord, move: Move, cause: str, stage: Stage) -> InstanceRecord:
    return mind.change(record, status=move.during, cause=cause, trigger=move.trigger, source=move.source, stage=stage)


# --- instances that do not move


def _stay(mind: Mind, record: InstanceRecord) -> bool:
    """Go on with a move under way, poll, or rest."""
    match record.status, record.stage:
        case Status.STOPPING, Stage.DRAINING:
            return _stop(mind, record)
        case Status.STOPPING, Stage.CHECKING:
            return poll_survival(mind, record)
        case Status.STARTING, Stage.CHECKING:
            return poll_readiness(mind, record)
        case Status.UNRESOLVED | Status.WAITING_FOR_ANCESTOR, _:
            mind.wait(_forgive_start(mind, record), rest_waits(mind, record))
            return False
        case _:
            mind.wait(record, ())
            return poll(mind, record)


def _stop(mind: Mind, record: InstanceRecord) -> bool:
    waits = stop_waits(mind, record)
    mind.wait(record, waits)
    if waits:
        return False
    begin(mind, mind.change(record, stage=Stage.ACTING), Action.STOP, cause=record.cause)
    return True


def _supervise(mind: Mind, view: View, record: InstanceRecord) -> bool:
    """Give a running action that is not wanted any more its grace, then end it; tell whether that was done now."""
    running, pace = record.running, mind.pace(record)
    if running is None or running.cancelled:
        pace.cancel_at = None
        return False
    stopping = record.status is Status.STOPPING and record.stage is Stage.DRAINING
    if running.action is Action.STATUS and stopping:
        cancel(mind, record)
        return True
    if not _is_obsolete(view, running.action, stopping=stopping):
        pace.cancel_at = None
        return False
    if pace.cancel_at is None:
        pace.cancel_at = mind.now.monotonic + settings_of(record).cancel_grace_s
    if not mind.passed(pace.cancel_at):
        return False
    cancel(mind, record)
    return True


def _forgive_stop(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """A stop that failed counts no more once the instance is wanted as it is."""
    failed = record.failure is not None and record.failure.action is Action.STOP
    return mind.change(record, failure=None) if failed else record


def _forgive_start(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """A start that failed counts no more once something else is missing, unless it was given up."""
    failure = record.failure
    if failure is None or failure.exhausted or failure.action not in (Action.START, Action.STATUS):
        return record
    return mind.change(record, failure=None)


def _is_obsolete(view: View, action: Action, *, stopping: bool) -> bool:
    return stopping if action is Action.UPDATE else action is Action.START and not view.situation.wanted


def _mark_dirty(mind: Mind, view: View, record: InstanceRecord) -> InstanceRecord:
    updating = record.running is not None and record.running.action is Action.UPDATE
    return mind.change(record, dirty=view.stays and (updating or view.situation.changed))


def _fetch(mind: Mind, view: View, record: InstanceRecord) -> None:
    """Ask for the recipe of an instance that is to be deployed."""
    digest = record.spec.bundle
    if record.status is not Status.NOT_DEPLOYED or view.situation.desired is Desired.NOT_DEPLOYED:
        return
    if mind.bundles.present(digest) or not mind.passed(mind.bundles.retry_at(digest)):
        return
    if mind.bundles.ask(digest, mind.now.monotonic):
        mind.effects.append(FetchBundle(digest))


# --- instances that are no longer part of the application


def _is_gone(record: InstanceRecord) -> bool:
    return record.vanished and record.status is Status.NOT_DEPLOYED and record.running is None


def _forget(mind: Mind, record: InstanceRecord) -> None:
    withdrawn = mind.exporter.forget(record.id)
    mind.forget(record)
    if withdrawn:
        mind.keep_withdrawn(withdrawn)
