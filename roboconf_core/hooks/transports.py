"""The contract of messaging transports: at-least-once delivery by topic between named peers.

A peer is an agent (``lamp/apache-vm``) or the deployment manager (``@dm``). Each has a
durable queue, made when it is enrolled: what is published to a topic that it subscribed is
kept there until it acknowledges it, also while it is away.

What one peer asks for (publish, subscribe, unsubscribe) takes effect in the order in which
it asked. Of the messages with a key, outboxes and queues keep only the newest per sender,
topic and key; it stands where it was published. Every promise is a test by its name in
``roboconf_core.testing.transports.TransportContract``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from roboconf_core.hooks.properties import PropertySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message, as it reaches a peer."""

    sender: str
    """Authenticated by the transport; a peer cannot choose it."""
    topic: str
    payload: bytes
    tag: int
    """For ``Connection.acknowledge``; valid within one connection."""


class Listener(Protocol):
    """What a peer wants to hear of its connection; called from a thread of the transport, must not block.

    ``connected`` and ``disconnected`` alternate, beginning with ``connected``. Calls may
    come before the call that opens the connection has returned it. What a call raises is
    logged, and the connection goes on.
    """

    def connected(self) -> None:
        """The connection is up (again); subscriptions made before are still in force."""

    def disconnected(self, reason: str) -> None:
        """The connection is down; the transport keeps trying, with jittered back-off."""

    def delivered(self, delivery: Delivery) -> None:
        """A message came; it comes again after a reconnection unless it was acknowledged."""

    def overflowed(self) -> None:
        """The peer's queue grew too long and was dropped: whatever matters must be asked for again.

        Told once, in the place of what was dropped; acknowledged by the transport itself.
        """


class ManagerListener(Listener, Protocol):
    """What the deployment manager hears besides; agents that were connected before it are told to it too."""

    def agent_connected(self, agent: str) -> None:
        """An agent's connection is up."""

    def agent_disconnected(self, agent: str) -> None:
        """An agent's connection is gone."""


class Connection(ABC):
    """One peer's end; its methods may be called from any thread and never wait for the network.

    What is asked for while the connection is down is kept, the newest message per ``key``
    and topic, and sent once it is up. A transport may bound what it keeps; it drops then the
    oldest messages without a key, and logs that.
    """

    @abstractmethod
    def publish(self, topic: str, payload: bytes, *, key: str | None = None) -> None:
        """Send to all who subscribed the topic (the sender too, if it did); kept until the transport has taken it over.

        What an agent may not publish (``messages.topology``) is refused, logged and counted; the connection stays.
        """

    @abstractmethod
    def subscribe(self, topics: Iterable[str]) -> None:
        """Listen to topics; durable, and idempotent."""

    @abstractmethod
    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Stop listening to topics."""

    @abstractmethod
    def acknowledge(self, tag: int) -> None:
        """Tell that a delivery was taken in for good; unknown and repeated tags are fine."""

    @abstractmethod
    def close(self, *, timeout_s: float = 5.0) -> None:
        """Send what can still be sent within the time-out, then leave; no listener call comes afterwards.

        Not to be called by the listener; closing twice is fine.
        """


class ManagerTransport(ABC):
    """The deployment manager's side: its own connection, and what agents need to connect."""

    @abstractmethod
    def connect(self, listener: ManagerListener) -> Connection:
        """Open the deployment manager's connection, as the peer ``@dm``."""

    @abstractmethod
    def enrol(self, agent: str, *, generation: int) -> Mapping[str, str]:
        """Make an agent's queue and credential; return the settings with which it connects.

        The result is stored when this returns. A new generation revokes the credentials of
        older ones, empties the queue and ends the subscriptions. The same generation again
        revokes nothing: either credential is good.

        Raises:
            TransportError: If a newer generation is enrolled, the name is not an agent's, or the result cannot be stored.
        """

    @abstractmethod
    def forget(self, agent: str) -> None:
        """Revoke an agent's credentials and remove its queue; its connection is closed. Unknown agents are fine."""

    def asgi(self) -> object | None:
        """Return an ASGI application to mount at ``/messaging`` of the API server, or None."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Leave; queues and credentials stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerContext:
    """What the deployment manager lends to a transport."""

    properties: Mapping[str, str]
    """As declared by ``Transport.properties``, with defaults."""
    database_url: str
    """SQLAlchemy URL of a database that the deployment manager keeps for the transport's tables."""
    directory: Path
    """For files of the transport."""
    url: str
    """Base URL of the API server, as agents reach it: ``http://127.0.0.1:PORT``."""


class Transport(ABC):
    """A way to carry messages; offered by ``roboconf_transports``."""

    name: ClassVar[str]
    purpose: ClassVar[str] = ""
    properties: ClassVar[tuple[PropertySpec, ...]] = ()

    @abstractmethod
    def manager(self, context: ManagerContext) -> ManagerTransport:
        """Open the deployment manager's side.

        Raises:
            TransportError: If that is impossible with these properties.
        """

    @abstractmethod
    def agent(self, settings: Mapping[str, str], listener: Listener) -> Connection:
        """Open an agent's side with the settings that ``enrol`` returned; connects in the background.

        Must import nothing heavy: this side runs on every machine.

        Raises:
            TransportError: If the settings cannot be used.
        """
