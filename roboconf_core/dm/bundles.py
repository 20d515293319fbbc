"""Recipes as content-addressed bundles: made once, sent in bounded chunks."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from roboconf_core.dm.home import sync_directory
from roboconf_core.messages.types import BundleChunk

CHUNK_BYTES = 256 * 1024
"""Longest part of a bundle in one message, before base64."""

_PREFIX = "sha256:"


class BundleStore:
    """Keeps bundles as ``<hex>.tar.gz`` files named by their digest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, recipe: Path) -> str:
        """Make the bundle of a recipe directory and return its digest, ``sha256:<hex>``.

        The same files always give the same bytes: entries are sorted, owners and times are
        left out, permissions are kept, hidden files are skipped.
        """
        descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=".new-")
        new = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                write_bundle(recipe, stream)
                stream.flush()
                os.fsync(stream.fileno())
                stream.seek(0)
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            new.replace(self._directory / f"{digest}.tar.gz")
        finally:
            new.unlink(missing_ok=True)
        sync_directory(self._directory)
        return _PREFIX + digest

    def has(self, digest: str) -> bool:
        """Tell whether a bundle is there."""
        return self._file(digest) is not None

    def chunk(self, digest: str, offset: int) -> BundleChunk:
        """Return the part of a bundle that starts at an offset in bytes; size 0 when there is no such bundle."""
        file = self._file(digest)
        if file is None or offset < 0:
            return BundleChunk(digest=digest, offset=offset, size=0, data="")
        with file.open("rb") as stream:
            stream.seek(offset)
            data = stream.read(CHUNK_BYTES)
            size = os.fstat(stream.fileno()).st_size
        return BundleChunk(digest=digest, offset=offset, size=size, data=base64.b64encode(data).decode("ascii"))

    def keep_only(self, digests: frozenset[str]) -> None:
        """Remove every bundle that nothing refers to any more, and what an accident left behind."""
        for file in self._directory.iterdir():
            if _PREFIX + file.name.removesuffix(".tar.gz") not in digests:
                file.unlink()

    def _file(self, digest: str) -> Path | None:
        hexadecimal = digest.removeprefix(_PREFIX)
        if len(hexadecimal) != 64 or not set(hexadecimal) <= set("0123456789abcdef"):
            return None
        file = self._directory / f"{hexadecimal}.tar.gz"
        return file if file.is_file() else None


def write_bundle(recipe: Path, stream: object) -> None:
    """Write a recipe directory as a deterministic, compressed archive to a binary stream."""
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as packed,  # type: ignore[call-overload]  # any writable binary stream
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _entries(recipe):
            info = _described(path, path.relative_to(recipe).as_posix())
            if info.isreg():
                with path.open("rb") as content:
                    archive.addfile(info, content)
            else:
                archive.addfile(info)


def _entries(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir(), key=lambda p: p.name):
        if path.name.startswith("."):
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            continue
        yield path
        if path.is_dir():
            yield from _entries(path)


def _described(path: Path, name: str) -> tarfile.TarInfo:
    status = path.stat()
    info = tarfile.TarInfo(name)
    info.mode = stat.S_IMODE(status.st_mode) & 0o777
    if path.is_dir():
        info.type = tarfile.DIRTYPE
    else:
        info.size = status.st_size
    return info
