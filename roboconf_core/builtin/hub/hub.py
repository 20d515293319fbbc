"""The thread that owns a hub's router: takes requests in batches, stores, then tells."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from roboconf_core.builtin.hub.requests import Request
from roboconf_core.builtin.hub.router import Counters, Router
from roboconf_core.builtin.hub.values import Came, Changes, Close, Deliver, Effects, Left, Opened, Refuse, Snapshot
from roboconf_core.errors import TransportError
from roboconf_core.messages.types import DM

log = logging.getLogger(__name__)

T = TypeVar("T")

_Item = tuple[Callable[[Effects], Any], Future[Any] | None]

_BATCH = 512
"""Most requests that share a commit."""

_ACKNOWLEDGED_S = 0.05
"""How long the removal of acknowledged messages waits for something else to be stored with it.
If the process is killed meanwhile they come again, with the tags that the agents know."""

_RETRY_S = (0.1, 0.5, 2.0, 5.0)
"""Waits before what could not be stored is tried again; the last one is repeated."""


class HubStore(Protocol):
    """Where a hub keeps its queues; used by the hub's thread only."""

    def open(self) -> Snapshot:
        """Return all that is stored, or raise ``TransportError``."""

    def save(self, changes: Changes) -> None:
        """Store all of the changes or nothing; raises ``TransportError``."""

    def close(self) -> None:
        """Let go of the database."""


class NoStore:
    """Keeps nothing: queues live as long as the process."""

    def open(self) -> Snapshot:
        """Return an empty snapshot."""
        return Snapshot()

    def save(self, changes: Changes) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Do nothing."""


class Link(Protocol):
    """A connection, as the hub sees it; called from the hub's thread, must not block."""

    def tell(self, outputs: Sequence[Opened | Deliver | Refuse | Came | Left], confirmed: int) -> None:
        """Send on; all requests of this connection up to the number ``confirmed`` are stored, 0 for no news."""

    def end(self, reason: str, *, replaced: bool) -> None:
        """Close the connection; ``replaced`` by another one of the same peer."""


class Hub:
    """Routes messages between connections of one process and of the network.

    Requests wait in a queue. The hub's thread takes all that wait, decides, stores the
    changes in one commit, and only then tells connections. What cannot be stored is tried
    again until it can: meanwhile nothing is confirmed, and peers keep what they sent.
    """

    def __init__(self, router: Router, store: HubStore, *, name: str) -> None:
        """Make a hub; ``name`` is its thread's."""
        self._router = router
        self._store = store
        self._inbox: SimpleQueue[_Item | None] = SimpleQueue()
        self._links: dict[int, Link] = {}
        self._manager: int | None = None
        """Number of the deployment manager's link."""
        self._numbers = itertools.count(1)
        self._gate = threading.Lock()
        """Held while the end is decided, so that nobody waits for an answer that never comes."""
        self._closing = threading.Event()
        self._unsaved = Changes()
        """What waits to be stored: removals only."""
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def counters(self) -> Counters:
        """What went wrong since the start; read only."""
        return self._router.counters

    @property
    def is_closing(self) -> bool:
        """Whether the end was asked for."""
        return self._closing.is_set()

    # --- for any thread

    def start(self) -> None:
        """Read the store and begin.

        Raises:
            TransportError: If the store cannot be read.
        """
        self._thread.start()
        self._opened.result()

    def close(self) -> None:
        """Do what was asked before, end all connections, and leave."""
        with self._gate:
            if not self._closing.is_set():
                self._closing.set()
                self._inbox.put((self._end_links, None))
                self._inbox.put(None)
        self._thread.join()

    def enrol(self, agent: str, generation: int, digest: str) -> None:
        """Make an agent's queue and allow a credential; stored when this returns (see ``Router.enrol``)."""
        self._ask(lambda effects: self._router.enrol(agent, generation, digest, effects)).result()

    def forget(self, agent: str) -> None:
        """Remove an agent's queue and credentials; stored when this returns."""
        self._ask(lambda effects: self._router.forget(agent, effects)).result()

    def agent_of(self, digest: str) -> Future[str | None]:
        """Return the agent that a credential belongs to, or None."""
        return self._ask(lambda _: self._router.agent_of(digest))

    def attach(self, link: Link, session: str, *, digest: str | None) -> int:
        """Put a connection in force: of the agent with a credential, or of the deployment manager with None.

        Returns:
            The number of the connection; it is told ``Opened``, or ended when the credential is not valid (any more).
        """
        number = next(self._numbers)

        def attached(effects: Effects) -> None:
            name = DM if digest is None else self._router.agent_of(digest)
            if name is None:
                link.end("the credential is not valid", replaced=False)
                return
            self._links[number] = link
            if name == DM:
                self._manager = number
            self._router.attach(number, name, session, effects)

        self._inbox.put((attached, None))
        return number

    def detach(self, number: int) -> Future[None]:
        """Take note that a connection is gone; the link hears nothing once the future ends."""

        def detached(effects: Effects) -> None:
            self._links.pop(number, None)
            self._router.detach(number, effects)

        return self._ask(detached)

    def take(self, number: int, request: Request) -> None:
        """Take over a request that came on a connection."""
        self._inbox.put((lambda effects: self._router.take(number, request, effects), None))

    def acknowledge(self, number: int, tags: Sequence[int]) -> None:
        """Remove deliveries that were taken in by the peer of a connection."""
        self._inbox.put((lambda effects: self._router.acknowledge(number, tags, effects), None))

    def barrier(self) -> Future[None]:
        """Return a future that ends once all that was asked before is stored."""
        return self._ask(lambda _: None)

    def _ask(self, request: Callable[[Effects], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._gate:
            if self._closing.is_set():
                future.set_exception(TransportError("the message hub is closed"))
            else:
                self._inbox.put((request, future))
        return future

    # --- the hub's thread

    def _run(self) -> None:
        try:
            self._router.load(self._store.open())
        except TransportError as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        goes_on = True
        while goes_on:
            batch = self._next_batch()
            goes_on = not batch or batch[-1] is not None
            self._take([item for item in batch if item is not None])
        self._saved(self._unsaved)
        self._store.close()

    def _next_batch(self) -> list[_Item | None]:
        """Wait for requests; return none when what was acknowledged has waited long enough."""
        try:
            batch = [self._inbox.get(timeout=_ACKNOWLEDGED_S if self._unsaved else None)]
        except Empty:
            return []
        while batch[-1] is not None and len(batch) < _BATCH:
            try:
                batch.append(self._inbox.get_nowait())
            except Empty:
                break
        return batch

    def _take(self, batch: Sequence[_Item]) -> None:
        effects = Effects(changes=self._unsaved)
        answers: list[tuple[Future[Any], Any]] = []
        for request, future in batch:
            try:
                answer = request(effects)
            except Exception as error:
                if future is None or not isinstance(error, TransportError):
                    log.exception("a request to the message hub failed")
                if future is not None:
                    future.set_exception(error)
            else:
                if future is not None:
                    answers.append((future, answer))
        if batch and not answers and effects.changes.only_removes:
            self._carry_out(effects)
        elif self._saved(effects.changes):
            self._unsaved = Changes()
            self._carry_out(effects)
            for future, answer in answers:
                future.set_result(answer)
        else:
            for future, _ in answers:
                future.set_exception(TransportError("the message hub was closed before it could store this"))

    def _saved(self, changes: Changes) -> bool:
        """Store the changes, however often it takes; return False when the hub was closed meanwhile."""
        waits = itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1]))
        while changes:
            try:
                self._store.save(changes)
            except TransportError:
                wait_s = next(waits)
                log.exception("messages cannot be stored; trying again in %.1f s", wait_s)
                if self._closing.wait(wait_s):
                    return False
            else:
                break
        return True

    def _carry_out(self, effects: Effects) -> None:
        told: dict[int, list[Opened | Deliver | Refuse | Came | Left]] = {number: [] for number in effects.confirmed}
        closes: list[Close] = []
        for output in effects.outputs:
            if isinstance(output, Close):
                closes.append(output)
            elif not isinstance(output, Came | Left):
                told.setdefault(output.link, []).append(output)
            elif self._manager is not None:
                told.setdefault(self._manager, []).append(output)
        for number, outputs in told.items():
            if link := self._links.get(number):
                link.tell(outputs, effects.confirmed.get(number, 0))
        for close in closes:
            if link := self._links.pop(close.link, None):
                link.end(close.reason, replaced=close.replaced)

    def _end_links(self, _effects: Effects) -> None:
        for link in self._links.values():
            link.end("the message hub is closing", replaced=False)
        self._links.clear()
