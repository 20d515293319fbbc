"""Walks through a directory of a user, however deep it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from roboconf_core.dsl.files import Directory
from roboconf_core.errors import Code, Problem


def visible_files(directory: Path, *, unreadable: Callable[[OSError], object]) -> Iterator[str]:
    """Yield the locations of all files below a directory; sorted, the files of a directory before those below it.

    Hidden files and directories are left out. Links to directories are not followed, so there is no way round in circles.

    Args:
        directory: Where to begin.
        unreadable: Told why a directory cannot be listed; the others still are.
    """
    stack = [""]
    while stack:
        location = stack.pop()
        try:
            with os.scandir(directory / location) as found:
                entries = sorted((entry.name, entry.is_dir(), entry.is_symlink()) for entry in found)
        except FileNotFoundError:  # it went away meanwhile
            continue
        except OSError as error:
            unreadable(error)
            continue
        base = f"{location}/" if location else ""
        visible = [entry for entry in entries if not entry[0].startswith(".")]
        yield from (base + name for name, is_directory, _ in visible if not is_directory)
        stack += [base + name for name, is_directory, is_link in reversed(visible) if is_directory and not is_link]


def unreadable_below(directory: Directory, problems: list[Problem], code: Code) -> Callable[[OSError], None]:
    """Return what notes the directories that cannot be listed, as problems with this code."""

    def note(error: OSError) -> None:
        try:
            location = Path(str(error.filename)).relative_to(directory.path).as_posix()
        except ValueError:  # the system names another path, or none
            location = ""
        where = directory.where("" if location == "." else location)
        reason = error.strerror or type(error).__name__
        problems.append(Problem(code, f"{where.file[:200]} cannot be read: {reason}", where))

    return note
