"""Beginning a life: what was under way when the former one ended goes on, or is made good."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.agent.core.actions import begin_again
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.outcomes import action_ended
from roboconf_core.agent.core.polls import expect_poll, watch
from roboconf_core.agent.core.state import AgentRecord, InstanceRecord, Stage
from roboconf_core.agent.events import Cancel, Started
from roboconf_core.messages.types import Epoch
from roboconf_core.model.lifecycle import Action, Status, move_for

_KEPT_OUTCOMES = frozenset({Action.DEPLOY, Action.UNDEPLOY, Action.STOP})
"""What these did survives a reboot of the host; what was started does not."""
_REBOOTED = "the host was restarted"


def begin_life(mind: Mind, event: Started, *, generation: int) -> None:
    """Take in the first event of a core's life."""
    known = mind.memory.agent
    if known is not None and known.generation != generation:
        mind.memory.forget_all()
        known = None
    known = known or AgentRecord(generation=generation, boot=0)
    mind.memory.put_agent(replace(known, boot=known.boot + 1))
    mind.exporter.epoch = Epoch(generation, known.boot + 1, 0)
    for record in mind.memory.all():
        given = record.running.imports if record.running else ()
        mind.registry.remember(p for p in (*mind.memory.seen(record.id), *given) if p.agent != mind.agent)
    _publish_again(mind, rebooted=event.rebooted)
    for record in mind.memory.all():
        _resume(mind, record, event)
    _withdraw_again(mind)
    mind.report_all()


def _publish_again(mind: Mind, *, rebooted: bool) -> None:
    """Publish in the new epoch what is exported, before anybody is judged by what it imports."""
    if mind.memory.desired is not None:
        mind.exporter.publish(mind.memory.desired.machine)
    for record in mind.memory.all():
        unwanted = record.failure is not None and record.failure.action is Action.STOP
        if record.status is Status.DEPLOYED_STARTED and not unwanted and not rebooted:
            mind.exporter.publish(record.spec)


def _withdraw_again(mind: Mind) -> None:
    """Withdraw in the new epoch what a former life may have published."""
    for record in mind.memory.all():
        for spec in (record.deployed, record.spec):
            if spec is not None and record.deployed is not None:
                mind.exporter.withdraw_unknown(spec)
    if mind.memory.agent is not None:
        mind.exporter.adopt(mind.memory.agent.withdrawn)


def _resume(mind: Mind, record: InstanceRecord, event: Started) -> None:
    if record.is_up and not event.rebooted:
        watch(mind, record)
    if _is_known(record, event) and record.running is not None:
        action_ended(mind, record.running.id, event.outcomes[record.running.id])
        record = mind.memory.get(record.id) or record
    if event.rebooted:
        _fall_back(mind, record)
        return
    _restore_deadlines(mind, record)
    if record.running is None:
        return
    if record.running.id in event.running:
        if record.running.cancelled:
            mind.effects.append(Cancel(record.running.id))
    elif record.running.action is Action.DEPLOY:
        _take_back(mind, record, "the agent was restarted")  # its recipe may have to be fetched again
    else:
        begin_again(mind, record)


def _is_known(record: InstanceRecord, event: Started) -> bool:
    """Tell whether the running action ended meanwhile, with a result that still means something."""
    running = record.running
    if running is None or running.id not in event.outcomes:
        return False
    return not event.rebooted or running.action in _KEPT_OUTCOMES


def _fall_back(mind: Mind, record: InstanceRecord) -> None:
    """Take the status that an instance has when its host was restarted: what was deployed stays so."""
    mind.see(record, ())
    if record.status in (Status.STARTING, Status.DEPLOYED_STARTED, Status.STOPPING):
        record = mind.change(record, status=Status.DEPLOYED_STOPPED, cause=_REBOOTED, failure=None)
    elif record.trigger is not None:
        record = _take_back(mind, record, _REBOOTED)
    mind.change(record, running=None, trigger=None, stage=None, planned=False, dirty=False)


def _take_back(mind: Mind, record: InstanceRecord, cause: str) -> InstanceRecord:
    """Return to the stable status before a move of which nothing counts."""
    row = move_for(record.source, record.trigger) if record.trigger else None
    status = row.if_failed if row else record.source
    return mind.change(record, status=status, cause=cause, running=None, trigger=None, stage=None)


def _restore_deadlines(mind: Mind, record: InstanceRecord) -> None:
    pace, failure = mind.pace(record), record.failure
    if failure is not None and failure.next_try is not None:
        wait = min(max(failure.next_try - mind.now.wall, 0.0), record.spec.settings.retry_delay_max_s)
        pace.retry_at = mind.now.monotonic + wait
    pace.quiet.ended(mind.now.monotonic, record.spec.settings)
    pace.holders_unknown = record.stage is Stage.DRAINING
    if record.status is Status.DEPLOYED_STARTED and record.has_status:
        expect_poll(mind, record, at_once=True)
