"""Routing and queues of a message hub, as decisions without I/O.

``Router`` knows peers, subscriptions, credentials and queues. Each of its methods adds to an
``Effects``: what must be stored first, and what may be told to connections afterwards.
Connections are numbers here.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from roboconf_core.builtin.hub.requests import Publish, Request, Subscribe, Unsubscribe
from roboconf_core.builtin.hub.values import (
    Came,
    Close,
    Deliver,
    Effects,
    Entry,
    Left,
    Limits,
    Opened,
    PeerRecord,
    Refuse,
    Snapshot,
)
from roboconf_core.errors import TransportError
from roboconf_core.messages.topology import may_publish, may_subscribe
from roboconf_core.messages.types import DM

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """What went wrong since the start."""

    refused: int = 0
    """Requests of peers that are not allowed to them."""
    overflows: int = 0
    """Queues that were dropped."""


class _Peer:
    """One peer's queue and connection."""

    __slots__ = ("by_key", "bytes", "link", "on_the_way", "queue", "record", "topics", "waiting")

    def __init__(self, record: PeerRecord) -> None:
        self.record = record
        self.queue: dict[int, Entry] = {}
        self.by_key: dict[tuple[str, str, str], int] = {}
        """The newest entry of a sender, topic and key."""
        self.bytes = 0
        self.topics: set[str] = set()
        self.link: int | None = None
        self.waiting: deque[int] = deque()
        """Entries not sent on the present connection, oldest first; some may be gone already."""
        self.on_the_way: set[int] = set()
        """Entries sent on the present connection and not acknowledged."""

    def put(self, entry: Entry) -> None:
        self.queue[entry.seq] = entry
        self.bytes += len(entry.payload)
        if entry.key is not None:
            self.by_key[entry.sender, entry.topic, entry.key] = entry.seq
        if self.link is not None:
            self.waiting.append(entry.seq)

    def take(self, seq: int) -> bool:
        entry = self.queue.pop(seq, None)
        if entry is None:
            return False
        self.bytes -= len(entry.payload)
        self.on_the_way.discard(seq)
        if entry.key is not None:
            place = (entry.sender, entry.topic, entry.key)
            if self.by_key.get(place) == seq:
                del self.by_key[place]
        return True


class Router:
    """Decides who receives what; knows neither sockets nor the database."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._peers: dict[str, _Peer] = {}
        self._listeners: dict[str, dict[str, None]] = {}
        """Topic to peers, in the order in which they subscribed."""
        self._credentials: dict[str, tuple[str, int]] = {}
        self._links: dict[int, str] = {}
        self._next_seq = 1
        self.counters = Counters()

    def load(self, snapshot: Snapshot) -> None:
        """Take over what a store holds; first of all calls."""
        self._next_seq = (snapshot.boot << 32) + 1
        self._peers = {record.name: _Peer(record) for record in snapshot.peers}
        self._credentials = {digest: (agent, generation) for digest, agent, generation in snapshot.credentials}
        for name, topic in snapshot.subscriptions:
            self._peers[name].topics.add(topic)
            self._listeners.setdefault(topic, {})[name] = None
        for entry in snapshot.entries:
            self._peers[entry.peer].put(entry)

    # --- agents

    def enrol(self, agent: str, generation: int, digest: str, effects: Effects) -> None:
        """Make a queue and allow a credential; a new generation revokes and empties what older ones had.

        Raises:
            TransportError: If a newer generation was enrolled already, or the name is not an agent's.
        """
        application, _, machine = agent.partition("/")
        if not application or not machine or application == DM:
            raise TransportError(f"'{agent}' is not the name of an agent", hint="expected APPLICATION/MACHINE")
        peer = self._peers.get(agent)
        if peer is not None and peer.record.generation > generation:
            newest = peer.record.generation
            raise TransportError(f"generation {generation} of '{agent}' is older than {newest}, which is enrolled")
        if peer is None or peer.record.generation < generation:
            self._remove(agent, "a new generation was enrolled", effects)
            self._add_peer(PeerRecord(agent, generation), effects)
        mine = [known for known, (owner, _) in self._credentials.items() if owner == agent]
        for old in mine[: max(0, len(mine) - self._limits.credentials + 1)]:
            self._revoke(old, effects)
        self._credentials[digest] = effects.changes.credentials[digest] = (agent, generation)
        effects.changes.durable = True

    def forget(self, agent: str, effects: Effects) -> None:
        """Remove an agent's queue and credentials, and close its connection; unknown agents are fine."""
        if self._remove(agent, "the agent was forgotten", effects):
            effects.changes.durable = True

    def agent_of(self, digest: str) -> str | None:
        """Return the agent that a credential belongs to, or None."""
        known = self._credentials.get(digest)
        return known[0] if known else None

    def connected_agents(self) -> list[str]:
        """Return the agents that are connected."""
        return sorted(name for name, peer in self._peers.items() if peer.link is not None and name != DM)

    # --- connections

    def attach(self, link: int, name: str, session: str, effects: Effects) -> None:
        """Make a connection the one of a peer, closing an older one, and begin to deliver.

        Args:
            link: Number of the connection.
            name: The authenticated peer.
            session: Names the life of the peer's process; the numbers of its requests count within it.
            effects: Where consequences go.
        """
        peer = self._peers.get(name)
        if peer is None:
            if name != DM:
                effects.outputs.append(Close(link, "the agent is not enrolled"))
                return
            peer = self._add_peer(PeerRecord(DM), effects)
        if peer.link is not None:
            effects.outputs.append(Close(peer.link, "another connection of this agent came", replaced=True))
            self._drop_link(peer, effects)
        peer.link = link
        self._links[link] = name
        if peer.record.session != session:
            peer.record.session, peer.record.number = session, 0
            effects.changes.peers[name] = peer.record
        effects.outputs.append(Opened(link, peer.record.number))
        effects.outputs += [Came(name)] if name != DM else [Came(agent) for agent in self.connected_agents()]
        peer.waiting = deque(peer.queue)
        self._send(peer, effects)

    def detach(self, link: int, effects: Effects) -> None:
        """Take note that a connection is gone."""
        name = self._links.get(link)
        if name is not None:
            self._drop_link(self._peers[name], effects)

    # --- requests of peers

    def take(self, link: int, request: Request, effects: Effects) -> None:
        """Carry out a request of a connected peer, once; refuse what is not allowed to it."""
        peer = self._asking(link, request.number, effects)
        if peer is None:
            return
        fault = self._fault_of(request, peer)
        if fault:
            self.counters.refused += 1
            log.warning("a request of %s was refused: %s", peer.record.name, fault)
            effects.outputs.append(Refuse(link, request.number, fault))
            return
        match request:
            case Publish(topic=topic, key=key, payload=payload):
                for name in self._listeners.get(topic, ()):
                    self._enqueue(self._peers[name], peer.record.name, topic, key, payload, effects)
            case Subscribe(topic=topic):
                self._subscribe(peer, topic, effects)
            case Unsubscribe(topic=topic):
                self._unsubscribe(peer, topic, effects)

    def acknowledge(self, link: int, tags: Iterable[int], effects: Effects) -> None:
        """Remove what a peer has taken in; unknown tags are fine."""
        name = self._links.get(link)
        if name is None:
            return
        peer = self._peers[name]
        for tag in tags:
            if peer.take(tag):
                effects.changes.remove(tag)
        self._send(peer, effects)

    # --- within

    def _asking(self, link: int, number: int, effects: Effects) -> _Peer | None:
        """Return the peer of a request, or None if its connection is not in force or the request is a repetition."""
        name = self._links.get(link)
        if name is None:
            return None
        peer = self._peers[name]
        effects.confirmed[link] = max(number, peer.record.number)
        if number <= peer.record.number:
            return None
        peer.record.number = number
        effects.changes.peers[name] = peer.record
        return peer

    def _fault_of(self, request: Request, peer: _Peer) -> str:
        """Return why a request is not allowed, or an empty text."""
        limits, name, topic = self._limits, peer.record.name, request.topic
        if not topic:
            return "the topic is empty"
        key = request.key if isinstance(request, Publish) else None
        if len(topic) > limits.name_length or (key is not None and len(key) > limits.name_length):
            return f"a topic and a key have at most {limits.name_length} characters"
        if isinstance(request, Publish) and len(request.payload) > limits.payload_bytes:
            return f"the message has {len(request.payload)} bytes, more than {limits.payload_bytes}"
        if name == DM:
            return ""
        if isinstance(request, Publish):
            return "" if may_publish(name, topic) else f"'{topic}' is not open to messages of this agent"
        if not may_subscribe(name, topic):
            return f"'{topic}' is not open to this agent"
        if isinstance(request, Subscribe) and len(peer.topics) >= limits.subscriptions:
            return f"an agent listens to at most {limits.subscriptions} topics"
        return ""

    def _subscribe(self, peer: _Peer, topic: str, effects: Effects) -> None:
        if topic not in peer.topics:
            peer.topics.add(topic)
            self._listeners.setdefault(topic, {})[peer.record.name] = None
            effects.changes.subscriptions[peer.record.name, topic] = True

    def _unsubscribe(self, peer: _Peer, topic: str, effects: Effects) -> None:
        if topic in peer.topics:
            peer.topics.discard(topic)
            self._stop_listening(peer.record.name, topic)
            effects.changes.subscriptions[peer.record.name, topic] = False

    def _enqueue(self, peer: _Peer, sender: str, topic: str, key: str | None, payload: bytes, effects: Effects) -> None:
        if key is not None:
            old = peer.by_key.get((sender, topic, key))
            if old is not None:
                peer.take(old)
                effects.changes.remove(old)
        self._append(peer, Entry(self._next_seq, peer.record.name, sender, topic, key, payload), effects)
        limits, is_manager = self._limits, peer.record.name == DM
        most = limits.manager_messages if is_manager else limits.queue_messages
        most_bytes = limits.manager_bytes if is_manager else limits.queue_bytes
        if len(peer.queue) > most or peer.bytes > most_bytes:
            self._overflow(peer, effects)
        self._send(peer, effects)

    def _overflow(self, peer: _Peer, effects: Effects) -> None:
        self.counters.overflows += 1
        log.warning("the queue of %s overflowed: %d messages dropped", peer.record.name, len(peer.queue))
        self._empty(peer, effects)
        self._append(peer, Entry(self._next_seq, peer.record.name, "", "", None, b""), effects)

    def _append(self, peer: _Peer, entry: Entry, effects: Effects) -> None:
        self._next_seq += 1
        peer.put(entry)
        effects.changes.add(entry)

    def _send(self, peer: _Peer, effects: Effects) -> None:
        if peer.link is None:
            return
        while peer.waiting and len(peer.on_the_way) < self._limits.window:
            entry = peer.queue.get(peer.waiting.popleft())
            if entry is not None:
                peer.on_the_way.add(entry.seq)
                effects.outputs.append(Deliver(peer.link, entry))

    def _drop_link(self, peer: _Peer, effects: Effects) -> None:
        if peer.link is None:
            return
        del self._links[peer.link]
        peer.link = None
        peer.waiting.clear()
        peer.on_the_way.clear()
        if peer.record.name != DM:
            effects.outputs.append(Left(peer.record.name))

    def _add_peer(self, record: PeerRecord, effects: Effects) -> _Peer:
        peer = self._peers[record.name] = _Peer(record)
        effects.changes.peers[record.name] = record
        return peer

    def _remove(self, name: str, reason: str, effects: Effects) -> bool:
        peer = self._peers.get(name)
        if peer is None:
            return False
        if peer.link is not None:
            effects.outputs.append(Close(peer.link, reason))
            self._drop_link(peer, effects)
        self._empty(peer, effects)
        for topic in peer.topics:
            self._stop_listening(name, topic)
            effects.changes.subscriptions[name, topic] = False
        for digest in [digest for digest, (owner, _) in self._credentials.items() if owner == name]:
            self._revoke(digest, effects)
        del self._peers[name]
        effects.changes.peers[name] = None
        return True

    def _empty(self, peer: _Peer, effects: Effects) -> None:
        for seq in list(peer.queue):
            peer.take(seq)
            effects.changes.remove(seq)

    def _revoke(self, digest: str, effects: Effects) -> None:
        del self._credentials[digest]
        effects.changes.credentials[digest] = None

    def _stop_listening(self, name: str, topic: str) -> None:
        listeners = self._listeners[topic]
        del listeners[name]
        if not listeners:
            del self._listeners[topic]
