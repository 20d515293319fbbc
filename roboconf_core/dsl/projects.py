"""What a directory is meant to be: an application, a reusable recipe, or a set of targets.

Source: Roboconf user guide, "Application Structure", "Reusable Recipes", "Deployment Targets"; a source tree of
Apache Maven holds an application in ``src/main/model``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.layout import DESCRIPTOR, GRAPH, INSTANCES, PARTS
from roboconf_core.dsl.paths import exists, is_directory, is_file
from roboconf_core.dsl.targets import is_target_file
from roboconf_core.model.names import Suggestions

DESCRIPTOR_FILE = "application.properties"
_MAVEN_MODEL = ("src", "main", "model")
_MAVEN_VERSION = re.compile(r"\$\{[^}]*\}\S*")
_MOST = 1000
"""Directories that are looked into to guess what was meant."""


class DirectoryKind(StrEnum):
    """What a directory is checked as."""

    APPLICATION = "application"
    RECIPE = "recipe"
    TARGETS = "targets"


def kind_of(directory: Path) -> DirectoryKind:
    """Return what a directory seems to be; an application when nothing speaks for something else.

    A recipe has a graph, but neither a descriptor nor instances. Targets have properties at the top, and no
    directory of an application.
    """
    if exists(directory / DESCRIPTOR):
        return DirectoryKind.APPLICATION
    if exists(directory / GRAPH) or exists(directory / INSTANCES):
        is_recipe = bool(graphs_in(directory / GRAPH)) and not _entries(directory / INSTANCES)
        return DirectoryKind.RECIPE if is_recipe else DirectoryKind.APPLICATION
    names = [entry.name for entry in _entries(directory) if is_file(entry)]
    are_targets = any(is_target_file(name) for name in names) and DESCRIPTOR_FILE not in names
    return DirectoryKind.TARGETS if are_targets else DirectoryKind.APPLICATION


def graphs_in(directory: Path) -> list[str]:
    """Return the names of the graph files right in a directory, sorted."""
    return sorted(entry.name for entry in _entries(directory) if entry.suffix.lower() == ".graph" and is_file(entry))


def has_readme(directory: Path) -> bool:
    """Tell whether there is a ``readme`` or ``readme.*``, in any case, at the top."""
    return any(entry.name.lower().partition(".")[0] == "readme" for entry in _entries(directory))


def is_filled_in_by_maven(directory: Path, version: str) -> bool:
    """Tell whether a version such as ``${project.version}`` gets its value when a Maven project is built."""
    if not _MAVEN_VERSION.fullmatch(version):
        return False
    model = directory.absolute()
    return model.parts[-3:] == _MAVEN_MODEL and is_file(model.parents[2] / "pom.xml")


def hint_for_missing_part(root: Directory, part: str) -> str:
    """Return what a user probably did who gave a directory that has not this part of an application."""
    entries = _entries(root.path)
    directories = [entry.name for entry in entries if is_directory(entry)]
    close = Suggestions(name for name in directories if name not in PARTS).closest(part)
    if close:
        return f"there is '{close}': rename it to '{part}'"
    if part == DESCRIPTOR and any(entry.name == DESCRIPTOR_FILE for entry in entries):
        return f"move {DESCRIPTOR_FILE} into a directory '{DESCRIPTOR}'"
    absolute = root.path.absolute()
    graphs = graphs_in(root.path)
    if part == GRAPH and graphs and absolute.name != GRAPH:
        return f"move {graphs[0]} into a directory '{GRAPH}'"
    if absolute.name in PARTS and is_directory(absolute.parent / GRAPH):
        return f"this is a part of an application: give the directory above, '{_above(root)}'"
    below = [posixpath.join(root.shown, location) for location in _applications_below(root.path, directories)]
    if below and part == DESCRIPTOR:
        return f"did you mean {' or '.join(repr(each) for each in below[:3])}?"
    return "an application has the directories 'descriptor', 'graph' and 'instances'"


def _above(root: Directory) -> str:
    return ".." if root.shown in ("", ".") else posixpath.dirname(root.shown.rstrip("/")) or "."


def _applications_below(directory: Path, names: list[str]) -> Iterator[str]:
    for location in ("/".join(_MAVEN_MODEL), *sorted(names)[:_MOST]):
        if is_file(directory / location / DESCRIPTOR / DESCRIPTOR_FILE):
            yield location


def _entries(directory: Path) -> list[Path]:
    """Return what is visible in a directory, nothing when it cannot be listed: whoever loads it says why."""
    try:
        return [entry for entry in directory.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
