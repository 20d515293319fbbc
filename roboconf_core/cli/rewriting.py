"""Finds the files that can be formatted, and replaces their content in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = (".graph", ".instances")
"""What a file that can be formatted ends with, in any case."""


def is_formatted_kind(path: Path) -> bool:
    """Tell whether a file is of a kind that can be formatted."""
    return path.suffix.lower() in SUFFIXES


def files_to_format(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are named, and those below the directories that are named; each file once.

    Hidden files and directories are left out below a directory, and so are links: what
    they lead to is either found there as well, or is no part of the directory.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _files_below(path) if path.is_dir() else [path]:
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def _files_below(directory: Path) -> Iterator[Path]:
    for current, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        for name in sorted(names):
            file = Path(current, name)
            if not name.startswith(".") and is_formatted_kind(file) and not file.is_symlink() and file.is_file():
                yield file


def replace_text(path: Path, text: str) -> None:
    """Replace the content of a file: there is the old or the new one at any time, never a part of it.

    Permissions and owner stay. A link stays, too: what it leads to is replaced.

    Raises:
        OSError: If that is not allowed, or not possible; then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    with target.open("r+b") as old:  # refuses what may not be written, although a new file could take its place
        status = os.fstat(old.fileno())
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".roboconf-fmt-", delete=False) as new:
        try:
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(new.fileno(), status.st_uid, status.st_gid)
            os.fchmod(new.fileno(), stat.S_IMODE(status.st_mode))
            new.write(text.encode())
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(target)
        except BaseException:
            Path(new.name).unlink()
            raise
