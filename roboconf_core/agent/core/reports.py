"""What the deployment manager is told of each instance: in full, when it changes."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.agent.core.exports import Send
from roboconf_core.agent.core.imports import Imports, held_imports
from roboconf_core.agent.core.state import InstanceRecord, RunningAction
from roboconf_core.agent.events import Outcome
from roboconf_core.messages.digest import digest_of_reports
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import ActionReported, Epoch, InstanceReported
from roboconf_core.model.lifecycle import Action

_UNSTAMPED = Epoch(0, 0, 0)


class Reporter:
    """The newest report of each instance; sends one when it says something new."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sequence = 0
        self._reports: dict[str, InstanceReported] = {}

    def digest(self) -> str:
        """Return the digest of what was reported."""
        return digest_of_reports(self._reports.values())

    def report(self, report: InstanceReported, epoch: Epoch) -> None:
        """Send a report made by ``report_of``, unless it says what the last one said."""
        known = self._reports.get(report.instance)
        if known is not None and replace(known, epoch=_UNSTAMPED, sequence=0) == report:
            return
        self._sequence += 1
        self._reports[report.instance] = replace(report, epoch=epoch, sequence=self._sequence)
        self._send(DM_TOPIC, self._reports[report.instance])

    def repeat(self) -> None:
        """Send all reports again, unchanged."""
        for report in self._reports.values():
            self._send(DM_TOPIC, report)

    def forget(self, instance: str) -> None:
        """Report an instance no more."""
        self._reports.pop(instance, None)

    def action(self, record: InstanceRecord, running: RunningAction, outcome: Outcome) -> None:
        """Send what an action that ended printed."""
        self._send(DM_TOPIC, _action_report_of(record, running, outcome))


def report_of(record: InstanceRecord, seen: Imports, waits: tuple[str, ...]) -> InstanceReported:
    """Return what is to be said of an instance, without stamp; polls of ``status`` are not worth a report."""
    running = record.running if record.running and record.running.action is not Action.STATUS else None
    return InstanceReported(
        instance=record.id,
        path=record.path,
        epoch=_UNSTAMPED,
        sequence=0,
        status=record.status,
        generation=record.spec.generation,
        since=record.since,
        cause=record.cause,
        waits=waits,
        action=running.action if running else None,
        action_since=running.started if running else 0.0,
        action_timeout_s=running.timeout_s if running else 0.0,
        dirty=record.dirty,
        imports=held_imports(seen),
        failure=record.failure,
        restarts=record.restarts,
    )


def _action_report_of(record: InstanceRecord, running: RunningAction, outcome: Outcome) -> ActionReported:
    return ActionReported(
        instance=record.id,
        path=record.path,
        id=running.id,
        action=running.action,
        attempt=running.attempt,
        cause=running.cause,
        started=outcome.started or running.started,
        duration_s=outcome.duration_s,
        exit_status=outcome.exit_status,
        reason=outcome.reason,
        stdout=outcome.stdout,
        stderr=outcome.stderr,
    )
