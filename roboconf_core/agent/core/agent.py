"""The mind of one agent: events in, effects out; no clock, socket, thread or random number inside."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any, assert_never

from roboconf_core.agent.core.desired import take_desired
from roboconf_core.agent.core.failures import PROCESS_DIED
from roboconf_core.agent.core.links import HEARTBEAT_TIMER, Links
from roboconf_core.agent.core.messages import may_say
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.moves import settle
from roboconf_core.agent.core.outcomes import action_ended
from roboconf_core.agent.core.restart import begin_life
from roboconf_core.agent.core.state import AgentRecord
from roboconf_core.agent.events import (
    ActionEnded,
    BundleArrived,
    BundleFailed,
    CancelTimer,
    Connected,
    Disconnected,
    Effect,
    Event,
    MessageReceived,
    ProcessDied,
    Publish,
    QueueOverflowed,
    SetTimer,
    Started,
    TimerFired,
)
from roboconf_core.messages.types import (
    DesiredState,
    DrainAnswered,
    Epoch,
    ExportsHeld,
    ExportsPublished,
    Farewell,
    ImportsRepaired,
    ImportsRequested,
    Message,
    ReportsRequested,
    Resynchronize,
)
from roboconf_core.model.instant import Instant

WAKE_TIMER = "wake"
"""Fires when time alone changes a decision: a retry, a poll, the end of a quiet period or of a grace."""

_HEARTBEAT_DUE = TimerFired(HEARTBEAT_TIMER)
"""Changes nothing that there is to decide about."""


_ASIDES = (ExportsPublished, ImportsRequested, ReportsRequested, Resynchronize)
"""Messages that change what instances do only through the registry of imports."""


class AgentCore:
    """Decides what an agent does; deterministic, so that a whole deployment can be simulated.

    Args:
        agent: Name of the agent, ``lamp/apache-vm``.
        records: What the journal holds, by key: records of ``agent.state``; empty on a new disk.
        slots: How many lifecycle actions may run at once, at least 1.
        generation: Of the machine, as its settings say; records of another one are forgotten.
        handlers: Installer name to version of the plugin that serves it, for the hello.
        address: Of the machine, for the hello.
    """

    def __init__(
        self,
        agent: str,
        records: Mapping[str, Any],
        *,
        slots: int,
        generation: int,
        handlers: Mapping[str, str] | None = None,
        address: str = "",
    ) -> None:
        self._mind = Mind(agent, records, slots=slots)
        self._links = Links(self._mind, handlers=handlers or {}, address=address)
        self._generation = generation
        self._timer_at = inf

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what the runner is to do.

        The first event of a core's life is ``Started``. Effects are in order, except that
        ``Save`` and ``Forget`` are to be done first, together and durably; they come first.
        """
        mind = self._mind
        mind.now, mind.effects = now, []
        version = mind.registry.version
        self._take(event)
        if event != _HEARTBEAT_DUE:
            self._decide(changed=mind.registry.version != version or not _is_aside(event))
        return (*mind.memory.flush(), *_newest_exports(mind.effects))

    def _decide(self, *, changed: bool) -> None:
        """Do what is to be done now; instances are looked at only if something changed or a deadline passed."""
        if changed or self._mind.now.monotonic >= self._mind.wake:
            settle(self._mind)
        self._links.answer()
        self._links.tell_holders()
        self._mind.flush_reports()
        self._set_timer()

    def _take(self, event: Event) -> None:
        match event:
            case Started():
                begin_life(self._mind, event, generation=self._generation)
                self._links.update_topics()
            case Connected():
                self._links.connected()
            case Disconnected():
                self._links.disconnected()
            case QueueOverflowed():
                self._links.overflowed()
            case MessageReceived(sender=sender, message=message):
                if may_say(self._mind.agent, sender, message):
                    self._hear(sender, message)
            case ActionEnded(id, outcome):
                action_ended(self._mind, id, outcome)
            case ProcessDied(instance):
                self._process_died(instance)
            case TimerFired(name):
                self._timer_fired(name)
            case BundleArrived(digest):
                self._mind.bundles.arrived(digest)
            case BundleFailed(digest, reason):
                self._mind.bundles.failed(digest, reason, self._mind.now.monotonic)
            case _:
                assert_never(event)

    def _hear(self, sender: str, message: Message) -> None:
        mind = self._mind
        match message:
            case ExportsPublished(publication=publication):
                if not mind.registry.apply(publication):
                    self._links.withdrawn_again(publication)
            case ImportsRequested(prefix=prefix):
                self._links.requested(prefix)
            case ExportsHeld():
                mind.exporter.held(sender, message)
            case DrainAnswered():
                mind.exporter.answered(sender, message)
            case DesiredState():
                take_desired(mind, message, generation=self._generation)
                self._links.update_topics()
            case Farewell(agent=agent, epoch=epoch):
                self._bid_farewell(agent, epoch)
            case ImportsRepaired():
                mind.registry.repair(message, own=mind.agent)
                for farewell in message.farewells:
                    self._bid_farewell(farewell.agent, farewell.epoch)
            case ReportsRequested():
                mind.reporter.repeat()
            case Resynchronize():
                mind.exporter.repeat()
            case _:
                pass  # chunks of recipes are the runner's, the rest is for the deployment manager

    def _bid_farewell(self, agent: str, epoch: Epoch) -> None:
        """Believe that an agent is gone; refute it when that is this agent itself, in this very life."""
        mind = self._mind
        if agent != mind.agent:
            mind.registry.farewell(agent, epoch)
            mind.exporter.lost(agent)
            return
        if epoch < mind.exporter.epoch or epoch.generation != self._generation:
            return
        refuted = epoch._replace(incarnation=epoch.incarnation + 1)
        mind.memory.put_agent(self._agent_record_of(refuted))
        mind.registry.farewell(agent, epoch)
        mind.exporter.renew(refuted)
        self._links.hold_anew()
        self._links.beat()

    def _agent_record_of(self, epoch: Epoch) -> AgentRecord:
        known = self._mind.memory.agent
        withdrawn = known.withdrawn if known else ()
        return AgentRecord(generation=epoch.generation, boot=epoch.boot, withdrawn=withdrawn)

    def _process_died(self, instance: str) -> None:
        record = self._mind.memory.get(instance)
        if record is not None and record.is_up:
            self._mind.pace(record).died = PROCESS_DIED

    def _timer_fired(self, name: str) -> None:
        if name == HEARTBEAT_TIMER:
            self._links.beat()
        else:
            self._timer_at = inf

    def _set_timer(self) -> None:
        wake = self._mind.wake
        if wake == self._timer_at:
            return
        self._timer_at = wake
        self._mind.effects.append(SetTimer(WAKE_TIMER, wake) if wake < inf else CancelTimer(WAKE_TIMER))


def _newest_exports(effects: list[Effect]) -> list[Effect]:
    """Leave out publications that a later one of the same decision replaces: what died meanwhile is not announced."""
    kept: list[Effect] = []
    replaced: set[tuple[str, str, str]] = set()
    for effect in reversed(effects):
        if isinstance(effect, Publish) and isinstance(effect.message, ExportsPublished):
            publication = effect.message.publication
            key = (effect.topic, publication.instance, publication.prefix)
            if key in replaced:
                continue
            replaced.add(key)
        kept.append(effect)
    return kept[::-1]


def _is_aside(event: Event) -> bool:
    return isinstance(event, MessageReceived) and isinstance(event.message, _ASIDES)
