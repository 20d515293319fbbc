"""Which TCP ports of this host cannot be bound now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def ports_in_use(tables: tuple[Path, ...] = _TABLES) -> frozenset[int]:
    """Return every local TCP port that appears in the kernel's tables, whatever the state of its connection.

    A table that does not exist (no IPv6) counts as empty.
    """
    found: set[int] = set()
    for table in tables:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            continue
        found.update(int(line.split(maxsplit=2)[1].rpartition(":")[2], 16) for line in lines if line.strip())
    return frozenset(found)


class PortsInUse(Protocol):
    """Tells which ports of this host cannot be drawn."""

    def drawing(self) -> AbstractContextManager[frozenset[int]]:
        """Yield the ports that are not to be drawn within the block."""


class BoundPorts:
    """The ports that are bound, and no others."""

    @contextmanager
    def drawing(self) -> Iterator[frozenset[int]]:
        """Yield the bound ports."""
        yield ports_in_use()
