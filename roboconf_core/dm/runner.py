"""Runs the deployment manager's core: one thread owns it, reads a queue, stores and carries out."""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.core.state import INSTANCE
from roboconf_core.dm.decision import Answer, Asked, Decision, check_same_request
from roboconf_core.dm.events import (
    AddTemplate,
    CancelTimer,
    DoMachineStep,
    Effect,
    Event,
    MachineStepDone,
    MessageReceived,
    Publish,
    RemoveApplication,
    RemoveInstance,
    RemoveTemplate,
    Requested,
    RestartAgent,
    Retry,
    SendBundle,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Unsubscribe,
    UserRequest,
)
from roboconf_core.dm.history import Retention
from roboconf_core.dm.inbox import Item, QueueListener, Read, StepEnded, Stop
from roboconf_core.dm.machines import CONFIGURE_PERIOD_S, MachinePool, Machines, StepResult
from roboconf_core.dm.ports import BoundPorts, PortsInUse
from roboconf_core.dm.senders import why_forged
from roboconf_core.dm.store import Store
from roboconf_core.dm.transaction import Transaction
from roboconf_core.errors import Code, MessageError, RoboconfError
from roboconf_core.hooks.transports import Connection, Delivery, ManagerTransport
from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.topology import agent_topic
from roboconf_core.messages.types import PortTaken, key_of
from roboconf_core.model.instant import Instant
from roboconf_core.model.timers import Timers

log = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH = 256
"""Most items that share a transaction."""

_POOL_SIZE = 16

_RETENTION_PERIOD_S = 3600.0

_DRAWS_NO_PORTS = (AddTemplate, RemoveTemplate, RemoveApplication, RemoveInstance, Retry, RestartAgent)


class Core(Protocol):
    """The mind that a runner runs."""

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what is to be done."""


class EndingError(RoboconfError):
    """The deployment manager ends, or ended; the request was not carried out."""

    code = Code.DM_ENDING


@dataclass(slots=True)
class Counters:
    """What went wrong, since the start; shown by the API."""

    undecodable: int = 0
    forged: int = 0
    defects: int = 0
    """Events that the core could not handle."""


def system_clock() -> Instant:
    """Return now."""
    return Instant(time.monotonic(), time.time())


class Runner:
    """Owns the core for as long as the deployment manager lives.

    All of a batch of events is stored in one transaction before anything of it is seen
    outside: messages, machines, answers, acknowledgements. If that fails, nothing is seen
    and the runner ends with ``failure`` set.
    """

    def __init__(
        self,
        core: Core,
        *,
        store: Store,
        transport: ManagerTransport,
        machines: Machines,
        bundles: BundleStore,
        ports: PortsInUse | None = None,
        clock: Callable[[], Instant] = system_clock,
        retention: Retention | None = None,
        changed: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._core = core
        self._store = store
        self._transport = transport
        self._bundles = bundles
        self._ports = ports or BoundPorts()
        self._clock = clock
        self._retention = retention or Retention()
        self._changed = changed
        self._on_end = ended
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._timers = Timers()
        self._again: list[tuple[float, int, DoMachineStep]] = []
        self._next_retention = clock().monotonic
        self._pool = MachinePool(machines, size=_POOL_SIZE, ended=lambda s, r: self._queue.put(StepEnded(s, r)))
        self._connection: Connection
        self._thread = threading.Thread(target=self._run, name="dm-core", daemon=True)
        self._stopping = False
        self._over = threading.Event()
        self.counters = Counters()
        self.failure: BaseException | None = None

    # --- for any thread

    def start(self) -> None:
        """Connect to the transport and begin to decide."""
        self._queue.put(Started())
        self._connection = self._transport.connect(QueueListener(self._queue))
        self._thread.start()

    def stop(self) -> None:
        """End after what is in the queue already; wait for steps of machines that run."""
        self._queue.put(Stop())
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether requests are decided."""
        return self._thread.is_alive() and not self._over.is_set()

    def submit(
        self,
        request: UserRequest,
        *,
        user: str = "",
        status: int = 200,
        key: str = "",
        fingerprint: str = "",
        also: Callable[[Transaction], None] | None = None,
    ) -> Future[Answer]:
        """Hand a user's request to the core; the future ends once it is stored, or with its ``RoboconfError``."""
        future: Future[Answer] = _new_future()
        asked = Asked(id=uuid.uuid4().hex, request=request, future=future, user=user, status=status)
        self._put(replace(asked, key=key, fingerprint=fingerprint, also=also), future)
        return future

    def request(self, request: UserRequest) -> dict[str, Any]:
        """Hand a request to the core and wait for its result, plain JSON values.

        Raises:
            RoboconfError: If the core refuses it, or the deployment manager ends.
        """
        return dict(self.submit(request).result().result)

    def submit_read(self, question: Callable[[], T]) -> Future[T]:
        """Ask a question that only reads, on the thread that owns the core; what it saw is stored once it is answered."""
        future: Future[T] = _new_future()
        self._put(Read(question, future), future)
        return future

    def read(self, question: Callable[[], T]) -> T:
        """Ask a question and wait for its answer."""
        return self.submit_read(question).result()

    def _put(self, item: Asked | Read, future: Future[Any]) -> None:
        self._queue.put(item)
        if self._over.is_set():  # the last look at the queue may have been before the line above
            _end(future)

    # --- the thread that owns the core

    def _run(self) -> None:
        try:
            self._tell_ports()
            while not self._stopping:
                self._turn(self._next_items())
        except Exception as error:
            self.failure = error
            log.critical(
                "the deployment manager cannot go on: %s", error, exc_info=not isinstance(error, RoboconfError)
            )
        finally:
            self._leave()

    def _leave(self) -> None:
        self._over.set()
        try:
            self._pool.close()
            self._connection.close()
        finally:
            self._fail_the_rest()
            self._on_end()

    def _fail_the_rest(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                return
            if isinstance(item, (Asked, Read)):
                _end(item.future)

    def _next_items(self) -> list[Item]:
        try:
            items = [self._queue.get(timeout=max(0.0, self._next_deadline() - self._clock().monotonic))]
        except Empty:
            return []
        while len(items) < _BATCH:
            try:
                items.append(self._queue.get_nowait())
            except Empty:
                break
        return items

    def _next_deadline(self) -> float:
        again = self._again[0][0] if self._again else self._next_retention
        due = self._timers.next()
        return min(math.inf if due is None else due, again, self._next_retention)

    def _turn(self, items: list[Item]) -> None:
        decision = Decision()
        try:
            for item in items:
                self._take(item, decision)
            self._take_due(decision)
            self._commit(decision)
            self._carry_out(decision)
        except Exception as error:
            decision.fail(error)
            raise

    def _take(self, item: Item, decision: Decision) -> None:
        match item:
            case Asked():
                self._take_request(item, decision)
            case Read():
                _take_read(item, decision)
            case Delivery():
                self._take_message(item, decision)
            case StepEnded(step, result):
                self._take_step(step, result, decision)
            case Stop():
                self._stopping = True
            case _:
                self._handle(item, decision)

    def _handle(self, event: Event, decision: Decision) -> BaseException | None:
        try:
            effects = self._core.handle(event, now=self._clock())
        except Exception as error:
            self.counters.defects += 1
            log.exception("the core could not handle %r", event)
            return error
        self._set_alarms(effects)
        decision.take(effects)
        return None

    def _set_alarms(self, effects: tuple[Effect, ...]) -> None:
        """Set timers at once: one that was replaced or cancelled must not fire later in the same turn."""
        for effect in effects:
            match effect:
                case SetTimer(name, at):
                    self._timers.set(name, at)
                case CancelTimer(name):
                    self._timers.cancel(name)

    def _take_request(self, asked: Asked, decision: Decision) -> None:
        if asked.key:
            try:
                if self._is_repetition(asked, decision):
                    return
            except RoboconfError as error:
                asked.future.set_exception(error)
                return
        with self._drawing(unless=isinstance(asked.request, _DRAWS_NO_PORTS)) as used:
            event = Requested(id=asked.id, request=asked.request, user=asked.user, ports_in_use=used)
            defect = self._handle(event, decision)
        if defect is not None:
            asked.future.set_exception(defect)
            return
        decision.asked[asked.id] = asked
        if asked.key:
            decision.by_key[asked.key] = asked

    def _is_repetition(self, asked: Asked, decision: Decision) -> bool:
        """Answer a request that came before with the same key, as it was answered then."""
        twin = decision.by_key.get(asked.key)
        if twin is not None:
            check_same_request(asked.key, twin.fingerprint, asked.fingerprint)
            twin.future.add_done_callback(lambda done: _answer_as(done, asked.future))
            return True
        first = self._store.remembered(asked.key)
        if first is not None:
            check_same_request(asked.key, first.fingerprint, asked.fingerprint)
            asked.future.set_result(Answer(first.result, first.status, replayed=True))
        return first is not None

    def _take_message(self, delivery: Delivery, decision: Decision) -> None:
        decision.tags.append(delivery.tag)
        try:
            message = decode(delivery.payload)
        except MessageError as error:
            self.counters.undecodable += 1
            log.warning("message of %s on %s dropped: %s", delivery.sender, delivery.topic, error)
            return
        if why := why_forged(delivery.sender, message):
            self.counters.forged += 1
            log.warning("forged message of %s on %s dropped: %s", delivery.sender, delivery.topic, why)
            return
        with self._drawing(unless=not isinstance(message, PortTaken)) as used:
            self._handle(MessageReceived(sender=delivery.sender, message=message, ports_in_use=used), decision)

    def _drawing(self, *, unless: bool = False) -> AbstractContextManager[frozenset[int]]:
        """Lend the ports that are not to be drawn; none where ports are not drawn at all."""
        return nullcontext(frozenset[int]()) if unless else self._ports.drawing()

    def _take_step(self, step: DoMachineStep, result: StepResult | None, decision: Decision) -> None:
        if result is None:
            again = (self._clock().monotonic + CONFIGURE_PERIOD_S, id(step), step)
            heapq.heappush(self._again, again)
        else:
            self._pool.finished(step, succeeded=isinstance(result, MachineStepDone))
            self._handle(result, decision)

    def _take_due(self, decision: Decision) -> None:
        now = self._clock().monotonic
        while (name := self._timers.pop(now)) is not None:
            self._handle(TimerFired(name), decision)
        while self._again and self._again[0][0] <= now:
            self._pool.again(heapq.heappop(self._again)[2])

    def _commit(self, decision: Decision) -> None:
        now = self._clock()
        clean = now.monotonic >= self._next_retention
        if clean:
            self._next_retention = now.monotonic + _RETENTION_PERIOD_S
        if not decision.changes and not clean:
            return
        with self._store.transaction(durable=decision.durable) as changes:
            decision.write(changes, time=now.wall)
            if clean:
                self._retention.apply(changes, now=now.wall)

    def _carry_out(self, decision: Decision) -> None:
        for effect in decision.to_do:
            self._do(effect)
        for tag in decision.tags:
            self._connection.acknowledge(tag)
        decision.answer()
        if decision.changes:
            self._changed()
        if decision.removes(INSTANCE):
            self._tell_ports()

    def _tell_ports(self) -> None:
        """Let other deployment managers of this host know which ports are held now."""
        with self._ports.drawing():
            pass  # nothing is drawn

    def _do(self, effect: Effect) -> None:
        match effect:
            case Publish(topic, message):
                self._connection.publish(topic, encode(message), key=key_of(message))
            case Subscribe(topics):
                self._connection.subscribe(topics)
            case Unsubscribe(topics):
                self._connection.unsubscribe(topics)
            case DoMachineStep():
                self._pool.submit(effect)
            case SendBundle(agent=agent, digest=digest, offset=offset):
                self._connection.publish(agent_topic(agent), encode(self._bundles.chunk(digest, offset)))
            case SetTimer() | CancelTimer():
                pass  # done when it was decided
            case _:
                raise AssertionError(f"{effect!r} is stored, not done")


def _take_read(read: Read, decision: Decision) -> None:
    try:
        value = read.question()
    except Exception as error:  # noqa: BLE001 - it is handed to the one who asked
        read.future.set_exception(error)
    else:
        decision.reads.append((read.future, value))


def _answer_as(done: Future[Answer], future: Future[Answer]) -> None:
    error = done.exception()
    if error is not None:
        future.set_exception(error)
    else:
        answer = done.result()
        future.set_result(Answer(answer.result, answer.status, replayed=True))


def _new_future() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()  # one who does not wait any more cannot cancel what is decided
    return future


def _end(future: Future[Any]) -> None:
    if not future.done():
        future.set_exception(EndingError("the deployment manager is ending", hint="ask again once it runs"))
