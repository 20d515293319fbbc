"""The timers of the runner: names with moments, the next one first."""

from __future__ import annotations

import heapq
import math


class Alarms:
    """Named timers on the monotonic clock; belongs to one thread."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def set(self, name: str, at: float) -> None:
        """Have a name be due at a moment, instead of what was set for it before."""
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))

    def cancel(self, name: str) -> None:
        """Forget a name; unknown ones are fine."""
        self._at.pop(name, None)

    def next(self) -> float:
        """Return the next moment at which a name is due; infinite when there is none."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # replaced or cancelled
        return self._heap[0][0] if self._heap else math.inf

    def take_due(self, now: float) -> str | None:
        """Take out the name that was due first, or return None; to be asked again, as what is done may set others."""
        if self.next() > now:
            return None
        name = heapq.heappop(self._heap)[1]
        del self._at[name]
        return name
