"""Named moments: what the runners of both cores keep for ``SetTimer``."""

from __future__ import annotations

import heapq


class Timers:
    """Each name has one moment at most; belongs to one thread."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def set(self, name: str, at: float) -> None:
        """Set or move a timer, in monotonic seconds."""
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))

    def cancel(self, name: str) -> None:
        """Forget a timer; unknown names are fine."""
        self._at.pop(name, None)

    def next(self) -> float | None:
        """Return the earliest moment, or None."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: float) -> str | None:
        """Take out the earliest timer that is due and return its name, or None."""
        at = self.next()
        if at is None or at > now:
            return None
        name = heapq.heappop(self._heap)[1]
        del self._at[name]
        return name
