"""What drivers of agents and of the deployment manager have in common: a life, a clock, timers, an end at a bad moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from roboconf_core.model.instant import Instant
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.conditions import CrashPoint
from roboconf_core.simulation.schedule import Appointment, Call, Schedule

WALL_S = 1_800_000_000.0
"""Wall time (Unix seconds) at which worlds begin."""


_TICK_S = 1e-6
"""Timers fire a little late, as in reality: never before their moment by any clock."""


class CoreFailedError(AssertionError):
    """A core raised where it must decide."""


class Process(ABC):
    """One life of a process that owns a core; a new life is a new object."""

    def __init__(
        self, name: str, schedule: Schedule, chronicle: Chronicle, *, clock_began: float, batch_s: float = 0.0
    ) -> None:
        """Begin.

        Args:
            name: As a peer.
            schedule: Of the world.
            chronicle: Of the world.
            clock_began: Virtual time at which its host's monotonic clock stood at zero.
            batch_s: What comes within this time is taken in together; 0 for one event after the other.
        """
        self.name = name
        self.alive = True
        self.began = schedule.now
        self.awake_since = schedule.now
        self.crash_next: CrashPoint | None = None
        """Die at this point of the next decision that has something to keep."""
        self._schedule = schedule
        self._chronicle = chronicle
        self._clock_began = clock_began
        self._timers: dict[str, tuple[int, Appointment]] = {}
        self._set = 0
        self._batch_s = batch_s
        self._batch: list[tuple[Any, Call]] = []
        self._asleep = False
        self._inbox: list[Call] = []
        self._overdue: list[Call] = []

    # --- sleep

    @property
    def is_awake(self) -> bool:
        """Whether it takes in what happens."""
        return self.alive and not self._asleep

    def sleep(self, duration_s: float) -> None:
        """Do nothing for a while, as a process that is stopped or whose host is suspended."""
        self._asleep = True
        self._schedule.after(duration_s, self._wake)

    def _wake(self) -> None:
        """Fire the timers that are overdue, then take in what came: what was on its way arrives after the sleep."""
        self._asleep, self.awake_since = False, self._schedule.now
        overdue, self._overdue, inbox, self._inbox = self._overdue, [], self._inbox, []
        for call in (*overdue, *inbox):
            self._awake(call)

    def _awake(self, call: Call) -> None:
        """Make a call now, or after the sleep; never after the end."""
        if self._asleep:
            self._inbox.append(call)
        elif self.alive:
            call()

    # --- events

    def _take(self, event: Any, done: Call | None = None) -> None:  # noqa: ANN401 - of either core
        """Have an event taken in, alone or with what else comes soon; ``done`` is called once it was, for good."""
        if not self.alive:
            return
        self._batch.append((event, done or _nothing))
        if not self._batch_s:
            self._flush()
        elif len(self._batch) == 1:
            self._schedule.after(self._batch_s, partial(self._awake, self._flush))

    def _flush(self) -> None:
        """Take in all events that wait, as one batch."""
        batch, self._batch = self._batch, []
        if batch and self.alive and self._carried_out([event for event, _ in batch]):
            for _, done in batch:
                done()

    @abstractmethod
    def _carried_out(self, batch: list[Any]) -> bool:
        """Decide about events in order, keep what is to be kept, do the rest; False when the process died meanwhile."""

    # --- the core

    def _instant(self) -> Instant:
        return Instant(self._schedule.now - self._clock_began, WALL_S + self._schedule.now)

    def _decided(self, event: Any, handle: Callable[..., tuple[Any, ...]]) -> tuple[Any, ...]:  # noqa: ANN401 - of either core
        self._chronicle.tally.events += 1
        try:
            return handle(event, now=self._instant())
        except Exception as error:
            raise CoreFailedError(f"{self.name} at {self._schedule.now:.3f} s could not handle {event!r}") from error

    def _dies_at(self, point: CrashPoint) -> bool:
        if self.crash_next is not point:
            return False
        self.crash_next = None
        self.crashed()
        return True

    def crashed(self) -> None:
        """Die at once; overridden by those who have more to end."""
        self.alive = False
        for _, appointment in self._timers.values():
            appointment.cancel()
        self._timers.clear()
        self._batch.clear()

    # --- timers

    def _set_timer(self, name: str, at: float, fire: Callable[[str], None]) -> None:
        self._cancel_timer(name)
        self._set += 1
        timer = partial(self._ring, partial(self._fire, name, self._set, fire))
        moment = at + self._clock_began + _TICK_S
        self._timers[name] = (self._set, self._schedule.at(moment, timer))

    def _ring(self, call: Call) -> None:
        if self._asleep:
            self._overdue.append(call)
        elif self.alive:
            call()

    def _fire(self, name: str, number: int, fire: Callable[[str], None]) -> None:
        """Fire a timer, unless it was replaced or cancelled while the process slept."""
        if name in self._timers and self._timers[name][0] == number:
            del self._timers[name]
            fire(name)

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer[1].cancel()


def _nothing() -> None:
    """Nobody waits for it."""
