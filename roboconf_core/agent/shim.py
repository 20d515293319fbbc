"""Runs one action in a session of its own and outlives the agent that asked for it.

Forked, one for each action, by a process that the agent starts as ``python -I -S shim.py
SOCKET``: a fork takes a millisecond, an interpreter twenty. Imports nothing of ours and next
to nothing of the standard library, so that this process is small.

An action is one file, a list of ``key=value`` that each end in a NUL, which neither an
argument nor an environment variable can contain. To what the agent wrote (what is to be run),
are added

- ``began``: this process, before anything runs, but once it holds the host's lock where the
  action needs it: recipes call package managers, which bear no company. Whoever finds it there already leaves: that
  is how an agent that was restarted takes an action back;
- ``leader``: the process that the action is;
- how it ended: ``started``, ``duration``, and a ``status`` or a ``reason``.

Nothing here waits for the disk: a loss of power ends the action too, and a result that it
takes along counts as lost.

The action ends when its leader exits; what it left in the background goes on. Its time-out
and its cancellation (``SIGTERM`` to the shim) end everything in the leader's session.
"""

# ruff: noqa: PTH123, PTH208 - pathlib takes longer to import than all that this program does

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the public modules import enum and much more
import _socket
import os
import sys
import time

POLL_S = 0.1
"""Between two looks at the size of the output."""
KEPT_BYTES = 64 * 1024
"""How much of the end of an output is kept when the file became too long."""
ROOM_S = 600
"""How long room for the result is waited for."""

_HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_RESET = (*_HANDLED, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ)

_INT_BYTES = 4
"""Of a descriptor that is passed on."""

Fields = list[tuple[str, str]]


def serve(descriptor: int) -> None:
    """Fork a shim for each action that comes on a socket, until its other side is closed.

    The answer brings a descriptor of the shim's process, or says why there is none.
    """
    server = _socket.socket(fileno=descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a shim ended
    while path := server.recv(4096):
        try:
            forked = os.fork()
        except OSError as error:
            server.send(str(error).encode())
        else:
            if forked == 0:
                return _begin(server, os.fsdecode(path))


def _begin(server: _socket.socket, path: str) -> None:
    """Be a shim: leave the surroundings, answer, run the action."""
    os.setsid()
    for standard in (1, 2):
        os.dup2(0, standard)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    process = os.pidfd_open(os.getpid())
    passed = process.to_bytes(_INT_BYTES, sys.byteorder)
    server.sendmsg([b"begins"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)])
    os.close(process)
    server.close()
    try:
        main(path)
    except Exception as error:
        write_fields(path, [("said", repr(error))], more=True)
        raise


def main(path: str) -> None:
    """Run an action, unless somebody has claimed it."""
    fields = read_fields(path)
    lock = dict(fields).get("lock")
    held = [lock_file(lock)] if lock else []
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    if claim(path, os.getpid()):
        result = _Action(path, fields).run()
        for descriptor in held:
            os.close(descriptor)
        _keep(path, result)


def _keep(path: str, result: Fields) -> None:
    """Write the result, waiting for room on a full disk rather than losing it."""
    for _ in range(ROOM_S):
        try:
            return write_fields(path, result, more=True)
        except OSError:
            time.sleep(1)


class _Action:
    """One run of a command, from its start to its result."""

    def __init__(self, path: str, fields: Fields) -> None:
        self._path = path
        one = dict(fields)
        self._argv = [value for key, value in fields if key == "arg"]
        self._environment = dict(os.environ)
        self._environment.update(value.split("=", 1) for key, value in fields if key == "env")  # type: ignore[misc]  # two parts, as written
        self._working_directory = one["directory"]
        self._timeout_s = float(one["timeout"])
        self._grace_s = float(one["grace"])
        self._limit_bytes = int(one["limit"])
        self._outputs = (one["stdout"], one["stderr"])
        self._leader = 0
        self._wait_status: int | None = None

    def run(self) -> Fields:
        """Start the leader, wait for it, and return the result's fields."""
        wall, begun = time.time(), time.monotonic()
        try:
            self._start()
        except (OSError, ValueError) as error:
            reason = f"cannot run {self._argv[0]}: {getattr(error, 'strerror', None) or error}"
        else:
            reason = self._wait(begun + self._timeout_s)
        duration = time.monotonic() - begun
        return [("started", repr(wall)), ("duration", repr(duration)), *self._end(reason)]

    def _start(self) -> None:
        os.chdir(self._working_directory)
        descriptors = [os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for path in self._outputs]
        moves = [(os.POSIX_SPAWN_DUP2, descriptor, number) for number, descriptor in enumerate(descriptors, 1)]
        self._leader = os.posix_spawn(
            self._argv[0],
            self._argv,
            self._environment,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), *moves],
            setsid=True,
            setsigmask=(),
            setsigdef=_RESET,
        )
        for descriptor in descriptors:
            os.close(descriptor)
        try:
            write_fields(self._path, [("leader", named(self._leader))], more=True)
        except OSError:
            return  # the action runs: all that is lost is a way to end it without this process

    def _wait(self, deadline: float) -> str:
        while True:
            caught = signal.sigtimedwait(_HANDLED, max(0.0, min(POLL_S, deadline - time.monotonic())))
            if self._reaped():
                return ""
            if caught is not None and caught.si_signo != signal.SIGCHLD:
                return self._ended("cancelled")
            if time.monotonic() >= deadline:
                return self._ended(f"timed out after {self._timeout_s:g} s")
            self._trim()

    def _ended(self, reason: str) -> str:
        """End the whole session: politely, and after the grace by force."""
        for number, patience_s in ((signal.SIGTERM, self._grace_s), (signal.SIGKILL, 5.0)):
            until = time.monotonic() + patience_s
            signalled(self._leader, number)
            while signalled(self._leader, number if number == signal.SIGKILL else 0) or not self._reaped():
                if time.monotonic() >= until:
                    break
                signal.sigtimedwait((signal.SIGCHLD,), 0.05)
                self._trim()
            else:
                break
        return reason

    def _reaped(self) -> bool:
        if self._wait_status is None:
            pid, status = os.waitpid(self._leader, os.WNOHANG)
            if pid:
                self._wait_status = status
        return self._wait_status is not None

    def _trim(self) -> None:
        for path in self._outputs:
            trim(path, self._limit_bytes)

    def _end(self, reason: str) -> Fields:
        if self._wait_status is None or reason:
            return [("reason", reason)]
        code = os.waitstatus_to_exitcode(self._wait_status)
        return [("status", str(code))] if code >= 0 else [("reason", f"ended by signal {-code}")]


def lock_file(path: str) -> int:
    """Wait until a lock is free and return the descriptor that holds it, until it is closed or this process ends.

    Raises:
        OSError: If the file cannot be opened.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.lockf(descriptor, os.F_LOCK, 0)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # somebody cleaned up the directory while we waited


def claim(path: str, pid: int) -> bool:
    """Take an action for a process, or for nobody (pid 0); False when it was taken already.

    Raises:
        OSError: If it is gone, or cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        os.lockf(descriptor, os.F_LOCK, 0)
        if b"\0began=" in _content(descriptor):
            return False
        _add(descriptor, [("began", named(pid))])
    finally:
        os.close(descriptor)
    return True


def named(pid: int) -> str:
    """Return what names a process, and none that comes to have the same pid: its pid and when it started."""
    return f"{pid} {start_ticks(pid) or ''}"


def read_fields(path: str) -> Fields:
    """Return the fields of a file, but for one that was cut short.

    Raises:
        OSError: If it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        text = os.fsdecode(_content(descriptor))
    finally:
        os.close(descriptor)
    pairs = [field.partition("=") for field in text.split("\0")[:-1]]
    return [(key, value) for key, _, value in pairs]


def write_fields(path: str, fields: Fields, *, more: bool = False) -> None:
    """Write a file of fields, readable by its owner only, or add ``more`` to one: all of them or nothing.

    Raises:
        OSError: If there is no room, or no file to add to.
    """
    flags = os.O_APPEND if more else os.O_CREAT | os.O_TRUNC
    descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
    try:
        _add(descriptor, fields)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _add(descriptor: int, fields: Fields) -> None:
    size = os.fstat(descriptor).st_size
    left = os.fsencode("".join(f"{key}={value}\0" for key, value in fields))
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def stat_of(pid: int) -> list[str]:
    """Return what ``/proc/PID/stat`` says from the state on: [0] state, [2] group, [3] session, [19] start in ticks."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def start_ticks(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot; None when there is none, or only a zombie."""
    found = stat_of(pid)
    return found[19] if found and found[0] not in "ZX" else None


def trim(path: str, limit_bytes: int) -> bool:
    """Empty a file that is longer than the limit, keeping its end as ``PATH.1``; tell whether that was needed.

    Those that have it open for appending go on writing at its new end. What is written in
    the microseconds between the last look and the emptying is lost.
    """
    try:
        with open(path, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size <= limit_bytes:
                return False
            file.seek(-min(size, KEPT_BYTES), os.SEEK_END)
            end = b""
            for _ in range(64):  # until there is no more, unless it grows faster than it can be read
                more = file.read(KEPT_BYTES)
                if not more:
                    break
                end = (end + more)[-KEPT_BYTES:]
            os.truncate(path, 0)
    except FileNotFoundError:
        return False
    with open(f"{path}.1", "wb", opener=_private) as kept:
        kept.write(end)
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def signalled(session: int, number: int) -> bool:
    """Send a signal to all of a session (0: only look) and tell whether any of it is alive."""
    alive = False
    for name in os.listdir("/proc"):
        found = stat_of(int(name)) if name.isdecimal() else []
        if found and found[0] not in "ZX" and found[3] == str(session):
            alive = True
            try:
                os.kill(int(name), number)
            except ProcessLookupError:
                continue
    return alive


if __name__ == "__main__":
    serve(int(sys.argv[1]))
    os._exit(0)
