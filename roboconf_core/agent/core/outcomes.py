"""What follows from the end of an action."""

from __future__ import annotations

from collections.abc import Callable

from roboconf_core.agent.core.actions import settings_of
from roboconf_core.agent.core.failures import DIED_EARLY, PORT_TAKEN, PROCESS_DIED, note_failure
from roboconf_core.agent.core.imports import digest_of_content
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.polls import doubt, expect_poll, expect_readiness, not_ready_yet
from roboconf_core.agent.core.quiet import Quiet
from roboconf_core.agent.core.state import InstanceRecord, RunningAction, Stage
from roboconf_core.agent.core.views import look
from roboconf_core.agent.events import Discard, Outcome
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import PortTaken
from roboconf_core.model.lifecycle import Action, Status, Trigger, move_for

Ended = Callable[[Mind, InstanceRecord, RunningAction, Outcome], None]

_CLEANUPS = frozenset({Trigger.DIED, Trigger.NOT_READY})
"""Stops that do not end the failure that caused them."""


def action_ended(mind: Mind, id: str, outcome: Outcome) -> None:
    """Take in the end of an action; one that is not known (any more) changes nothing."""
    record = next((record for record in mind.memory.running() if record.running and record.running.id == id), None)
    if record is None or record.running is None:
        return
    running = record.running
    if running.action is not Action.STATUS:
        mind.reporter.action(record, running, outcome)
    _ENDED[running.action](mind, mind.change(record, running=None), running, outcome)


def _deploy_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    if outcome.reason:
        mind.bundles.doubt(running.spec.bundle)
        _failed_move(mind, record, running, outcome)
        return
    record = mind.change(record, deployed=running.spec, has_status=outcome.has_status, failure=None)
    _complete(mind, record, done=True, cause="deploy succeeded")


def _start_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    mind.pace(record).quiet.ended(mind.now.monotonic, settings_of(record))
    if outcome.ports_taken:
        _ports_taken(mind, record, running, outcome)
    elif not outcome.reason:
        mind.see(record, running.imports)
        expect_readiness(mind, mind.change(record, deployed=running.spec))
    elif running.cancelled:
        _cancelled(mind, record)
    else:
        _failed_move(mind, record, running, outcome)


def _update_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    pace = mind.pace(record)
    pace.quiet.ended(mind.now.monotonic, settings_of(record))
    if not outcome.reason:
        mind.see(record, running.imports)
        failure = None if record.failure and record.failure.action is Action.UPDATE else record.failure
        record = mind.change(record, deployed=running.spec, failure=failure)
    elif record.status is Status.DEPLOYED_STARTED:
        pace.content_of, pace.content = None, None
        record = mind.change(record, tried=digest_of_content(running.imports))
        note_failure(mind, record, Action.UPDATE, outcome, attempt=running.attempt)
    if record.has_status:
        expect_poll(mind, record, at_once=True)


def _stop_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    if not outcome.reason:
        _stopped(mind, record, done=True, cause="stop succeeded")
    elif record.has_status and not _failed_by(record, DIED_EARLY):
        mind.pace(record).outcome = outcome
        mind.change(record, stage=Stage.CHECKING)
    else:
        _stop_again(mind, record, outcome)


def _stop_again(mind: Mind, record: InstanceRecord, outcome: Outcome) -> None:
    """Try a ``stop`` that failed again after a while; in the end the instance counts as stopped, and as failed.

    After the death of its process there is nothing left to stop: ``stop`` only tidies up.
    """
    settings, attempt = settings_of(record), record.failed_stops + 1
    dead = record.trigger in _CLEANUPS and _failed_by(record, PROCESS_DIED, DIED_EARLY)
    given_up = dead or attempt >= settings.attempts
    if record.trigger not in _CLEANUPS:
        record = note_failure(mind, record, Action.STOP, outcome, attempt=attempt)
    record = mind.change(record, failed_stops=attempt)
    if given_up:
        _stopped(mind, record, done=False, cause=f"stop failed: {outcome.reason}")
    else:
        mind.pace(record).stop_at = mind.now.monotonic + settings.retry_after(attempt)
        mind.change(record, stage=Stage.DRAINING)


def _failed_by(record: InstanceRecord, *reasons: str) -> bool:
    return record.failure is not None and record.failure.reason in reasons


def _undeploy_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    if outcome.reason:
        _failed_move(mind, record, running, outcome)
        return
    mind.effects.append(Discard(running.spec))
    record = mind.change(record, deployed=None, has_status=False, failure=None, deaths=0, proven_ports={})
    _complete(mind, record, done=True, cause="undeploy succeeded")


def _status_ended(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    match record.status, record.stage:
        case Status.DEPLOYED_STARTED, _:
            _polled(mind, record, running, outcome)
        case Status.STARTING, Stage.CHECKING:
            _asked_if_ready(mind, record, outcome)
        case Status.STOPPING, Stage.CHECKING:
            _asked_if_running(mind, record, outcome)
        case _:
            pass  # it was overtaken by a stop


def _polled(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    if not outcome.reason:
        expect_poll(mind, record)
    elif doubt(mind, record) >= settings_of(record).status_failures:
        pace = mind.pace(record)
        pace.died, pace.outcome = f"status failed: {outcome.reason}", outcome
        mind.reporter.action(record, running, outcome)


def _asked_if_ready(mind: Mind, record: InstanceRecord, outcome: Outcome) -> None:
    if outcome.reason:
        mind.pace(record).outcome = outcome
        not_ready_yet(mind, record)
    else:
        mind.pace(record).ready = True


def _asked_if_running(mind: Mind, record: InstanceRecord, outcome: Outcome) -> None:
    failed = mind.pace(record).outcome or Outcome(exit_status=None, reason="stop failed")
    if outcome.reason:
        _stop_again(mind, record, failed)
        return
    if record.trigger in _CLEANUPS:
        record = mind.change(record, failure=None)
    else:
        record = note_failure(mind, record, Action.STOP, failed, attempt=record.failed_stops + 1)
    expect_poll(mind, record)
    record = mind.change(record, planned=False, source=Status.STOPPING, trigger=Trigger.STILL_RUNNING)
    _complete(mind, record, done=True, cause="stop failed, and it still runs")


def _cancelled(mind: Mind, record: InstanceRecord) -> None:
    """Go on to ``stop``, as the life cycle says of a start that was ended; it never published anything."""
    mind.change(
        record,
        status=Status.STOPPING,
        cause="its start was cancelled",
        source=Status.STARTING,
        trigger=Trigger.CANCELLED,
        stage=Stage.DRAINING,
        failed_stops=0,
    )


def _ports_taken(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    """Ask for other ports; what was not even begun is tried again until there are free ones."""
    ports = {name: running.spec.ports.get(name, 0) for name in outcome.ports_taken}
    for name, port in ports.items():
        mind.send(DM_TOPIC, PortTaken(instance=record.id, name=name, port=port))
    taken = ", ".join(f"{port} ({name})" for name, port in ports.items())
    refused = Outcome(exit_status=None, reason=f"{PORT_TAKEN}{taken}")
    record = note_failure(mind, record, Action.START, refused, attempt=running.attempt, endless=True)
    _complete(mind, record, done=False, cause=refused.reason)


def _failed_move(mind: Mind, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
    """End a move whose action failed; that is a failure only if the action is still wanted."""
    record = _complete(mind, record, done=False, cause=f"{running.action} failed: {outcome.reason}")
    trigger = look(mind)[record.id].trigger
    row = move_for(record.status, trigger) if trigger else None
    if row is not None and row.action is running.action:
        note_failure(mind, record, running.action, outcome, attempt=running.attempt)


def _stopped(mind: Mind, record: InstanceRecord, *, done: bool, cause: str) -> None:
    """End a stop: nothing is used any more, and whatever was known of the running software is void."""
    pace = mind.pace(record)
    pace.quiet, pace.content, pace.content_of, pace.outcome = Quiet(), None, None, None
    pace.holders_unknown, pace.poll_at, pace.stop_at, pace.died = False, None, None, ""
    mind.see(record, ())
    keep = record.trigger in _CLEANUPS or not done
    record = mind.change(record, planned=False, failure=record.failure if keep else None)
    _complete(mind, record, done=done, cause=cause)


def _complete(mind: Mind, record: InstanceRecord, *, done: bool, cause: str) -> InstanceRecord:
    """Take the stable status at the end of the row under way."""
    row = move_for(record.source, record.trigger) if record.trigger else None
    if row is None:
        raise RuntimeError(f"{record.path} ends a move that it never began")
    status = row.if_done if done else row.if_failed
    return mind.change(record, status=status, cause=cause, trigger=None, stage=None)


_ENDED: dict[Action, Ended] = {
    Action.DEPLOY: _deploy_ended,
    Action.START: _start_ended,
    Action.UPDATE: _update_ended,
    Action.STOP: _stop_ended,
    Action.UNDEPLOY: _undeploy_ended,
    Action.STATUS: _status_ended,
}
