"""How an agent's connection paces itself; without I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waits of a connection, in seconds."""

    first_retry_s: float = 0.2
    """Before connecting again; doubled each time, and jittered by half."""
    last_retry_s: float = 5.0
    connect_s: float = 10.0
    ping_s: float = 5.5
    """A link on which nothing was heard for so long is asked for a sign of life, which heartbeats make needless..."""
    dead_s: float = 9.5
    """...and is given up when nothing was heard for so long."""


class Backoff:
    """The growing pauses between attempts to connect."""

    def __init__(self, pace: Pace, uniform: Callable[[float, float], float]) -> None:
        """Begin with the first pause; ``uniform`` draws a number from a range."""
        self._pace = pace
        self._uniform = uniform
        self._next_s = pace.first_retry_s

    def pause_s(self) -> float:
        """Return the next pause: between half of it and all of it, so that agents do not come back in step."""
        pause_s = self._next_s * self._uniform(0.5, 1.0)
        self._next_s = min(2 * self._next_s, self._pace.last_retry_s)
        return pause_s

    def succeeded(self) -> None:
        """Begin anew: the connection was up."""
        self._next_s = self._pace.first_retry_s

    def displaced(self) -> None:
        """Wait longest: another process with the same credential took the connection over."""
        self._next_s = self._pace.last_retry_s
