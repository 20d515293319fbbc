"""What an agent must not forget: keys and JSON values, on disk, whole after a crash at any instant.

The file is a log. Each line is one batch: ``CRC32 LENGTH JSON``, where the JSON is a list
of ``[key, value]`` (save) and ``[key]`` (forget). A line that was cut short or damaged
counts as if it had never been written, and so does its whole batch.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

Change = tuple[str] | tuple[str, Any]
"""``(key,)`` forgets, ``(key, value)`` saves."""

COMPACT_BYTES = 256 * 1024
"""The log is written anew once it is longer than this, and four times as long as it need be."""


class Journal:
    """An open journal; used by one thread of one process at a time (``lock_directory`` sees to that)."""

    def __init__(self, path: Path, *, compact_bytes: int = COMPACT_BYTES) -> None:
        """Read the journal, then write it anew without what was damaged.

        Raises:
            OSError: If it can be neither read nor written.
        """
        self._path = path
        self._compact_bytes = compact_bytes
        self._descriptor = -1
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        self._values, self.damaged = replay(content)
        self.compact()

    @property
    def values(self) -> dict[str, Any]:
        """Everything that is saved, oldest key first."""
        return dict(self._values)

    def commit(self, changes: Sequence[Change]) -> None:
        """Record changes, all or none: they outlive this process, and once they are synced a loss of power.

        Raises:
            OSError: If there is no room; nothing is recorded then.
        """
        if not changes:
            return
        line = _line([list(change) for change in changes])
        self._append(line)
        _apply(self._values, changes)
        if self._size > self._compact_bytes and self._size > 4 * self._compact_size:
            self.compact()

    def sync(self) -> None:
        """Have all that was committed on disk.

        Raises:
            OSError: If the disk refuses.
        """
        try:
            self.syncing()()
        except OSError:
            self.compact()

    def syncing(self) -> Callable[[], None]:
        """Return what waits, in any thread, until all that was committed so far is on disk; to be called once.

        It raises ``OSError`` if the disk refuses; then ``compact`` is needed, because the
        kernel does not try again to write what it could not write once.
        """
        descriptor = os.dup(self._descriptor)  # the journal may get another file meanwhile

        def sync() -> None:
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)

        return sync

    def close(self) -> None:
        """Leave the file; what was committed stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, line: bytes) -> None:
        try:
            _write(self._descriptor, line)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)

    def compact(self) -> None:
        """Write the log anew, as short as possible; it is on disk when this returns.

        Raises:
            OSError: If there is no room; the old log stays.
        """
        line = _line([[key, value] for key, value in self._values.items()]) if self._values else b""
        draft = self._path.with_name(f"{self._path.name}.draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            _write(descriptor, line)
            os.fsync(descriptor)
            draft.rename(self._path)
            _sync_directory(self._path.parent)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor, self._size, self._compact_size = descriptor, len(line), len(line)


def replay(content: bytes) -> tuple[dict[str, Any], int]:
    """Return what a log says, and how many of its lines are not whole."""
    values: dict[str, Any] = {}
    damaged = 0
    for line in content.splitlines(keepends=True):
        changes = _read(line)
        if changes is None:
            damaged += 1
        else:
            _apply(values, changes)
    return values, damaged


def _line(changes: list[list[Any]]) -> bytes:
    body = json.dumps(changes, separators=(",", ":")).encode()
    return b"%08x %d %s\n" % (zlib.crc32(body), len(body), body)


def _read(line: bytes) -> list[Change] | None:
    checksum, _, rest = line.partition(b" ")
    length, _, body = rest.partition(b" ")
    if not body.endswith(b"\n") or length != b"%d" % (len(body) - 1) or checksum != b"%08x" % zlib.crc32(body[:-1]):
        return None
    return [tuple(change) for change in json.loads(body)]


def _apply(values: dict[str, Any], changes: Iterable[Change]) -> None:
    for change in changes:
        values.pop(change[0], None)
        if len(change) == 2:
            values[change[0]] = change[1]


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
