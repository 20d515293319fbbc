"""Running ``status``: until an instance is ready, while it is started, and after a ``stop`` that failed."""

from __future__ import annotations

import zlib

from roboconf_core.agent.core.actions import begin, settings_of
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.state import InstanceRecord, Stage
from roboconf_core.agent.core.waits import slot_waits
from roboconf_core.agent.events import Watch
from roboconf_core.messages.types import InstanceSpec
from roboconf_core.model.lifecycle import Action, Status

_FIRST_DELAY_S = 0.1
_LAST_DELAY_S = 1.0
"""Between two polls for readiness: doubled from the first to the last."""
_DOUBT_S = 1.0
"""After a poll that failed, the next one comes at the latest after this time."""


def poll(mind: Mind, record: InstanceRecord) -> bool:
    """Run ``status`` of a started instance when it is due; tell whether that was done now."""
    if record.status is not Status.DEPLOYED_STARTED or not record.has_status or record.running:
        return False
    pace = mind.pace(record)
    if pace.poll_at is None:
        pace.poll_at = mind.now.monotonic + _jittered(record)
    if not mind.passed(pace.poll_at) or slot_waits(mind, record, Action.STATUS):
        return False
    begin(mind, record, Action.STATUS, cause="it is polled")
    return True


def poll_readiness(mind: Mind, record: InstanceRecord) -> bool:
    """Find out whether an instance that was started is ready; tell whether anything was done."""
    pace = mind.pace(record)
    if not record.has_status or pace.ready:
        _become_started(mind, record)
        return True
    if pace.ready_until is None:
        pace.ready_until = mind.now.monotonic + settings_of(record).ready_timeout_s
    mind.passed(pace.ready_until)
    mind.wait(record, ("waits for status to succeed",))
    if record.running or not mind.passed(pace.ready_at) or slot_waits(mind, record, Action.STATUS):
        return False
    begin(mind, record, Action.STATUS, cause="it was started")
    return True


def poll_survival(mind: Mind, record: InstanceRecord) -> bool:
    """Find out whether an instance still runs although its ``stop`` failed; tell whether anything was done."""
    if record.running or slot_waits(mind, record, Action.STATUS):
        return False
    begin(mind, record, Action.STATUS, cause="its stop failed")
    return True


def _become_started(mind: Mind, record: InstanceRecord) -> None:
    """Take the status of an instance that is started and ready; the ports are its own from now on."""
    expect_poll(mind, record)
    mind.change(
        record,
        status=Status.DEPLOYED_STARTED,
        cause=record.cause,
        trigger=None,
        stage=None,
        failure=None,
        proven_ports=_deployed(record).ports,
    )


def expect_poll(mind: Mind, record: InstanceRecord, *, at_once: bool = False) -> None:
    """Plan the next poll of a started instance; those of many instances are spread over the period."""
    pace = mind.pace(record)
    pace.poll_failures = 0
    pace.poll_at = mind.now.monotonic + (0.0 if at_once else _jittered(record))


def doubt(mind: Mind, record: InstanceRecord) -> int:
    """Note that a poll of a started instance failed; return how many did so in a row."""
    pace = mind.pace(record)
    pace.poll_failures += 1
    pace.poll_at = mind.now.monotonic + min(settings_of(record).status_period_s, _DOUBT_S)
    return pace.poll_failures


def not_ready_yet(mind: Mind, record: InstanceRecord) -> None:
    """Plan the next poll for readiness."""
    pace = mind.pace(record)
    pace.ready_at = mind.now.monotonic + min(_FIRST_DELAY_S * 2.0 ** min(pace.ready_polls, 10), _LAST_DELAY_S)
    pace.ready_polls += 1


def expect_readiness(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """Begin to poll for readiness, and to watch the process: ``start`` succeeded."""
    pace = mind.pace(record)
    pace.ready, pace.ready_until, pace.ready_at, pace.ready_polls = False, None, mind.now.monotonic, 0
    pace.outcome, pace.died = None, ""
    watch(mind, record)
    return mind.change(record, stage=Stage.CHECKING)


def watch(mind: Mind, record: InstanceRecord) -> None:
    """Watch the process of an instance whose ``start`` succeeded, if its recipe left a pid file."""
    mind.effects.append(Watch(_deployed(record)))


def _deployed(record: InstanceRecord) -> InstanceSpec:
    if record.deployed is None:
        raise ValueError(f"{record.path} was never deployed")
    return record.deployed


def _jittered(record: InstanceRecord) -> float:
    """Return 90 to 110 % of the period, the same for the same instance."""
    return settings_of(record).status_period_s * (0.9 + 0.2 * zlib.crc32(record.id.encode()) / 0xFFFFFFFF)
