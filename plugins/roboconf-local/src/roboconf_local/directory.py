"""The directory of one machine: its settings, the agent's state and work, its logs."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

_TAIL_BYTES = 2000
_OUTPUT_OF_ACTIONS = "output"
"""Where the agent keeps what recipes print: a log."""


class MachineDirectory:
    """Names and files of a machine's directory, for its owner only.

    All that the agent keeps is in a directory of its own: what else is there is a log, or
    the deployment manager's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.agent = self.path / "agent"
        self.settings_file = self.path / "settings.json"
        self.pid_file = self.path / "agent.pid"
        self.log_file = self.path / "agent.log"

    @contextmanager
    def locked(self, *, make: bool = True) -> Iterator[None]:
        """Keep others away from the machine meanwhile; make the directory before, unless told otherwise."""
        if make:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        elif not self.path.is_dir():
            yield
            return
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def settings(self) -> dict[str, str]:
        """Return the agent's settings; empty when there are none.

        Raises:
            ValueError: If they are not valid; names the file.
        """
        try:
            found: dict[str, str] = json.loads(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ValueError(f"{self.settings_file} is not valid: {error}") from error
        return found

    def is_of_another(self, mark: str) -> bool:
        """Tell whether the settings are those of a machine with another mark; broken ones are nobody's."""
        try:
            return self.settings().get("machine_id", mark) != mark
        except ValueError:
            return False

    def write_settings(self, settings: Mapping[str, str]) -> None:
        """Write the agent's settings; they hold its credential, so nobody else may read them."""
        _write_private(self.settings_file, json.dumps(settings, indent=1, sort_keys=True) + "\n")

    def pid(self) -> int | None:
        """Return the pid that the agent had when it was started."""
        try:
            return int(self.pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def write_pid(self, pid: int) -> None:
        """Remember the pid of the agent."""
        _write_private(self.pid_file, f"{pid}\n")

    def open_log(self) -> BinaryIO:
        """Open the agent's log for appending."""
        return os.fdopen(os.open(self.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def log_tail(self) -> str:
        """Return the end of what the agent printed."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                return file.read().decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def clear(self) -> None:
        """Remove what the agent keeps and its settings, these last: what is interrupted is done again; logs stay."""
        if self.agent.is_dir():
            for path in self.agent.iterdir():
                if path.name != _OUTPUT_OF_ACTIONS:
                    _remove(path)
            with suppress(OSError):  # not empty: there is output
                self.agent.rmdir()
        for path in (self.pid_file, self.settings_file):
            path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=_made_writable)
    else:
        path.unlink()


def _made_writable(function: object, name: str, error: object) -> None:
    """Let the owner of a read-only directory remove what is in it; whatever stays is logged."""
    path = Path(name)
    try:
        path.parent.chmod(0o700)
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as reason:
        log.warning("%s cannot be removed: %s", path, reason)


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
