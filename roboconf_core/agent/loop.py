"""A small event loop in a thread of its own: calls from other threads, descriptors, moments."""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import queue
import select
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Callback = Callable[[], None]


class Moment:
    """A call that is to be made later; ``cancel`` it from within the loop."""

    __slots__ = ("at", "callback")

    def __init__(self, at: float, callback: Callback) -> None:
        self.at = at
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Do not make the call."""
        self.callback = None


class Loop:
    """Runs callbacks one after the other in one thread: what only they touch needs no lock.

    A callback that raises has a bug: it is logged, and the others go on.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callback] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.epoll()
        self._poll.register(self._wake, select.EPOLLIN)
        self._readers: dict[int, Callback] = {}
        self._moments: list[tuple[float, int, Moment]] = []
        self._order = itertools.count()
        self._stopping = False
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it; what was not called yet never is."""
        if self._thread.is_alive():
            self.call(self._stop)
            self._thread.join()
        with self._closing:
            self._closed = True
            self._poll.close()
            os.close(self._wake)

    def call(self, callback: Callback) -> None:
        """Make a call in the loop's thread; for any thread. Once the loop was stopped, nothing happens."""
        self._calls.put(callback)
        with self._closing:
            if not self._closed:
                os.eventfd_write(self._wake, 1)

    def watch(self, descriptor: int, callback: Callback) -> None:
        """Call once a descriptor is readable, as often as it is; within the loop only."""
        self._readers[descriptor] = callback
        self._poll.register(descriptor, select.EPOLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Watch a descriptor no more and close it; within the loop only."""
        del self._readers[descriptor]
        self._poll.unregister(descriptor)
        os.close(descriptor)

    def later(self, delay_s: float, callback: Callback) -> Moment:
        """Make a call after some seconds; within the loop only."""
        moment = Moment(time.monotonic() + delay_s, callback)
        heapq.heappush(self._moments, (moment.at, next(self._order), moment))
        return moment

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            for descriptor, _ in self._poll.poll(self._patience_s()):
                self._safely(self._readers.get(descriptor, self._drain))
            while not self._calls.empty() and not self._stopping:
                self._safely(self._calls.get())
            while self._moments and self._moments[0][0] <= time.monotonic() and not self._stopping:
                self._safely(heapq.heappop(self._moments)[2].callback)

    def _patience_s(self) -> float | None:
        while self._moments and self._moments[0][2].callback is None:
            heapq.heappop(self._moments)
        return max(0.0, self._moments[0][0] - time.monotonic()) if self._moments else None

    def _drain(self) -> None:
        try:
            os.eventfd_read(self._wake)
        except BlockingIOError:
            return  # a descriptor that an earlier callback of this round took away

    def _safely(self, callback: Callback | None) -> None:
        if callback is None:
            return
        try:
            callback()
        except Exception:
            log.exception("a callback of %s failed", self._thread.name)


class Workers:
    """A bounded number of threads for work that may block; they end with the process."""

    def __init__(self, count: int, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callback] = queue.SimpleQueue()
        self._count = count
        self._name = name
        self._threads = 0
        self._busy = 0
        self._lock = threading.Lock()

    def submit(self, job: Callback) -> None:
        """Do a job as soon as a thread is free; jobs of one moment start in their order."""
        with self._lock:
            self._busy += 1
            if self._busy > self._threads and self._threads < self._count:
                self._add()
        self._jobs.put(job)

    def widen(self) -> None:
        """Allow one more thread, because a job does not return and cannot be ended."""
        with self._lock:
            self._count += 1
            if self._busy > self._threads:
                self._add()

    def _add(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                self._jobs.get()()
            except Exception:
                log.exception("a job of %s failed", self._name)
            with self._lock:
                self._busy -= 1
