"""Asks what is at a path that a user gave or wrote: a name that is too long, or may not be looked at, is not there.

``pathlib`` raises there.
"""

from __future__ import annotations

import os
from pathlib import Path


def exists(path: Path) -> bool:
    """Tell whether there is something."""
    return os.path.exists(path)  # noqa: PTH110 - never raises


def is_directory(path: Path) -> bool:
    """Tell whether there is a directory, or a link to one."""
    return os.path.isdir(path)  # noqa: PTH112 - never raises


def is_file(path: Path) -> bool:
    """Tell whether there is a regular file, or a link to one."""
    return os.path.isfile(path)  # noqa: PTH113 - never raises
