"""``roboconf down --purge``: removes logs and history; only what a deployment manager made, whatever else is there."""

from __future__ import annotations

import shutil
from pathlib import Path

from roboconf_core.cli.output import print_line
from roboconf_core.dm.home import Home

_FILES = ("dm.json", "dm.lock", "dm.log*", "dm.out", "start.lock", "database.sqlite3*", "messages.sqlite3*")


def purge_home(home: Home) -> None:
    """Remove what is in a home, and its directory when nothing else is in it."""
    if not home.directory.is_dir():
        return
    for directory in (home.templates, home.bundles, home.machines, home.uploads):
        _remove_tree(directory)
    for pattern in _FILES:
        for file in home.directory.glob(pattern):
            file.unlink()
    if any(home.directory.iterdir()):
        print_line(f"logs and history removed; {home.directory} stays, because other files are in it")
    else:
        home.directory.rmdir()
        print_line(f"{home.directory} removed")


def purge_application(home: Home, application: str) -> None:
    """Remove the directories of an application's machines: logs and what its recipes left there."""
    _remove_tree(home.machine_directory(application, "/").parent)
    print_line(f"logs and history of {application} removed")


def _remove_tree(directory: Path) -> None:
    if directory.is_dir():
        shutil.rmtree(directory)
