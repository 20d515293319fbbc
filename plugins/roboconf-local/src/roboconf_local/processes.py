"""Processes of this host as ``/proc`` shows them: which belong to a machine, and how they are ended.

Every process of a machine carries the machine's mark in its environment, however often it
forked and whatever session it moved to.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

MARK = "ROBOCONF_MACHINE_ID"
"""Environment variable that holds the mark."""

_MAX_COMMAND = 200
_PAUSE_S = 0.05
"""Between two signals to what does not end at once when it is killed."""


@dataclass(frozen=True, slots=True)
class Process:
    """One living process; a pid that is used again starts at another time."""

    pid: int
    started: int
    """Clock ticks since boot."""
    parent: int = field(compare=False)
    """Changes when the parent ends."""


def living(pid: int) -> Process | None:
    """Return a process, or None when it is gone or only waits to be reaped."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Process(pid, int(fields[19]), int(fields[1]))


def mark_of(pid: int) -> str | None:
    """Return the mark in a process's environment; None without one, or when it may not be read."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone, or somebody else's
        return None
    prefix = f"{MARK}=".encode()
    values = (v.removeprefix(prefix) for v in environment.split(b"\0") if v.startswith(prefix))
    return next((os.fsdecode(value) for value in values), None)


def argv_of(pid: int) -> list[str]:
    """Return the command line of a process; empty when it is gone or has none."""
    try:
        data = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(part) for part in data.split(b"\0")[:-1]]


def described(process: Process) -> str:
    """Return a process for people: its pid and command line, printable and not too long."""
    text = shlex.join(argv_of(process.pid)) or "(no command line)"
    text = "".join(c if c.isprintable() else "?" for c in text)
    return f"{process.pid} {text[:_MAX_COMMAND]}{'...' if len(text) > _MAX_COMMAND else ''}"


def marked(mark: str) -> list[Process]:
    """Return the living processes that carry a mark, and their descendants that carry none; oldest first.

    Programs that overwrite their environment, or start children with an empty one, are
    known by their ancestors. What carries another mark is somebody else's.
    """
    everybody = [p for p in map(living, _pids()) if p is not None]
    marks = {p.pid: mark_of(p.pid) for p in everybody}
    mine = {pid for pid, found in marks.items() if found == mark}
    while more := {p.pid for p in everybody if p.parent in mine and marks[p.pid] is None} - mine:
        mine |= more
    return sorted((p for p in everybody if p.pid in mine), key=lambda p: (p.started, p.pid))


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to exactly this process, never to another that got its pid."""
    with suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if _is_same(process):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def wait_for(processes: Iterable[Process], timeout_s: float) -> list[Process]:
    """Wait until processes have ended; return those that still live after the time-out."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    for process in left:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(process.pid)
            try:
                if _is_same(process):
                    poll = select.poll()
                    poll.register(descriptor, select.POLLIN)
                    poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            finally:
                os.close(descriptor)
    return [process for process in left if _is_same(process)]


def end(process: Process, grace_s: float) -> None:
    """End one process: politely, and after the grace by force."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        send(process, number)
        if not wait_for([process], grace_s):
            return


def end_marked(
    mark: str, also: Iterable[Process] = (), *, grace_s: float, deadline_s: float
) -> tuple[list[str], list[str]]:
    """End all processes of a mark, those that they start meanwhile too.

    Args:
        mark: Value of ``ROBOCONF_MACHINE_ID``.
        also: Processes that belong to it, though their ancestors may be gone by now.
        grace_s: Seconds from ``SIGTERM`` to ``SIGKILL``, for each process.
        deadline_s: Seconds after which what still lives is given up.

    Returns:
        What was ended and what is left, each described for people.
    """
    known: dict[Process, _Ending] = {}
    deadline = time.monotonic() + deadline_s
    suspects = set(also)
    while found := _still_there(mark, suspects):
        now = time.monotonic()
        if now >= deadline:
            break
        for process in found:
            suspects.add(process)
            if process not in known:
                known[process] = _Ending(described(process), now + grace_s)
                send(process, signal.SIGTERM)
            elif now >= known[process].patient_until:
                send(process, signal.SIGKILL)
        patience = min(known[p].patient_until for p in found) - now
        wait_for(found, min(max(patience, _PAUSE_S), deadline - now))
    ended = [ending.name for process, ending in known.items() if process not in found]
    return ended, [known[p].name if p in known else described(p) for p in found]


@dataclass(frozen=True, slots=True)
class _Ending:
    name: str
    patient_until: float
    """Moment (monotonic seconds) from which the process is ended by force."""


def _still_there(mark: str, suspects: Iterable[Process]) -> list[Process]:
    return list(dict.fromkeys([*marked(mark), *(p for p in suspects if _is_same(p))]))


def _is_same(process: Process) -> bool:
    now = living(process.pid)
    return now is not None and now.started == process.started


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
