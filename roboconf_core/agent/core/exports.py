"""What an agent publishes: its instances' exports, their withdrawal, and who must answer before a stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from roboconf_core.agent.core.registry import ImportRegistry, Key
from roboconf_core.messages.digest import digest_of_publications
from roboconf_core.messages.topology import DM_TOPIC, importers_topic
from roboconf_core.messages.types import (
    DrainAnswered,
    Epoch,
    ExportsHeld,
    ExportsPublished,
    InstanceSpec,
    Message,
    Publication,
    application_of,
)

Stamp = tuple[Epoch, int]
Send = Callable[[str, Message], None]
"""Publishes a message to a topic."""


def exports_by_prefix(spec: InstanceSpec) -> dict[str, dict[str, str]]:
    """Return the exports of an instance by component or facet; names without prefix reach nobody."""
    found: dict[str, dict[str, str]] = {}
    for name, value in spec.exports.items():
        prefix, dot, _ = name.partition(".")
        if dot:
            found.setdefault(prefix, {})[name] = value
    return found


class Exporter:
    """The newest publication of each (instance, prefix) of this agent, withdrawals included.

    What is published is applied to the own registry at once: instances of one agent find
    each other without any connection.
    """

    def __init__(self, agent: str, registry: ImportRegistry, send: Send) -> None:
        self.epoch = Epoch(0, 0, 0)
        self._agent = agent
        self._application = application_of(agent)
        self._registry = registry
        self._send = send
        self._sequence = 0
        self._published: dict[Key, Publication] = {}
        self._holders: dict[Key, dict[str, Stamp]] = {}
        self._answers: dict[Key, dict[str, Stamp]] = {}

    def digest(self) -> str:
        """Return the digest of the live publications."""
        return digest_of_publications(self._published.values())

    def prefixes(self) -> set[str]:
        """Return the prefixes under which something was published."""
        return {prefix for _, prefix in self._published}

    def publish(self, spec: InstanceSpec) -> None:
        """Make all that an instance exports known, as far as it is not yet; withdraw what it no longer exports."""
        wanted = exports_by_prefix(spec)
        for prefix in sorted(wanted.keys() | self._prefixes_of(spec.id)):
            self._set(spec, prefix, wanted.get(prefix), planned=False)

    def withdraw(self, spec: InstanceSpec, *, planned: bool) -> None:
        """Withdraw all that an instance exports."""
        for prefix in sorted(self._prefixes_of(spec.id)):
            self._set(spec, prefix, None, planned=planned)

    def withdraw_unknown(self, spec: InstanceSpec) -> None:
        """Withdraw what a former life of this agent may have published for an instance."""
        for prefix in sorted(exports_by_prefix(spec)):
            if (spec.id, prefix) not in self._published:
                self._put(self._made(spec, prefix, None, planned=False))

    def forget(self, instance: str) -> tuple[Publication, ...]:
        """Forget an instance that does not exist any more; return its last withdrawals."""
        keys = [key for key in self._published if key[0] == instance]
        for key in keys:
            self._holders.pop(key, None)
            self._answers.pop(key, None)
        return tuple(self._published[key] for key in keys)

    def adopt(self, withdrawn: Iterable[Publication]) -> None:
        """Withdraw again, in the present epoch, what instances forgotten in a former life had published."""
        for publication in withdrawn:
            self._renew(publication)

    def repeat(self, prefix: str | None = None) -> None:
        """Send again, unchanged, what was published under a prefix, or all of it."""
        for publication in list(self._published.values()):
            if prefix in (None, publication.prefix):
                self._announce(publication)

    def renew(self, epoch: Epoch | None = None) -> None:
        """Publish everything with new stamps, in a new epoch if given; holders then tell again that they hold it."""
        if epoch is not None:
            self.epoch, self._sequence = epoch, 0
        for publication in list(self._published.values()):
            self._renew(publication)

    # --- who holds what

    def held(self, sender: str, message: ExportsHeld) -> None:
        """Note that an agent's instances use a publication."""
        key, stamp = (message.instance, message.prefix), (message.epoch, message.sequence)
        publication = self._published.get(key)
        if publication is None or (publication.variables is None and not publication.planned):
            return
        if stamp >= self._answers.get(key, {}).get(sender, (Epoch(0, 0, 0), 0)):
            self._holders.setdefault(key, {})[sender] = stamp

    def answered(self, sender: str, message: DrainAnswered) -> None:
        """Note that an agent's instances use a publication, or the one before its withdrawal, no more."""
        key, stamp = (message.instance, message.prefix), (message.epoch, message.sequence)
        if key not in self._published:
            return
        answers, holders = self._answers.setdefault(key, {}), self._holders.get(key, {})
        answers[sender] = max(stamp, answers.get(sender, stamp))
        if sender in holders and holders[sender] <= stamp:
            del holders[sender]

    def lost(self, agent: str) -> None:
        """Note that an agent is gone and answers no more."""
        for holders in self._holders.values():
            holders.pop(agent, None)

    def holders_of(self, instance: str) -> tuple[str, ...]:
        """Return the agents that have not yet answered the withdrawal of an instance's exports."""
        found = {agent for key, holders in self._holders.items() if key[0] == instance for agent in holders}
        return tuple(sorted(found))

    def keys_of(self, instance: str) -> frozenset[Key]:
        """Return the keys under which an instance publishes or published."""
        return frozenset(key for key in self._published if key[0] == instance)

    def _prefixes_of(self, instance: str) -> set[str]:
        return {prefix for owner, prefix in self._published if owner == instance}

    def _set(self, spec: InstanceSpec, prefix: str, variables: dict[str, str] | None, *, planned: bool) -> None:
        known = self._published.get((spec.id, prefix))
        if known is None and variables is None:
            return
        if known is None or known.variables != variables:
            self._put(self._made(spec, prefix, variables, planned=planned))

    def _made(self, spec: InstanceSpec, prefix: str, variables: dict[str, str] | None, *, planned: bool) -> Publication:
        return Publication(
            agent=self._agent,
            instance=spec.id,
            path=spec.path,
            component=spec.component,
            prefix=prefix,
            epoch=self.epoch,
            sequence=self._next(),
            variables=variables,
            planned=planned,
        )

    def _renew(self, publication: Publication) -> None:
        self._put(replace(publication, epoch=self.epoch, sequence=self._next()))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _put(self, publication: Publication) -> None:
        key = (publication.instance, publication.prefix)
        before = self._published.get(key)
        self._published[key] = publication
        revived = before is not None and before.variables is None and publication.variables is not None
        if revived or (publication.variables is None and not publication.planned):
            self._holders.pop(key, None)
        self._registry.apply(publication)
        self._announce(publication)

    def _announce(self, publication: Publication) -> None:
        message = ExportsPublished(publication=publication)
        self._send(importers_topic(self._application, publication.prefix), message)
        self._send(DM_TOPIC, message)
