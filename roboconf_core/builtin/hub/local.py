"""Connections to a hub of the same process."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import ParamSpec, cast

from roboconf_core.builtin.hub.hub import Hub
from roboconf_core.builtin.hub.outbox import Outbox, Receipts
from roboconf_core.builtin.hub.values import Came, Deliver, Entry, Left, Opened, Refuse
from roboconf_core.errors import TransportError
from roboconf_core.hooks.transports import Connection, Delivery, Listener, ManagerListener

log = logging.getLogger(__name__)

_P = ParamSpec("_P")


class LocalConnection(Connection):
    """A peer in the hub's own process; the listener is called from the hub's thread."""

    def __init__(self, hub: Hub, listener: Listener, *, digest: str | None) -> None:
        """Connect.

        Args:
            hub: A hub that was started.
            listener: Who hears; a ``ManagerListener`` for the deployment manager.
            digest: Digest of an agent's credential, None for the deployment manager.
        """
        self._hub = hub
        self._listener = listener
        self._digest = digest
        self._session = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._outbox = Outbox()
        self._receipts = Receipts()
        self._number: int | None = None
        """Of the link that is up or coming up."""
        self._up = False
        self._closing = False
        self.connect()

    def connect(self) -> None:
        """Come (back) to the hub; for the constructor, and after ``interrupt``."""
        with self._lock:  # the hub may answer before this returns
            self._number = self._hub.attach(self, self._session, digest=self._digest)

    def interrupt(self, reason: str) -> None:
        """Lose the connection, as if the network broke; nothing is delivered or taken over until ``connect``."""
        with self._lock:
            number, self._number = self._number, None
        if number is not None:
            self._hub.detach(number).result()
        self.end(reason)

    def publish(self, topic: str, payload: bytes, *, key: str | None = None) -> None:
        """Send a message; kept until the hub has stored it."""
        with self._lock:
            self._outbox.publish(topic, key, payload)
            self._hand_over()

    def subscribe(self, topics: Iterable[str]) -> None:
        """Listen to topics."""
        with self._lock:
            for topic in topics:
                self._outbox.subscribe(topic)
            self._hand_over()

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Stop listening to topics."""
        with self._lock:
            for topic in topics:
                self._outbox.unsubscribe(topic)
            self._hand_over()

    def acknowledge(self, tag: int) -> None:
        """Tell that a delivery was taken in."""
        with self._lock:
            self._receipts.add(tag)
            if self._up and self._number is not None:
                self._hub.acknowledge(self._number, (tag,))

    def close(self, *, timeout_s: float = 5.0) -> None:
        """Leave, once the hub has stored what was sent; not to be called by the listener."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            number = None if self._closing else self._number
            self._closing = True
        if number is None:
            return
        try:
            self._hub.barrier().result(timeout_s)  # the connection is in force, what was kept is handed over
            self._hub.detach(number).result(max(0.0, deadline - time.monotonic()))
        except (TransportError, FutureTimeoutError) as error:
            log.warning("the connection was closed before all was stored: %r", error)

    # --- from the hub's thread: a Link

    def tell(self, outputs: Sequence[Opened | Deliver | Refuse | Came | Left], confirmed: int) -> None:
        """Take in what the hub tells."""
        with self._lock:
            self._outbox.confirm(confirmed)
        for output in outputs:
            if isinstance(output, Opened):
                self._open(output.number)
            elif not self._closing:
                self._hear(output)

    def end(self, reason: str, *, replaced: bool = False) -> None:
        """Take note that the connection is down."""
        with self._lock:
            was_up, self._up = self._up, False
        if was_up and not self._closing:
            self._tell(self._listener.disconnected, reason)

    def _open(self, number: int) -> None:
        with self._lock:
            self._up = True
            self._outbox.restart(number)
            self._hand_over()
        if not self._closing:
            self._tell(self._listener.connected)

    def _hear(self, output: Deliver | Refuse | Came | Left) -> None:
        match output:
            case Deliver(entry=entry):
                self._deliver(entry)
            case Refuse(reason=reason):
                log.error("the message hub refused a request: %s", reason)
            case Came(agent):
                self._tell(self._manager_listener().agent_connected, agent)
            case Left(agent):
                self._tell(self._manager_listener().agent_disconnected, agent)

    def _deliver(self, entry: Entry) -> None:
        if entry.seq in self._receipts:
            self.acknowledge(entry.seq)
        elif entry.is_marker:
            self._tell(self._listener.overflowed)
            self.acknowledge(entry.seq)
        else:
            delivery = Delivery(sender=entry.sender, topic=entry.topic, payload=entry.payload, tag=entry.seq)
            self._tell(self._listener.delivered, delivery)

    def _tell(self, call: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Call the listener; its defects are not the hub's."""
        try:
            call(*args, **kwargs)
        except Exception:
            log.exception("the listener of a connection failed")

    def _manager_listener(self) -> ManagerListener:
        return cast("ManagerListener", self._listener)  # only the deployment manager hears of agents

    def _hand_over(self) -> None:
        if self._up and self._number is not None:
            while (request := self._outbox.next_unsent()) is not None:
                self._hub.take(self._number, request)
