"""Locks between agents: of what runs one at a time on a host, and of an agent's directory."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from pathlib import Path

from roboconf_core.errors import Code, LifecycleError, RoboconfError


def default_path() -> Path:
    """Return where the agents of this user and host meet."""
    return Path(os.environ.get("TMPDIR") or "/tmp") / f"roboconf-{os.getuid()}" / "lifecycle.lock"


def make_place(path: Path) -> None:
    """Make the directory of the host's lock, which shims take.

    Raises:
        LifecycleError: If the directory belongs to somebody else.
        OSError: If it cannot be made.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    found = path.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise LifecycleError(f"{path.parent} belongs to somebody else", hint="remove it, or set TMPDIR")


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
