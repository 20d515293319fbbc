"""Where the files of an application stand, and in which order their problems are told.

Source: Roboconf user guide, "Application Structure".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace

from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.walking import unreadable_below, visible_files
from roboconf_core.errors import Code, Problem

DESCRIPTOR, GRAPH, INSTANCES, COMMANDS, RULES, PROBES = PARTS = (
    "descriptor",
    "graph",
    "instances",
    "commands",
    "rules.autonomic",
    "probes",
)
"""Directories of an application."""

_IMPORTED = {".graph": GRAPH, ".instances": INSTANCES}
_LISTED = {".commands": COMMANDS, ".drl": RULES, ".measures": PROBES}


def check_locations(root: Directory, read: Iterable[str]) -> list[Problem]:
    """Return what stands where nothing looks for it, and graph and instances files that nothing imports.

    Args:
        root: The application.
        read: Locations, from the root, of all files that were read.
    """
    read = frozenset(read)
    problems: list[Problem] = []
    for location in visible_files(root.path, unreadable=unreadable_below(root, problems, Code.P_IO_ERROR)):
        suffix = posixpath.splitext(location)[1].lower()
        if suffix in _IMPORTED and location not in read:
            problems.append(_not_imported(root, location, _IMPORTED[suffix]))
        elif suffix in _LISTED and not _is_listed(location, _LISTED[suffix]):
            problems.append(_misplaced(root, location, _LISTED[suffix]))
    return problems


def _is_listed(location: str, place: str) -> bool:
    """Tell whether a file is found by the listing of its directory, or may be anything: recipes hold what they like."""
    part, _, below = location.partition("/")
    return (part == place and (place != PROBES or "/" not in below)) or (part == GRAPH and "/" in below)


def _not_imported(root: Directory, location: str, place: str) -> Problem:
    if not location.startswith(f"{place}/"):
        return _misplaced(root, location, place)
    message = f"{location} is not looked at: neither the descriptor nor another file names it"
    return Problem(
        Code.PROJ_UNREACHABLE_FILE, message, replace(root.where(location), line=1), "import it, or remove it"
    )


def _misplaced(root: Directory, location: str, place: str) -> Problem:
    where = replace(root.where(location), line=1)
    directly = " itself" if location.startswith(f"{place}/") else ""
    hint = f"move it into the directory '{place}'{directly}"
    return Problem(Code.PROJ_INVALID_FILE_LOCATION, f"{location} is not looked at", where, hint)


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
