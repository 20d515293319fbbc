"""How an agent keeps in touch: topics, hello, heartbeat, requests and answers."""

from __future__ import annotations

from collections.abc import Mapping

from roboconf_core.agent.core.exports import Stamp, exports_by_prefix
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.registry import Key, key_of
from roboconf_core.agent.events import CancelTimer, SetTimer, Subscribe, Unsubscribe
from roboconf_core.messages.topology import DM_TOPIC, agent_topic, exporters_topic, importers_topic
from roboconf_core.messages.types import (
    DrainAnswered,
    ExportsHeld,
    Heartbeat,
    Hello,
    ImportsRequested,
    Publication,
    application_of,
)

HEARTBEAT_TIMER = "heartbeat"
HEARTBEAT_S = 5.0
ANSWER_PAUSE_S = 1.0
"""Requests for one prefix within this time are answered together."""


class Links:
    """The agent's side of its conversations with the deployment manager and with other agents."""

    def __init__(self, mind: Mind, *, handlers: Mapping[str, str], address: str) -> None:
        self._mind = mind
        self._application = application_of(mind.agent)
        self._handlers = dict(handlers)
        self._address = address
        self._connected = False
        self._imported: tuple[str, ...] = ()
        self._topics: frozenset[str] = frozenset()
        self._answered_at: dict[str, float] = {}
        self._to_answer: set[str] = set()
        self._told: dict[Key, Stamp] = {}
        self._told_at = (-1, -1)
        self._drained: dict[Key, Stamp] = {}

    # --- the connection

    def connected(self) -> None:
        """Say hello, and ask for everything that may have been missed."""
        self._connected = True
        self._mind.effects.append(Subscribe(tuple(sorted(self._topics))))
        desired = self._mind.memory.desired
        hello = Hello(
            epoch=self._mind.exporter.epoch,
            version=desired.version if desired else 0,
            handlers=self._handlers,
            address=self._address,
        )
        self._mind.send(DM_TOPIC, hello)
        self._request(self._imported)
        self._mind.bundles.retry_now()
        self._expect_backlog()
        self.beat()

    def _expect_backlog(self) -> None:
        """Hold updates back a little: what was missed comes in pieces, the last of which may take back the first."""
        for record in self._mind.memory.all():
            self._mind.pace(record).quiet.ended(self._mind.now.monotonic, record.spec.settings)

    def disconnected(self) -> None:
        """Send no heartbeats meanwhile."""
        self._connected = False
        self._mind.effects.append(CancelTimer(HEARTBEAT_TIMER))

    def overflowed(self) -> None:
        """Ask again for everything; those who hold exports of this agent are asked to say so again."""
        self._request(self._imported)
        self._mind.exporter.renew()
        self._mind.bundles.retry_now()
        if self._connected:
            self.beat()

    def beat(self) -> None:
        """Send a heartbeat, if there is a connection."""
        if not self._connected:
            return
        mind, desired = self._mind, self._mind.memory.desired
        heartbeat = Heartbeat(
            epoch=mind.exporter.epoch,
            version=desired.version if desired else 0,
            reports=mind.reporter.digest(),
            published=mind.exporter.digest(),
            held={prefix: mind.registry.digest(prefix) for prefix in self._imported},
        )
        mind.send(DM_TOPIC, heartbeat)
        mind.effects.append(SetTimer(HEARTBEAT_TIMER, mind.now.monotonic + HEARTBEAT_S))

    # --- topics

    def update_topics(self) -> None:
        """Listen to what the instances of the machine import, and to requests for what they export."""
        records, desired = self._mind.memory.all(), self._mind.memory.desired
        imported = {wanted.prefix for record in records for wanted in record.spec.imports}
        specs = [record.spec for record in records] + ([desired.machine] if desired else [])
        exported = {prefix for spec in specs for prefix in exports_by_prefix(spec)}
        topics = frozenset(
            {agent_topic(self._mind.agent)}
            | {importers_topic(self._application, prefix) for prefix in imported}
            | {exporters_topic(self._application, prefix) for prefix in exported}
        )
        self._listen(topics)
        new = tuple(sorted(imported - set(self._imported)))
        self._imported = tuple(sorted(imported))
        self._request(new)

    def _listen(self, topics: frozenset[str]) -> None:
        if topics - self._topics:
            self._mind.effects.append(Subscribe(tuple(sorted(topics - self._topics))))
        if self._topics - topics:
            self._mind.effects.append(Unsubscribe(tuple(sorted(self._topics - topics))))
        self._topics = topics

    def _request(self, prefixes: tuple[str, ...]) -> None:
        for prefix in prefixes:
            self._mind.send(exporters_topic(self._application, prefix), ImportsRequested(prefix=prefix))

    # --- requests of others

    def requested(self, prefix: str) -> None:
        """Note that somebody asks for the exports under a prefix."""
        self._to_answer.add(prefix)

    def answer(self) -> None:
        """Publish again what was asked for; many requests at once get one answer."""
        for prefix in sorted(self._to_answer):
            if self._mind.passed(self._answered_at.get(prefix, float("-inf")) + ANSWER_PAUSE_S):
                self._answered_at[prefix] = self._mind.now.monotonic
                self._to_answer.discard(prefix)
                self._mind.exporter.repeat(prefix)

    # --- what is held of others

    def tell_holders(self) -> None:
        """Tell exporters what of theirs is in use here, and answer them once it is not any more."""
        versions = (self._mind.memory.seen_version, self._mind.registry.version)
        if versions == self._told_at:
            return
        self._told_at = versions
        used = self._used()
        for key, publication in used.items():
            current = self._mind.registry.get(key)
            held = publication if current is not None and current.planned else current
            if held is not None and held.variables is not None and self._told.get(key) != held.stamp:
                self._told[key] = held.stamp
                self._send_held(publication.agent, held)
        for key in sorted(self._told.keys() - used.keys()):
            del self._told[key]
            current = self._mind.registry.get(key)
            if current is not None and (current.planned or current.variables is not None):
                self._drained[key] = current.stamp
                self._send_drained(current)

    def hold_anew(self) -> None:
        """Tell once more all that is held: exporters were told that this agent is gone."""
        self._told.clear()
        self._told_at = (-1, -1)

    def withdrawn_again(self, publication: Publication) -> None:
        """Answer a planned withdrawal that came again: the first answer may be lost."""
        if publication.planned and self._drained.get(key_of(publication)) == publication.stamp:
            self._send_drained(publication)

    def _used(self) -> dict[Key, Publication]:
        memory = self._mind.memory
        return {
            key_of(publication): publication
            for record in memory.all()
            for publication in memory.seen(record.id)
            if publication.agent != self._mind.agent
        }

    def _send_held(self, exporter: str, p: Publication) -> None:
        held = ExportsHeld(instance=p.instance, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence)
        self._mind.send(agent_topic(exporter), held)

    def _send_drained(self, p: Publication) -> None:
        answer = DrainAnswered(instance=p.instance, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence)
        self._mind.send(agent_topic(p.agent), answer)
