"""The directory in which one deployment manager keeps everything (``ROBOCONF_HOME``)."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import quote

from roboconf_core.errors import ConflictError, InvalidRequestError

_LOCK_PATIENCE_S = 1.0
"""Somebody who only looks whether the lock is taken holds it for an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmInfo:
    """What ``dm.json`` says: where the deployment manager of a home is reached, and with what."""

    url: str
    token: str
    """Secret: whoever has it may do everything."""
    pid: int | None = None
    """None after an orderly end; stale after an accident, see ``Home.is_running``."""
    started: float = 0.0
    """Wall time (Unix seconds)."""
    dm_id: str = ""
    version: str = ""

    def __repr__(self) -> str:
        """Return a text without the token."""
        return f"DmInfo(url={self.url!r}, token='***', pid={self.pid!r})"


def default_directory(environment: os._Environ[str] | dict[str, str] | None = None) -> Path:
    """Return the home's directory: ``$ROBOCONF_HOME``, else below the user's XDG state directory."""
    env = os.environ if environment is None else environment
    if env.get("ROBOCONF_HOME"):
        return Path(env["ROBOCONF_HOME"]).expanduser().absolute()
    state = env.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser().absolute() / "roboconf"


class Home:
    """Names the files of a home, and knows who owns it; holds nothing open but its lock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.dm_file = self.directory / "dm.json"
        self.lock_file = self.directory / "dm.lock"
        self.log_file = self.directory / "dm.log"
        self.database = self.directory / "database.sqlite3"
        self.messages = self.directory / "messages.sqlite3"
        """The transport's tables: in a file of their own, because the writers of one SQLite file wait for each other."""
        self.templates = self.directory / "templates"
        self.bundles = self.directory / "bundles"
        self.machines = self.directory / "machines"
        self.uploads = self.directory / "uploads"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the embedded database."""
        return f"sqlite:///{self.database}"

    @property
    def messages_url(self) -> str:
        """SQLAlchemy URL of the transport's tables."""
        return f"sqlite:///{self.messages}"

    def prepare(self) -> None:
        """Make the directories, readable by the user only.

        Raises:
            InvalidRequestError: If the place cannot be used.
        """
        try:
            for directory in (self.directory, self.templates, self.bundles, self.machines, self.uploads):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in (self.database, self.messages):
                file.touch(mode=0o600)  # they hold credentials; SQLite's further files take their permissions
        except OSError as error:
            hint = "set ROBOCONF_HOME to a directory that you may write to"
            raise InvalidRequestError(f"{self.directory} cannot be used as home: {error}", hint=hint) from error

    def machine_directory(self, application: str, path: str) -> Path:
        """Return the directory of what concerns one machine; ``/`` of its path becomes ``%2F``."""
        parts = (quote(name, safe="") for name in (application, path))
        return self.machines.joinpath(*("%2E" + part[1:] if part.startswith(".") else part for part in parts))

    def read(self) -> DmInfo | None:
        """Return what ``dm.json`` says, or None when it is absent or no JSON object of ours."""
        try:
            body = json.loads(self.dm_file.read_text(encoding="utf-8"))
            return DmInfo(**{f.name: body[f.name] for f in fields(DmInfo) if f.name in body})
        except (OSError, ValueError, TypeError):
            return None

    def write(self, info: DmInfo) -> None:
        """Replace ``dm.json`` in one step; a reader sees the old or the new one."""
        write_private(self.dm_file, json.dumps(asdict(info)) + "\n")

    def is_running(self) -> bool:
        """Tell whether a deployment manager owns this home now."""
        try:
            with self.lock_file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except BlockingIOError:
            return True
        return False

    def own(self) -> int:
        """Own the home until the process ends, or until the descriptor that is returned is closed.

        Whoever waits for the lock waits for the end of the whole process.

        Raises:
            ConflictError: If another deployment manager owns it.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _take(self, descriptor: int) -> None:
        patience = time.monotonic() + _LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= patience:
                    info = self.read()
                    where = f" at {info.url} (process {info.pid})" if info and info.pid else ""
                    raise ConflictError(
                        f"a deployment manager runs in {self.directory} already{where}",
                        hint="use it, end it with 'roboconf down', or set ROBOCONF_HOME to another directory",
                    ) from error
                time.sleep(0.02)
            else:
                return


def write_private(file: Path, text: str) -> None:
    """Write a file that only its user may read, in one step and for good."""
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
    sync_directory(file.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
