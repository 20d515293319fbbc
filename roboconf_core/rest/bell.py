"""Wakes requests that wait for a change."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, Event, timeout


class Bell:
    """Rung from any thread, heard by coroutines of one event loop."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._rung = Event()
        self._closed = False

    def attach(self) -> None:
        """Belong to the running event loop; called once, from it."""
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Wake all who wait; from any thread, without effect before ``attach`` and after the loop's end."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Wake all who wait, now and later: nothing is worth waiting for any more. From any thread."""
        self._closed = True
        self.ring()

    def next_ring(self) -> Event:
        """Return what is set by the next ring; to be taken *before* looking whether waiting is needed."""
        return self._rung

    async def wait(self, ring: Event, until: float) -> bool:
        """Wait for a ring, or until a moment of the loop's clock; return False when there is no more point in waiting."""
        if self._closed:
            return False
        try:
            async with timeout(max(0.0, until - asyncio.get_running_loop().time())):
                await ring.wait()
        except TimeoutError:
            return False
        return not self._closed

    def _wake(self) -> None:
        self._rung.set()
        self._rung = Event()
