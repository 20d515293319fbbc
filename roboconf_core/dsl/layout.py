"""Where the files of an application stand, and in which order their problems are told."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from roboconf_core.dsl.files import Directory
from roboconf_core.errors import Code, Problem

_PLACES = {".graph": "graph", ".instances": "instances"}


def check_locations(root: Directory, read: Iterable[str]) -> Iterator[Problem]:
    """Yield graph and instances files that stand elsewhere, or that nothing imports.

    Args:
        root: The application.
        read: Locations, from the root, of all files that were read.
    """
    read = frozenset(read)
    for location in _visible_files(root):
        place = _PLACES.get(posixpath.splitext(location)[1].lower())
        where = replace(root.where(location), line=1)
        if place is None or location in read:
            continue
        if not location.startswith(f"{place}/"):
            message = f"{location} is not looked at"
            yield Problem(Code.PROJ_INVALID_FILE_LOCATION, message, where, f"move it into the directory '{place}'")
        else:
            message = f"{location} is not looked at: neither the descriptor nor another file names it"
            yield Problem(Code.PROJ_UNREACHABLE_FILE, message, where, "import it, or remove it")


def _visible_files(root: Directory) -> Iterator[str]:
    """Yield the locations of all files, sorted; hidden ones and hidden directories are left out."""
    for current, directories, files in os.walk(root.path):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        base = Path(current).relative_to(root.path)
        for name in sorted(name for name in files if not name.startswith(".")):
            yield (base / name).as_posix()


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without repetitions, file by file as they come, each file from top to bottom."""
    distinct = list(dict.fromkeys(problems))
    files: dict[str, int] = {}
    for problem in distinct:
        files.setdefault(problem.where.file if problem.where else "", len(files))
    return sorted(
        distinct,
        key=lambda p: (files[p.where.file], p.where.line, p.where.column) if p.where else (files[""], 0, 0),
    )
