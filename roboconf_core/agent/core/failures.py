"""The condition *failed*: noting what failed, and when it is tried again."""

from __future__ import annotations

from roboconf_core.agent.core.actions import attempt_of, settings_of
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.agent.events import Outcome
from roboconf_core.messages.types import Failure
from roboconf_core.model.lifecycle import Action, Desired

PROCESS_DIED = "its process died"
"""Reason of a death of which it is certain that nothing of the service is left."""
DIED_EARLY = f"{PROCESS_DIED} before it was ready"
"""Reason of a start that failed in this way."""

PORT_TAKEN = "port taken: "
"""Beginning of the reason of a start that waits for another port."""


def note_failure(
    mind: Mind,
    record: InstanceRecord,
    action: Action,
    outcome: Outcome,
    *,
    attempt: int,
    endless: bool = False,
) -> InstanceRecord:
    """Note that an action failed, and when it is tried again.

    Args:
        mind: The core's state.
        record: The instance's record.
        action: What is to be tried again.
        outcome: How it ended; its reason is not empty.
        attempt: How often it was tried, counted from 1.
        endless: It is tried until it succeeds, since what hinders it is not in the recipe.
    """
    settings = settings_of(record)
    exhausted = attempt >= settings.attempts and not endless
    delay = settings.retry_after(attempt)
    mind.pace(record).retry_at = mind.now.monotonic + delay
    failure = Failure(
        action=action,
        reason=outcome.reason,
        attempt=attempt,
        exhausted=exhausted,
        exit_status=outcome.exit_status,
        duration_s=outcome.duration_s,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        next_try=None if exhausted and not record.vanished else mind.now.wall + delay,
    )
    return mind.change(record, failure=failure)


def note_death(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """Note that a started instance died, and when it is started again.

    The first death after a calm is repaired at once, the following ones with a growing
    delay; a service that stays up for longer than the longest delay has found its calm.
    One that did not may have lost its ports to somebody who answered in its place.
    """
    pace, settings = mind.pace(record), settings_of(record)
    calm = mind.now.wall - record.since > settings.retry_delay_max_s
    deaths = 1 if calm else record.deaths + 1
    delay = settings.retry_after(deaths - 1) if deaths > 1 else 0.0
    outcome = pace.outcome or Outcome(exit_status=None, reason=pace.died)
    failure = Failure(
        action=Action.STATUS,
        reason=pace.died,
        attempt=deaths,
        exhausted=False,
        exit_status=outcome.exit_status,
        duration_s=outcome.duration_s,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
        next_try=mind.now.wall + delay,
    )
    pace.retry_at, pace.died, pace.outcome, pace.poll_failures = mind.now.monotonic + delay, "", None, 0
    comes_back = record.spec.desired is Desired.DEPLOYED_STARTED and not record.vanished
    ports = record.proven_ports if calm else {}
    restarts = record.restarts + comes_back
    return mind.change(record, failure=failure, deaths=deaths, restarts=restarts, proven_ports=ports)


def note_not_ready(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """Note that an instance died before it was ready, or did not become so in time: its start failed."""
    pace, settings = mind.pace(record), settings_of(record)
    last = pace.outcome or Outcome(exit_status=None)
    outcome = Outcome(
        exit_status=last.exit_status,
        reason=DIED_EARLY if pace.died else f"not ready after {settings.ready_timeout_s:g} s",
        duration_s=last.duration_s,
        stdout=last.stdout,
        stderr=last.stderr,
    )
    return note_failure(mind, record, Action.START, outcome, attempt=attempt_of(record, Action.START))
