"""The network: durable queues, at-least-once delivery, acknowledgements; and what goes wrong there.

It keeps the contract of ``hooks.transports``. What is published reaches the queues of all
who subscribed at once; the way from a queue to its peer takes time. What was published
while the own connection is down waits in the process that published it, the newest per key
and topic, and dies with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import Protocol

from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.topology import may_publish, may_subscribe
from roboconf_core.messages.types import DM, Message, key_of
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.conditions import Conditions, Fault
from roboconf_core.simulation.schedule import Schedule


class Endpoint(Protocol):
    """A process that is connected as a peer."""

    def connected(self) -> None:
        """The connection is up."""

    def disconnected(self) -> None:
        """The connection is down."""

    def delivered(self, sender: str, message: Message, acknowledge: Callable[[], None]) -> None:
        """A message came; it comes again on the next connection unless it is acknowledged."""

    def overflowed(self) -> None:
        """The queue was dropped."""


class _Envelope:
    """One message in one queue."""

    __slots__ = ("came", "key", "message", "sender", "topic")

    def __init__(self, sender: str, topic: str, message: Message, key: str | None) -> None:
        self.sender = sender
        self.topic = topic
        self.message = message
        self.key = key
        self.came = False
        """It was delivered at least once: only then can it come again."""


class _Peer:
    """One queue, and the connection to it if there is one."""

    def __init__(self, name: str, generation: int) -> None:
        self.name = name
        self.generation = generation
        self.topics: dict[str, None] = {}
        self.queue: dict[_Envelope, None] = {}
        self.by_key: dict[tuple[str, str, str], _Envelope] = {}
        self.endpoint: Endpoint | None = None
        self.connection = 0
        self.since = 0.0
        self.last = 0.0
        """When the latest message that keeps the order arrives."""

    def put(self, envelope: _Envelope) -> None:
        if envelope.key is not None:
            place = (envelope.sender, envelope.topic, envelope.key)
            old = self.by_key.get(place)
            if old is not None:
                self.queue.pop(old, None)
            self.by_key[place] = envelope
        self.queue[envelope] = None

    def take(self, envelope: _Envelope) -> None:
        self.queue.pop(envelope, None)
        if envelope.key is not None:
            place = (envelope.sender, envelope.topic, envelope.key)
            if self.by_key.get(place) is envelope:
                del self.by_key[place]

    def empty(self) -> None:
        self.queue.clear()
        self.by_key.clear()


class Network:
    """All queues; ``connect`` and ``disconnect`` are told by the world, which knows who can reach it."""

    def __init__(self, schedule: Schedule, conditions: Conditions, random: Random, chronicle: Chronicle) -> None:
        self._schedule = schedule
        self._conditions = conditions
        self._random = random
        self._chronicle = chronicle
        self._peers: dict[str, _Peer] = {}
        self._listeners: dict[str, dict[str, None]] = {}
        self.watcher: Callable[[str, bool], None] = lambda agent, there: None
        """Hears of agents' connections that come and go."""

    # --- queues

    def enrol(self, name: str, generation: int = 0) -> None:
        """Make a queue for a peer; what an older generation had is dropped."""
        peer = self._peers.get(name)
        if peer is None or peer.generation < generation:
            self.forget(name)
            self._peers[name] = _Peer(name, generation)

    def forget(self, name: str) -> None:
        """Remove a peer's queue; its connection is closed."""
        peer = self._peers.pop(name, None)
        if peer is not None:
            self._cut(peer)
            for topic in peer.topics:
                self._listeners[topic].pop(name, None)

    def knows(self, name: str) -> bool:
        """Tell whether a peer has a queue."""
        return name in self._peers

    def waiting(self, name: str) -> int:
        """Return the number of messages in a peer's queue."""
        return len(self._peers[name].queue) if name in self._peers else 0

    def overflow(self, name: str) -> bool:
        """Drop a peer's queue, and tell it; False when there is no such peer."""
        peer = self._peers.get(name)
        if peer is None:
            return False
        peer.empty()
        marker = _Envelope("", "", None, None)  # type: ignore[arg-type]  # the marker of a dropped queue carries nothing
        peer.put(marker)
        self._send(peer, marker)
        return True

    # --- connections

    def connect(self, name: str, endpoint: Endpoint) -> bool:
        """Connect a process as a peer, and deliver what waits; False when the peer has no queue."""
        peer = self._peers.get(name)
        if peer is None:
            return False
        peer.endpoint = endpoint
        peer.connection += 1
        peer.last, peer.since = 0.0, self._schedule.now
        endpoint.connected()
        for envelope in list(peer.queue):
            self._send(peer, envelope)
        self.watcher(name, True)
        return True

    def disconnect(self, name: str, *, told: bool = True) -> None:
        """Cut a peer's connection; ``told`` is False when its process is dead."""
        peer = self._peers.get(name)
        if peer is not None:
            self._cut(peer, told=told)

    def is_connected(self, name: str) -> bool:
        """Tell whether a peer is connected."""
        return name in self._peers and self._peers[name].endpoint is not None

    def connected_since(self, name: str) -> float | None:
        """Return when a peer's present connection was made, in virtual seconds; None while there is none."""
        peer = self._peers.get(name)
        return peer.since if peer is not None and peer.endpoint is not None else None

    def connected_agents(self) -> list[str]:
        """Return the agents that are connected."""
        return [name for name, peer in self._peers.items() if peer.endpoint is not None and name != DM]

    def _cut(self, peer: _Peer, *, told: bool = True) -> None:
        endpoint, peer.endpoint = peer.endpoint, None
        if endpoint is None:
            return
        peer.connection += 1
        if told:
            endpoint.disconnected()
        self.watcher(peer.name, False)

    # --- what connected peers ask for

    def subscribe(self, name: str, topics: Iterable[str]) -> None:
        """Have a peer listen to topics."""
        peer = self._peers[name]
        for topic in topics:
            if name != DM and not may_subscribe(name, topic):
                self._chronicle.refused(name, topic)
                continue
            peer.topics[topic] = None
            self._listeners.setdefault(topic, {})[name] = None

    def unsubscribe(self, name: str, topics: Iterable[str]) -> None:
        """Have a peer listen no more."""
        peer = self._peers[name]
        for topic in topics:
            peer.topics.pop(topic, None)
            self._listeners.get(topic, {}).pop(name, None)

    def publish(self, sender: str, topic: str, message: Message) -> None:
        """Put a message into the queue of everyone who listens."""
        if sender != DM and not may_publish(sender, topic):
            self._chronicle.refused(sender, topic)
            return
        conditions, key = self._conditions, key_of(message)
        if conditions.serialized:
            message = decode(encode(message))
        for name in self._listeners.get(topic, ()):
            peer = self._peers[name]
            if conditions.lost and self._random.random() < conditions.lost:
                self._chronicle.fault(Fault.MESSAGE_LOST, name, type(message).__name__)
                continue
            envelope = _Envelope(sender, topic, message, key)
            peer.put(envelope)
            if peer.endpoint is not None:
                self._send(peer, envelope)

    # --- the way from a queue to its peer

    def _send(self, peer: _Peer, envelope: _Envelope) -> None:
        if peer.endpoint is None:
            return
        conditions, random, now = self._conditions, self._random, self._schedule.now
        least, greatest = conditions.latency_s
        at = now + (least if greatest == least else least + random.random() * (greatest - least))
        if conditions.delayed and random.random() < conditions.delayed:
            at += random.random() * conditions.delay_s
            self._chronicle.fault(Fault.MESSAGE_DELAYED, peer.name, type(envelope.message).__name__)
        if conditions.reordered and random.random() < conditions.reordered:
            at += random.random()
            self._chronicle.fault(Fault.MESSAGE_REORDERED, peer.name, type(envelope.message).__name__)
        else:
            at = peer.last = max(at, peer.last)
        self._schedule.at(at, partial(self._deliver, peer, envelope, peer.connection))
        if conditions.double_everything:
            self._schedule.at(at, partial(self._deliver, peer, envelope, peer.connection, again=True))
        elif conditions.doubled and random.random() < conditions.doubled:
            self._chronicle.fault(Fault.MESSAGE_DOUBLED, peer.name, type(envelope.message).__name__)
            at += random.random() * conditions.delay_s
            self._schedule.at(at, partial(self._deliver, peer, envelope, peer.connection, again=True))

    def _deliver(self, peer: _Peer, envelope: _Envelope, connection: int, *, again: bool = False) -> None:
        endpoint = peer.endpoint
        due = envelope.came if again else envelope in peer.queue
        if endpoint is None or peer.connection != connection or not due:
            return
        envelope.came = True
        if envelope.message is None:
            peer.take(envelope)
            endpoint.overflowed()
            return
        self._chronicle.delivered(envelope.sender, peer.name, envelope.message)
        endpoint.delivered(envelope.sender, envelope.message, partial(peer.take, envelope))


class Outbox:
    """What a process publishes: sent on while it is connected, else kept until it is."""

    def __init__(self, network: Network, name: str) -> None:
        self._network = network
        self._name = name
        self._subscriptions: list[tuple[bool, tuple[str, ...]]] = []
        self._kept: dict[object, tuple[str, Message]] = {}

    def publish(self, topic: str, message: Message) -> None:
        """Send a message to a topic."""
        if self._network.is_connected(self._name):
            self._network.publish(self._name, topic, message)
            return
        key = key_of(message)
        place: object = (topic, key) if key is not None else object()
        self._kept.pop(place, None)
        self._kept[place] = (topic, message)

    def subscribe(self, topics: tuple[str, ...], *, wanted: bool = True) -> None:
        """Listen to topics, or do so no more."""
        if not self._network.is_connected(self._name):
            self._subscriptions.append((wanted, topics))
        elif wanted:
            self._network.subscribe(self._name, topics)
        else:
            self._network.unsubscribe(self._name, topics)

    def connected(self) -> None:
        """Send what was kept: subscriptions first, because what follows may bring answers."""
        subscriptions, self._subscriptions = self._subscriptions, []
        for wanted, topics in subscriptions:
            self.subscribe(topics, wanted=wanted)
        kept, self._kept = self._kept, {}
        for topic, message in kept.values():
            self.publish(topic, message)
