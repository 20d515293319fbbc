"""What the parts of the core share while they decide: records, soft state, clock and effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from roboconf_core.agent.core.bundles import Bundles
from roboconf_core.agent.core.exports import Exporter
from roboconf_core.agent.core.imports import Imports, current_imports
from roboconf_core.agent.core.memory import Memory
from roboconf_core.agent.core.quiet import Quiet
from roboconf_core.agent.core.registry import ImportRegistry
from roboconf_core.agent.core.reports import Reporter, report_of
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.agent.events import Effect, Outcome, Publish
from roboconf_core.messages.types import InstanceSpec, Message, Publication
from roboconf_core.model.instant import Instant

_WITHDRAWN_KEPT = 1000
"""Withdrawals of forgotten instances that are journalled; the oldest go first."""


@dataclass(slots=True)
class Pace:
    """What is known of one instance until the agent ends: deadlines (monotonic seconds) and counts."""

    quiet: Quiet = field(default_factory=Quiet)
    content: tuple[object, ...] | None = None
    """Of the imports, when they were last looked at; None to look anew."""
    content_of: Imports | None = None
    """The imports with this content."""
    compared: tuple[Imports, Imports, bool] | None = None
    """Present imports, those seen, and whether they differ."""
    retry_at: float | None = None
    ready: bool = False
    """``status`` succeeded since ``start``."""
    ready_until: float | None = None
    ready_at: float = -inf
    ready_polls: int = 0
    poll_at: float | None = None
    poll_failures: int = 0
    drain_until: float | None = None
    holders_unknown: bool = False
    """The drain began in a former life: who holds what is forgotten."""
    stop_at: float | None = None
    """When a ``stop`` that failed is tried again."""
    cancel_at: float | None = None
    died: str = ""
    """Why it counts as dead; empty while it does not."""
    outcome: Outcome | None = None
    """Of the last ``status`` or ``stop`` that failed."""
    waits: tuple[str, ...] = ()
    imports: Imports = ()
    imports_of: tuple[tuple[int, ...], InstanceSpec] | None = None
    """Versions of the prefixes, and specification, for which ``imports`` were found."""


class Mind:
    """The whole state of a core; the functions of the other modules read and change it."""

    def __init__(self, agent: str, records: Mapping[str, Any], *, slots: int) -> None:
        self.agent = agent
        self.slots = slots
        self.now = Instant(0.0, 0.0)
        self.wake = inf
        """Earliest moment (monotonic) at which time alone changes a decision."""
        self.effects: list[Effect] = []
        self.memory = Memory(records)
        self.registry = ImportRegistry()
        self.exporter = Exporter(agent, self.registry, self.send)
        self.reporter = Reporter(self.send)
        self.bundles = Bundles()
        self._paces: dict[str, Pace] = {}
        self._unreported: set[str] = set()
        self._moved: set[str] = set()
        self._actions = 0

    # --- effects

    def send(self, topic: str, message: Message) -> None:
        """Publish a message."""
        self.effects.append(Publish(topic, message))

    def wake_at(self, moment: float) -> None:
        """Decide again at a moment (monotonic seconds)."""
        self.wake = min(self.wake, moment)

    def passed(self, moment: float) -> bool:
        """Tell whether a moment has come; if not, decide again when it comes."""
        if self.now.monotonic >= moment:
            return True
        self.wake_at(moment)
        return False

    def next_action_id(self) -> str:
        """Return an identifier that no action of this agent ever had."""
        self._actions += 1
        epoch = self.exporter.epoch
        return f"{epoch.generation}-{epoch.boot}-{self._actions}"

    # --- instances

    def pace(self, record: InstanceRecord) -> Pace:
        """Return the soft state of an instance."""
        pace = self._paces.get(record.id)
        if pace is None:
            pace = self._paces[record.id] = Pace()
        return pace

    def change(self, record: InstanceRecord, **changes: Any) -> InstanceRecord:  # noqa: ANN401 - fields of the record
        """Replace fields of a record; each status that it takes is reported, also the short ones."""
        if all(getattr(record, name) == value for name, value in changes.items()):
            return record
        status = changes.get("status", record.status)
        if status is not record.status:
            if record.id in self._moved:
                self._report(record)
            self._moved.add(record.id)
            changes["since"] = self.now.wall
        record = replace(record, **changes)
        self.memory.put(record)
        self._unreported.add(record.id)
        return record

    def add(self, record: InstanceRecord) -> None:
        """Remember an instance that was not known."""
        self.memory.put(record)
        self._unreported.add(record.id)

    def forget(self, record: InstanceRecord) -> None:
        """Forget an instance that is not deployed and no longer wanted."""
        self._report(record)
        self._unreported.discard(record.id)
        self.reporter.forget(record.id)
        self.memory.forget(record.id)
        self._paces.pop(record.id, None)

    def keep_withdrawn(self, publications: tuple[Publication, ...]) -> None:
        """Remember the last withdrawals of an instance that is forgotten, for those who missed them."""
        agent = self.memory.agent
        if agent is not None:
            self.memory.put_agent(replace(agent, withdrawn=(*agent.withdrawn, *publications)[-_WITHDRAWN_KEPT:]))

    def see(self, record: InstanceRecord, imports: Imports) -> None:
        """Remember what the last successful start or update of an instance saw."""
        if self.memory.seen(record.id) != imports:
            self.memory.put_seen(record.id, imports)
            self._unreported.add(record.id)

    def wait(self, record: InstanceRecord, waits: tuple[str, ...]) -> None:
        """Note what an instance waits for."""
        pace = self.pace(record)
        if pace.waits != waits:
            pace.waits = waits
            self._unreported.add(record.id)

    def imports_of(self, record: InstanceRecord) -> Imports:
        """Return what an instance is to see now."""
        pace = self.pace(record)
        versions = tuple(self.registry.version_of(wanted.prefix) for wanted in record.spec.imports)
        if pace.imports_of is None or pace.imports_of[0] != versions or pace.imports_of[1] is not record.spec:
            pace.imports_of = (versions, record.spec)
            found = current_imports(self.registry, record.spec)
            pace.imports = pace.imports if pace.imports == found else found
        return pace.imports

    def report_all(self) -> None:
        """Report every instance, whatever was reported before."""
        self._unreported.update(record.id for record in self.memory.all())

    def flush_reports(self) -> None:
        """Send the reports that say something new."""
        for instance in sorted(self._unreported):
            record = self.memory.get(instance)
            if record is not None:
                self._report(record)
        self._unreported.clear()
        self._moved.clear()

    def _report(self, record: InstanceRecord) -> None:
        report = report_of(record, self.memory.seen(record.id), self.pace(record).waits)
        self.reporter.report(report, self.exporter.epoch)
