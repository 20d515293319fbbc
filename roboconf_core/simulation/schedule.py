"""Virtual time: one heap of calls, each at its moment."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Call = Callable[[], object]
"""What it returns does not matter."""


class Appointment:
    """A call that is to be made at a moment."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call: Call | None = call

    @property
    def is_due(self) -> bool:
        """Whether the call is still to be made."""
        return self._call is not None

    def cancel(self) -> None:
        """Do not make the call; one that was made is fine."""
        self._call = None

    def keep(self) -> bool:
        """Make the call unless it was cancelled; tell whether it was made."""
        call, self._call = self._call, None
        if call is None:
            return False
        call()
        return True


ENDLESS = 20_000
"""So many calls at one moment are a circle."""


class EndlessError(RuntimeError):
    """The world does not get past a moment."""


class Schedule:
    """Calls in the order of their moments; those of one moment in the order in which they were made."""

    def __init__(self) -> None:
        self.now = 0.0
        """Virtual seconds since the world began."""
        self._heap: list[tuple[float, int, Appointment]] = []
        self._count = 0

    def at(self, moment: float, call: Call) -> Appointment:
        """Have a call made at a moment; at once, when that has passed."""
        self._count += 1
        appointment = Appointment(call)
        heapq.heappush(self._heap, (max(moment, self.now), self._count, appointment))
        return appointment

    def after(self, delay_s: float, call: Call) -> Appointment:
        """Have a call made after so many virtual seconds."""
        return self.at(self.now + delay_s, call)

    def run_until(self, moment: float) -> None:
        """Make all calls up to a moment, those that come up meanwhile included.

        Raises:
            EndlessError: If far too many calls are made at one and the same moment.
        """
        heap, calls = self._heap, 0
        while heap and heap[0][0] <= moment:
            at, _, appointment = heapq.heappop(heap)
            calls = calls + 1 if at == self.now else 0
            if calls > ENDLESS:
                raise EndlessError(f"more than {ENDLESS} calls at {at:.3f} s: somebody runs in a circle")
            self.now = at
            appointment.keep()
        self.now = max(self.now, moment)
