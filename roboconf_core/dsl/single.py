"""Checks one file on its own, for what needs no application around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from roboconf_core.dsl.descriptor import read_descriptor
from roboconf_core.dsl.files import Directory, read_sources, read_text
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.layout import in_file_order
from roboconf_core.dsl.recipes import settings_of_text
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.dsl.targets import RECIPE_SETTINGS, read_target
from roboconf_core.errors import Problem, Where

SUFFIXES = (".graph", ".instances", ".properties")
"""What a file that can be checked ends with, in any case."""


def check_file(file: Path) -> list[Problem]:
    """Return what is wrong with one file, in the order of its lines.

    A ``.graph`` is checked as a whole graph, its imports looked up beside it; a
    ``.instances`` for what needs no graph. ``application.properties`` is a descriptor,
    ``recipe.properties`` holds settings of a recipe, any other properties are a target.

    Raises:
        ValueError: If the name of the file ends with none of ``SUFFIXES``.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{file.name} is none of {', '.join(SUFFIXES)}")
    if suffix == ".properties":
        return in_file_order(_check_properties(file))
    shown = "" if file.parent == Path() else str(file.parent)
    directory = Directory(file.parent, shown)
    if suffix == ".graph":
        return in_file_order(build_graph(read_sources(directory, file.name, FileKind.GRAPH)).problems)
    sources = read_sources(directory, file.name, FileKind.INSTANCES)
    return in_file_order(build_instances(sources, None, None).problems)


def _check_properties(file: Path) -> list[Problem]:
    text, problems = read_text(file, Where(file=str(file)))
    if text is None:
        return problems
    readers: dict[str, Callable[[str, str], tuple[object, list[Problem]]]] = {
        "application.properties": read_descriptor,
        RECIPE_SETTINGS: settings_of_text,
    }
    return readers.get(file.name, read_target)(text, str(file))[1]
