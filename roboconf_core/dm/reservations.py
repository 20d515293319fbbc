"""Which ports of this host the user's other deployment managers hold, though nothing listens there yet.

Each deployment manager keeps a file of the ports that it drew in a directory that all of
one user and host share; ports are drawn while its lock is held. Managers of different users
do not see each other's files: what they draw at the same moment may clash, and is drawn again
once an agent finds it taken.

A reservation outlives its manager, whose agents go on: it is void when the home is gone.
The directory is soft state. Where it cannot be used, ports are drawn without it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roboconf_core.dm.core.used_ports import HIGHEST, LOWEST
from roboconf_core.dm.ports import ports_in_use

log = logging.getLogger(__name__)

_PATIENCE_S = 2.0
"""How long others may draw before one goes on without the lock."""
_IMPATIENT_S = 60.0
"""After that, how long nobody is waited for: whoever holds the lock is stopped or hangs."""
_PAUSE_S = 0.005
_LARGEST_BYTES = 512 * 1024
_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}\.json")


def default_directory() -> Path:
    """Return where the deployment managers of this user and host meet: below ``$TMPDIR``, else ``/tmp``."""
    return Path(os.environ.get("TMPDIR") or "/tmp") / f"roboconf-{os.getuid()}" / "ports"


@dataclass(frozen=True, slots=True)
class _Reservation:
    """What one file says."""

    home: Path
    ports: frozenset[int]


class Reservations:
    """The reservations of one deployment manager, and its view of those of others; for one thread."""

    def __init__(
        self,
        *,
        dm_id: str,
        home: Path,
        held: Callable[[], frozenset[int]],
        directory: Path | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Make it; nothing is read or written yet.

        Args:
            dm_id: Identifier of the deployment manager.
            home: Its home; void reservations of former managers of this home are removed.
            held: Returns the ports that its instances on this host hold.
            directory: That of the user and host by default.
            patience_s: How long others may hold the lock.
        """
        self._home = home.resolve()
        self._held = held
        self._directory = directory or default_directory()
        self._file = self._directory / f"{dm_id}.json"
        self._patience_s = patience_s
        self._impatient_until = float("-inf")
        self._complaints: set[str] = set()

    @contextmanager
    def drawing(self) -> Iterator[frozenset[int]]:
        """Yield the ports that are in use or reserved by others; afterwards, what is held then is reserved.

        Only one manager of the user draws at a time, unless another one takes too long.
        """
        lock = self._lock()
        if lock is None:
            yield ports_in_use()
            return
        try:
            yield ports_in_use() | self._of_others()
            self._record()
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # a child that is just being forked has the descriptor too
            os.close(lock)

    def _record(self) -> None:
        """Reserve what is held, and nothing else."""
        try:
            ports = self._held()
            if ports:
                self._write(json.dumps({"home": os.fspath(self._home), "ports": sorted(ports)}))
            else:
                self._file.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            self._complain(f"ports cannot be reserved in {self._directory}: {error}")

    # --- the lock

    def _lock(self) -> int | None:
        """Return the descriptor of the lock file, locked if possible in time; None when the directory is of no use."""
        try:
            _make_private(self._directory.parent)
            _make_private(self._directory)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._directory / "lock", flags, 0o600)
        except OSError as error:
            self._complain(f"ports are drawn without knowing those that others reserved: {error}")
            return None
        try:
            self._wait(descriptor)
        except OSError as error:
            self._complain(f"ports are drawn while others may draw the same: {self._directory}/lock: {error}")
        return descriptor

    def _wait(self, descriptor: int) -> None:
        """Lock a file.

        Raises:
            OSError: If it cannot be locked, or not in time.
        """
        now = time.monotonic()
        until = now if now < self._impatient_until else now + self._patience_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    self._impatient_until = time.monotonic() + _IMPATIENT_S
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    # --- the files

    def _of_others(self) -> frozenset[int]:
        """Return what others reserved; remove what is void."""
        found: set[int] = set()
        try:
            files = [file for file in self._directory.iterdir() if _NAME.fullmatch(file.name) and file != self._file]
        except OSError as error:
            self._complain(f"reserved ports cannot be listed: {error}")
            return frozenset()
        for file in files:
            try:
                reservation = _read(file)
                if self._is_void(reservation):
                    file.unlink()
                else:
                    found |= reservation.ports
            except (OSError, ValueError, RecursionError) as error:
                self._complain(f"reserved ports cannot be read from {file}: {error}")
        return frozenset(found)

    def _is_void(self, reservation: _Reservation) -> bool:
        if not reservation.ports or reservation.home == self._home:
            return True
        try:
            return not stat.S_ISDIR(reservation.home.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return True

    def _write(self, text: str) -> None:
        """Replace the own file in one step; it need not survive a loss of power."""
        new = self._file.with_name(f".{self._file.name}.new")
        with suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        new.replace(self._file)

    def _complain(self, text: str) -> None:
        """Log a trouble once."""
        if text not in self._complaints:
            self._complaints.add(text)
            log.warning("%s", text)


def _make_private(directory: Path) -> None:
    """Make a directory unless it is there.

    Raises:
        OSError: If it cannot be made, or somebody else could write there.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PermissionError(f"{directory} is not this user's alone: remove it, or set TMPDIR")


def _read(file: Path) -> _Reservation:
    """Return what a file says.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no reservation.
        RecursionError: If it is nested absurdly.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_BYTES:
            raise ValueError("it is no file, or too large")
        text = os.pread(descriptor, _LARGEST_BYTES, 0)
    finally:
        os.close(descriptor)
    return _checked(json.loads(text))


def _checked(body: Any) -> _Reservation:  # noqa: ANN401 - anything that JSON can say
    if not isinstance(body, dict):
        raise ValueError("it is no object")
    home, ports = body.get("home"), body.get("ports")
    if not isinstance(home, str) or not home.startswith("/") or "\0" in home:
        raise ValueError("it names no home")
    if not isinstance(ports, list) or not all(type(port) is int and LOWEST <= port <= HIGHEST for port in ports):
        raise ValueError(f"'ports' is no list of ports from {LOWEST} to {HIGHEST}")
    return _Reservation(Path(home), frozenset(ports))
