"""Processes by pid *and* start time, so that a reused pid is never taken for the one that was meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from roboconf_core.agent import shim


class ProcessId(NamedTuple):
    """One process, told apart from all others since the host was booted."""

    pid: int
    start: str
    """Clock ticks since boot, as in ``/proc/PID/stat``."""

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return shim.start_ticks(self.pid) == self.start

    def open(self) -> int | None:
        """Return a descriptor that becomes readable when the process ends; None when it has ended."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        if self.alive:
            return descriptor
        os.close(descriptor)
        return None

    def signal(self, number: int) -> None:
        """Send a signal if the process is still there."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return  # it ended between the two


def process_of(pid: int) -> ProcessId | None:
    """Return the process that has a pid now, or None."""
    start = shim.start_ticks(pid)
    return None if start is None else ProcessId(pid, start)


def boot_id() -> str:
    """Return what names this run of the host's kernel; a reboot changes it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
