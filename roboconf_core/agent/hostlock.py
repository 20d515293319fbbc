"""One at a time on the whole host, whatever number of agents it has.

Recipes call package managers, which bear no company. The lock is a ``flock`` whose
descriptor is handed to the action's shim: the kernel gives it back when the shim ends,
also when the agent died before.
"""

from __future__ import annotations

import fcntl
import os
import queue
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from roboconf_core.errors import Code, LifecycleError, RoboconfError

Granted = Callable[[int], None]
"""Receives the descriptor that holds the lock; to be closed by the receiver."""


def default_path() -> Path:
    """Return where the agents of this user and host meet."""
    return Path(os.environ.get("TMPDIR") or "/tmp") / f"roboconf-{os.getuid()}" / "lifecycle.lock"


class HostLock:
    """Asks for the host's lock on behalf of one action after the other, in the order of their requests."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._requests: queue.SimpleQueue[tuple[Granted, Callable[[str], None]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def request(self, granted: Granted, failed: Callable[[str], None]) -> None:
        """Call back, from a thread of the lock, once it is held; ``failed`` hears why that is impossible."""
        self._requests.put((granted, failed))
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="host-lock", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while True:
            granted, failed = self._requests.get()
            try:
                descriptor = acquire(self._path)
            except (OSError, LifecycleError) as error:
                failed(f"cannot lock {self._path}: {error}")
            else:
                granted(descriptor)


def acquire(path: Path) -> int:
    """Wait until the lock is free and return the descriptor that holds it.

    Raises:
        LifecycleError: If the directory belongs to somebody else.
        OSError: If the file cannot be opened.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    found = path.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise LifecycleError(f"{path.parent} belongs to somebody else", hint="remove it, or set TMPDIR")
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _still_there(path, descriptor):
            return descriptor
        os.close(descriptor)  # somebody cleaned up the directory while we waited


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


class AgentRunsAlreadyError(RoboconfError):
    """Another agent uses the same directory."""

    code = Code.AGENT_RUNS_ALREADY


def lock_directory(path: Path, *, patience_s: float = 3.0) -> int:
    """Return the descriptor that makes this process the only agent of a directory, until it is closed.

    Args:
        path: Of the lock file.
        patience_s: How long an agent that is about to leave is waited for.

    Raises:
        AgentRunsAlreadyError: If another one stays.
        OSError: If the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?"
                os.close(descriptor)
                message = f"another agent (pid {holder}) uses the directory {path.parent.parent}"
                raise AgentRunsAlreadyError(message, hint="stop it first") from error
            time.sleep(0.02)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return descriptor
