"""Keeps what services print within bounds: they inherit the output of the action that started them."""

from __future__ import annotations

from roboconf_core.agent import shim
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.loop import Loop, Workers

PERIOD_S = 10.0


class OutputKeeper:
    """Looks at all outputs every now and then, and empties those that are too long, keeping their end."""

    def __init__(self, layout: Layout, loop: Loop, workers: Workers, *, limit_bytes: int) -> None:
        self._layout = layout
        self._loop = loop
        self._workers = workers
        self._limit_bytes = limit_bytes

    def start(self) -> None:
        """Begin; for any thread."""
        self._loop.call(self._again)

    def _again(self) -> None:
        self._workers.submit(self.look)
        self._loop.later(PERIOD_S, self._again)

    def look(self) -> None:
        """Empty what is too long now."""
        for path in self._layout.output.glob("*/*.std???"):
            shim.trim(str(path), self._limit_bytes)
