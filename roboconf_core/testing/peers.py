"""Peers that record what they hear, and the bench on which a transport is tested."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from roboconf_core.hooks.transports import Connection, Delivery, Listener, ManagerListener, ManagerTransport
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import DM


class TransportBench(ABC):
    """What an implementation supplies to be tested: a deployment manager that comes and goes, a network that breaks."""

    patience_s: float = 15.0
    """How long a test waits for what must happen."""
    queue_limit: int = 0
    """So many messages without a key overflow the queue of an agent that is away; 0 when queues have no limit."""

    @abstractmethod
    def open_manager(self) -> ManagerTransport:
        """Start the deployment manager's side (again), with what it kept; agents can reach it when this returns."""

    @abstractmethod
    def close_manager(self) -> None:
        """End the deployment manager's side; queues and credentials stay."""

    @abstractmethod
    def open_agent(self, agent: str, settings: Mapping[str, str], listener: Listener) -> Connection:
        """Open an agent's side, as the process of the agent would."""

    @abstractmethod
    def interrupt(self, agent: str) -> None:
        """Break an agent's connection and let none come up, as a network would."""

    @abstractmethod
    def restore(self, agent: str) -> None:
        """Let an agent's connection come up again."""

    @abstractmethod
    def forged(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Return the settings with a credential that was never issued."""

    @abstractmethod
    def close(self) -> None:
        """End all that was started."""


class Peer:
    """One end of the transport: records what it hears, and acknowledges it unless told otherwise."""

    def __init__(self, name: str, *, acknowledging: bool = True, patience_s: float = 15.0) -> None:
        self.name = name
        self.acknowledging = acknowledging
        self.settings: Mapping[str, str] = {}
        """Of an agent: what ``enrol`` returned."""
        self.deliveries: list[Delivery] = []
        self.calls: list[str] = []
        """Whatever the listener heard, deliveries apart: ``connected``, ``agent_connected app/vm``, ..."""
        self.faults: list[str] = []
        """Payloads at which the listener raises."""
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._connection: Connection | None = None

    def __repr__(self) -> str:
        """Return what it heard, for failed assertions."""
        return f"<{self.name}: {self.calls}, {len(self.deliveries)} deliveries, the last ones {self.payloads[-5:]}>"

    # --- what a test does with it

    @property
    def connection(self) -> Connection:
        """The connection under test."""
        assert self._connection is not None, f"{self.name} was not opened"
        return self._connection

    @property
    def payloads(self) -> list[str]:
        """What was delivered so far, as text."""
        with self._changed:
            return [delivery.payload.decode(errors="replace") for delivery in self.deliveries]

    def use(self, connection: Connection) -> Peer:
        """Take a connection, whose listener this is, and wait until it is up."""
        self.take(connection)
        return self.wait(lambda: "connected" in self.calls, "the connection to come up")

    def take(self, connection: Connection) -> None:
        """Take a connection; acknowledges what came before this."""
        with self._changed:
            self._connection = connection
            early = [delivery.tag for delivery in self.deliveries] if self.acknowledging else []
        for tag in early:
            connection.acknowledge(tag)

    def publish(self, topic: str, *texts: str, key: str | None = None) -> None:
        """Publish one message for each text."""
        for text in texts:
            self.connection.publish(topic, text.encode(), key=key)

    def acknowledge(self, *texts: str) -> None:
        """Acknowledge the deliveries with these payloads."""
        with self._changed:
            tags = [delivery.tag for delivery in self.deliveries if delivery.payload.decode() in texts]
        for tag in tags:
            self.connection.acknowledge(tag)

    def wait(self, condition: Callable[[], bool], what: str) -> Peer:
        """Wait for a condition on what this peer heard; fails the test after the patience is over."""
        with self._changed:
            assert self._changed.wait_for(condition, self._patience_s), f"waited in vain for {what}: {self!r}"
        return self

    def wait_for_payload(self, text: str) -> Peer:
        """Wait until a message with this payload was delivered."""
        wanted = text.encode()
        return self.wait(lambda: any(d.payload == wanted for d in self.deliveries), f"the message '{text[:80]}'")

    def wait_for_call(self, call: str, *, count: int = 1) -> Peer:
        """Wait until the listener heard a call so often."""
        return self.wait(lambda: self.calls.count(call) >= count, f"{count} x '{call}'")

    def wait_until_down(self) -> Peer:
        """Wait until the last that was heard of the connection is that it is down."""
        return self.wait(lambda: "disconnected" in self.state()[-1:], "the connection to break")

    def wait_until_up(self) -> Peer:
        """Wait until the last that was heard of the connection is that it is up."""
        return self.wait(lambda: "connected" in self.state()[-1:], "the connection to come up")

    def state(self) -> list[str]:
        """Return the calls that tell whether the connection is up."""
        return [call for call in self.calls if call in ("connected", "disconnected")]

    # --- the listener

    def connected(self) -> None:
        """Record it."""
        self._record("connected")

    def disconnected(self, reason: str) -> None:
        """Record it."""
        self._record("disconnected")

    def delivered(self, delivery: Delivery) -> None:
        """Record it, and acknowledge it."""
        if delivery.payload.decode(errors="replace") in self.faults:
            raise ValueError("a fault of the test")
        with self._changed:
            self.deliveries.append(delivery)
            connection = self._connection if self.acknowledging else None
            self._changed.notify_all()
        if connection is not None:
            connection.acknowledge(delivery.tag)

    def overflowed(self) -> None:
        """Record it."""
        self._record("overflowed")

    def agent_connected(self, agent: str) -> None:
        """Record it."""
        self._record(f"agent_connected {agent}")

    def agent_disconnected(self, agent: str) -> None:
        """Record it."""
        self._record(f"agent_disconnected {agent}")

    def _record(self, call: str) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()


class Company:
    """A deployment manager and agents on a bench, all connected; closed together."""

    def __init__(self, bench: TransportBench) -> None:
        self.bench = bench
        self.transport = bench.open_manager()
        self._open: list[Peer] = []
        self.manager = self._connected_manager()
        self.manager.connection.subscribe([DM_TOPIC])

    def agent(self, name: str, *topics: str, acknowledging: bool = True, generation: int = 1) -> Peer:
        """Enrol an agent, connect it, and wait until it listens to the topics."""
        return self.reopen(
            name, self.transport.enrol(name, generation=generation), *topics, acknowledging=acknowledging
        )

    def reopen(self, name: str, settings: Mapping[str, str], *topics: str, acknowledging: bool = True) -> Peer:
        """Connect an agent with settings that it got before, as after a restart of its process."""
        peer = Peer(name, acknowledging=acknowledging, patience_s=self.bench.patience_s)
        peer.settings = settings
        self._open.append(peer)
        peer.use(self.bench.open_agent(name, settings, peer))
        if topics:
            peer.connection.subscribe(topics)
            self.fence(peer)
        return peer

    def stranger(self, name: str, settings: Mapping[str, str]) -> Peer:
        """Try to connect with settings that should not be accepted; does not wait."""
        peer = Peer(name, patience_s=self.bench.patience_s)
        self._open.append(peer)
        peer.take(self.bench.open_agent(name, settings, peer))
        return peer

    def fence(self, peer: Peer) -> None:
        """Wait until all that a peer asked for so far is in force: requests of one peer take effect in their order."""
        text = f"fence of {peer.name} {time.monotonic_ns()}"
        peer.publish(DM_TOPIC, text)
        self.manager.wait_for_payload(text)

    def told(self, peer: Peer) -> list[str]:
        """Return what the deployment manager heard of a peer, without fences."""
        return [
            d.payload.decode()
            for d in list(self.manager.deliveries)
            if d.sender == peer.name and not d.payload.startswith(b"fence of ")
        ]

    def restart_manager(self, between: Callable[[], None] = lambda: None) -> None:
        """End the deployment manager, do something, and start it again, with a listener that remembers nothing."""
        self.manager.connection.close()
        self._open.remove(self.manager)
        self.bench.close_manager()
        between()
        self.transport = self.bench.open_manager()
        self.manager = self._connected_manager()

    def close(self, *peers: Peer) -> None:
        """Close these peers, or all."""
        for peer in peers or tuple(reversed(self._open)):
            peer.connection.close()
            self._open.remove(peer)

    def _connected_manager(self) -> Peer:
        peer = Peer(DM, patience_s=self.bench.patience_s)
        listener: ManagerListener = peer
        self._open.append(peer)
        return peer.use(self.transport.connect(listener))


def numbered(prefix: str, count: int) -> list[str]:
    """Return so many different texts."""
    return [f"{prefix}{number}" for number in range(count)]


def without_repetitions(texts: Iterable[str]) -> list[str]:
    """Return each text once, where it came first."""
    return list(dict.fromkeys(texts))
