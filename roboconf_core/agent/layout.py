"""Where an agent keeps what: one directory, names that cannot clash or leave it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_LONGEST = 180


def escape(text: str) -> str:
    """Return a text as one file name; two texts never have the same.

    Letters, digits, ``-``, ``_`` and dots that are not the first character stand for
    themselves, any other byte is written ``%2F``. What gets too long for a file name ends
    in ``%%`` and a digest.
    """
    data = os.fsencode(text)
    name = "".join(
        chr(byte) if byte in _PLAIN and (byte != 0x2E or i) else f"%{byte:02X}" for i, byte in enumerate(data)
    )
    if len(name) > _LONGEST:
        return f"{name[: _LONGEST - 66]}%%{hashlib.sha256(data).hexdigest()}"
    return name or "%"


class Layout:
    """The directories and files of one agent."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = directory / "state" / "journal"
        self.lock = directory / "state" / "lock"
        self.actions = directory / "state" / "actions"
        self.processes = directory / "state" / "processes"
        self.pid_files = directory / "run"
        self.output = directory / "output"
        self.work = directory / "work"
        self.cache = directory / "cache"
        self.trash = directory / "trash"

    def make(self) -> None:
        """Make what is missing; services with users of their own may look into ``work`` and ``run`` only."""
        for path in (self.work, self.pid_files):
            path.mkdir(parents=True, exist_ok=True)
        for path in (self.journal.parent, self.actions, self.processes, self.output, self.cache, self.trash):
            path.mkdir(mode=0o700, exist_ok=True)

    def action(self, action_id: str) -> Path:
        """Return the file of an action."""
        return self.actions / escape(action_id)

    def instance(self, installer: str, path: str) -> Path:
        """Return the working directory of an instance."""
        return self.work / escape(installer.lower()) / escape(path.lstrip("/"))

    def pid_file(self, instance_id: str) -> Path:
        """Return where an instance's recipe may leave the pid of its service."""
        return self.pid_files / f"{escape(instance_id)}.pid"

    def seen(self, instance_id: str) -> Path:
        """Return where the agent notes which process a pid file named."""
        return self.processes / f"{escape(instance_id)}.seen"

    def outputs(self, instance_id: str) -> Path:
        """Return the directory of what the actions of an instance print."""
        return self.output / escape(instance_id)

    def discard(self, path: Path) -> Path | None:
        """Take a file or directory out of its place at once; return where it is to be removed from, or None."""
        place = self.trash / f"{path.name[:100]}.{os.urandom(8).hex()}"
        try:
            path.rename(place)
        except FileNotFoundError:
            return None
        return place


def remove(path: Path) -> None:
    """Remove a file or a directory with all that is in it; links are not followed.

    Raises:
        OSError: If something cannot be removed.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for entry in path.iterdir():
        remove(entry)
    path.rmdir()
