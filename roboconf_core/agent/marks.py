"""Which processes belong to an instance: two marks that all of them carry in their environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

MACHINE_MARK = "ROBOCONF_MACHINE_ID"
INSTANCE_MARK = "ROBOCONF_INSTANCE_ID"
"""Tells apart the instances of one machine."""

_TABLES = ("net/tcp", "net/tcp6")
_LISTENS = "0A"
"""State of a socket in the kernel's tables."""


def listens(port: int, marks: Mapping[str, str], *, proc: Path = Path("/proc")) -> bool:
    """Tell whether a process that carries all of some marks listens on a TCP port of this host.

    Processes of other users do not show their marks; they count as not carrying them.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc)}
    return bool(sockets) and any(_holds(process, sockets) for process in _marked(marks, proc))


def _listening(port: int, proc: Path) -> Iterator[str]:
    for table in _TABLES:
        try:
            lines = (proc / table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:  # no IPv6
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _marked(marks: Mapping[str, str], proc: Path) -> Iterator[Path]:
    wanted = {os.fsencode(f"{name}={value}") for name, value in marks.items()}
    for process in proc.iterdir():
        if process.name.isdecimal():
            try:
                found = (process / "environ").read_bytes().split(b"\0")
            except OSError:  # it ended, or is somebody else's
                continue
            if wanted <= set(found):
                yield process


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        return any(_target(descriptor) in sockets for descriptor in (process / "fd").iterdir())
    except OSError:  # it ended, or is somebody else's
        return False


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # it was closed
        return ""
