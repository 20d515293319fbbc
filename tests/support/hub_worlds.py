"""A router with a store of dictionaries, for tests without threads."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.builtin.hub.values import Changes, Effects, PeerRecord, Snapshot


class DictStore:
    """What a database would hold."""

    def __init__(self):
        self.boot = 0
        self.entries = {}
        self.peers = {}
        self.subscriptions = set()
        self.credentials = {}

    def open(self):
        self.boot += 1
        return Snapshot(
            boot=self.boot,
            peers=[replace(record) for record in self.peers.values()],
            credentials=[(digest, *owner) for digest, owner in self.credentials.items()],
            subscriptions=sorted(self.subscriptions),
            entries=[self.entries[seq] for seq in sorted(self.entries)],
        )

    def save(self, changes: Changes):
        for seq in changes.removed:
            del self.entries[seq]
        self.entries.update(changes.added)
        for name, record in changes.peers.items():
            if record is None:
                self.peers.pop(name, None)
            else:
                self.peers[name] = PeerRecord(record.name, record.generation, record.session, record.number)
        for place, listens in changes.subscriptions.items():
            (self.subscriptions.add if listens else self.subscriptions.discard)(place)
        for digest, owner in changes.credentials.items():
            self.credentials.pop(digest, None)
            if owner is not None:
                self.credentials[digest] = owner

    def close(self):
        pass


def effects_of(call, *arguments) -> Effects:
    """Call a method of a router and return what it brings about."""
    effects = Effects()
    call(*arguments, effects)
    return effects
