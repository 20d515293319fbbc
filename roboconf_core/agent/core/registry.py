"""What an agent knows of the exports of others, and of its own: soft state, ordered by stamps."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from roboconf_core.messages.digest import digest_of_publications
from roboconf_core.messages.types import Epoch, ImportsRepaired, Publication

Key = tuple[str, str]
"""Instance identifier and prefix."""


def key_of(publication: Publication) -> Key:
    """Return what a newer publication replaces."""
    return (publication.instance, publication.prefix)


class ImportRegistry:
    """The newest publication of each key, tombstones included, by prefix.

    Whatever arrives late, twice, or from a life of its agent that is over changes nothing:
    a publication counts only if its stamp is greater than what is held, its epoch is not
    covered by a farewell, and no greater epoch of its agent was seen before.
    """

    def __init__(self) -> None:
        self.version = 0
        """Grows with every change."""
        self._versions: dict[str, int] = {}
        self._held: dict[str, dict[str, Publication]] = {}
        self._provisional: set[Key] = set()
        self._ended: dict[str, Epoch] = {}
        self._newest: dict[str, Epoch] = {}

    def get(self, key: Key) -> Publication | None:
        """Return the newest publication of a key, perhaps a tombstone."""
        return self._held.get(key[1], {}).get(key[0])

    def version_of(self, prefix: str) -> int:
        """Return a number that grows with every change under a prefix."""
        return self._versions.get(prefix, 0)

    def live(self, prefix: str) -> list[Publication]:
        """Return what is exported under a prefix now, in no particular order."""
        return [p for p in self._held.get(prefix, {}).values() if p.variables is not None]

    def is_provisional(self, prefix: str) -> bool:
        """Tell whether some of what is held under a prefix is only remembered from before a restart."""
        return any(key[1] == prefix for key in self._provisional)

    def digest(self, prefix: str) -> str:
        """Return the digest of what is held; empty, to be repaired, while some of it is only remembered."""
        if self.is_provisional(prefix):
            return ""
        return digest_of_publications(self.live(prefix))

    def apply(self, publication: Publication) -> bool:
        """Take in a publication; tell whether it was news."""
        if not self._is_news(publication):
            return False
        self._provisional.discard(key_of(publication))
        self._advance(publication.agent, publication.epoch)
        self._put(publication)
        return True

    def remember(self, publications: Iterable[Publication]) -> None:
        """Take in what importers saw before a restart: it counts until it is confirmed, replaced or contradicted.

        It holds only the variables that were imported, so that an equal stamp replaces it.
        """
        for publication in publications:
            held = self.get(key_of(publication))
            if held is None or held.stamp < publication.stamp:
                self._provisional.add(key_of(publication))
                self._put(publication)
            elif held.stamp == publication.stamp:
                self._put(replace(held, variables={**(held.variables or {}), **(publication.variables or {})}))

    def farewell(self, agent: str, epoch: Epoch) -> bool:
        """End all that an agent published up to an epoch, also what arrives later; tell whether that was news."""
        if epoch <= self._ended.get(agent, epoch._replace(generation=-1)):
            return False
        self._ended[agent] = epoch
        self._drop(p for p in self._all() if p.agent == agent and p.epoch <= epoch)
        return True

    def repair(self, message: ImportsRepaired, *, own: str) -> None:
        """Take in what the deployment manager knows of a prefix.

        Agents that do not exist any more, and former generations of those that do, are
        ended, and what is only remembered and unknown there is dropped; nothing younger than
        the message's generation is touched. What this agent itself (``own``) publishes is
        not for others to say.
        """
        for farewell in message.farewells:
            if farewell.agent != own:
                self.farewell(farewell.agent, farewell.epoch)
        for publication in self.live(message.prefix):
            if publication.agent != own:
                last = message.agents.get(publication.agent, message.generation + 1) - 1
                if publication.epoch.generation <= last:
                    self.farewell(publication.agent, Epoch(last, sys.maxsize, sys.maxsize))
        for publication in message.publications:
            if publication.agent != own and publication.prefix == message.prefix:
                self.apply(publication)
        self._drop_unknown(message)

    def _drop_unknown(self, message: ImportsRepaired) -> None:
        known = {key_of(publication) for publication in message.publications}
        remembered = [p for p in self.live(message.prefix) if key_of(p) in self._provisional]
        self._drop(p for p in remembered if key_of(p) not in known and p.epoch.generation <= message.generation)

    def _is_news(self, publication: Publication) -> bool:
        agent, epoch = publication.agent, publication.epoch
        if epoch < self._newest.get(agent, epoch) or (agent in self._ended and epoch <= self._ended[agent]):
            return False
        held = self.get(key_of(publication))
        if held is None or held.stamp < publication.stamp:
            return True
        return held.stamp == publication.stamp and key_of(publication) in self._provisional

    def _advance(self, agent: str, epoch: Epoch) -> None:
        """Note an agent's newest epoch; its older tombstones are needed no more, because older arrivals are refused."""
        if epoch > self._newest.get(agent, epoch._replace(generation=-1)):
            self._newest[agent] = epoch
            self._drop(p for p in self._all() if p.agent == agent and p.variables is None and p.epoch < epoch)

    def _put(self, publication: Publication) -> None:
        self._held.setdefault(publication.prefix, {})[publication.instance] = publication
        self._changed(publication.prefix)

    def _drop(self, publications: Iterable[Publication]) -> None:
        for publication in list(publications):
            del self._held[publication.prefix][publication.instance]
            self._provisional.discard(key_of(publication))
            self._changed(publication.prefix)

    def _changed(self, prefix: str) -> None:
        self.version += 1
        self._versions[prefix] = self.version

    def _all(self) -> Iterable[Publication]:
        return (p for held in self._held.values() for p in held.values())
