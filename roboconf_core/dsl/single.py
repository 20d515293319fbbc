"""Checks one file on its own, for what needs no application around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from roboconf_core.dsl.autonomic.directory import (
    PARAMETERS_SUFFIX,
    PROBES_SUFFIX,
    RULE_SUFFIX,
    read_probes_file,
    read_rule_file,
)
from roboconf_core.dsl.autonomic.probes import read_parameters
from roboconf_core.dsl.commands.directory import SUFFIX as COMMANDS_SUFFIX
from roboconf_core.dsl.commands.directory import check_commands_file
from roboconf_core.dsl.descriptor import read_descriptor
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.layout import in_file_order
from roboconf_core.dsl.recipes import settings_of_text
from roboconf_core.dsl.steps import FINE_IN_RECIPES
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.dsl.targets import RECIPE_SETTINGS, read_target
from roboconf_core.errors import Problem

SUFFIXES = (".graph", ".instances", ".properties", COMMANDS_SUFFIX, RULE_SUFFIX, PROBES_SUFFIX)
"""What a file that can be checked ends with, in any case."""


def check_file(file: Path, *, is_recipe: bool = False) -> list[Problem]:
    """Return what is wrong with one file, in the order of its lines.

    A ``.graph`` is checked as a whole graph, its imports looked up beside it; others for what needs no graph. Beside
    a ``.measures``, its parameters are looked up. ``application.properties`` is a descriptor, ``recipe.properties``
    holds settings of a recipe, ``*.measures.properties`` parameters of probes; any other properties are a target.

    Args:
        file: What is checked.
        is_recipe: Whether a graph is that of a recipe for other applications.

    Raises:
        ValueError: If the name of the file ends with none of ``SUFFIXES``.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{file.name} is none of {', '.join(SUFFIXES)}")
    directory = Directory(file.parent, "" if file.parent == Path() else str(file.parent))
    checks: dict[str, Callable[[], list[Problem]]] = {
        ".graph": lambda: _check_graph(directory, file.name, is_recipe=is_recipe),
        ".instances": lambda: _check_instances(directory, file.name),
        ".properties": lambda: _check_properties(directory, file.name),
        COMMANDS_SUFFIX: lambda: check_commands_file(directory, file.name),
        RULE_SUFFIX: lambda: read_rule_file(directory, file.name)[1],
        PROBES_SUFFIX: lambda: read_probes_file(directory, file.name)[1],
    }
    return in_file_order(checks[suffix]())


def _check_graph(directory: Directory, name: str, *, is_recipe: bool) -> list[Problem]:
    problems = build_graph(read_sources(directory, name, FileKind.GRAPH)).problems
    return [problem for problem in problems if not is_recipe or problem.code not in FINE_IN_RECIPES]


def _check_instances(directory: Directory, name: str) -> list[Problem]:
    return build_instances(read_sources(directory, name, FileKind.INSTANCES), None, None).problems


def _check_properties(directory: Directory, name: str) -> list[Problem]:
    text, problems = directory.read(name)
    if text is None:
        return problems
    readers: dict[str, Callable[[str, str], tuple[object, list[Problem]]]] = {
        "application.properties": read_descriptor,
        RECIPE_SETTINGS: settings_of_text,
    }
    is_parameters = name.lower().endswith(PARAMETERS_SUFFIX)
    read = read_parameters if is_parameters else readers.get(name, read_target)
    return read(text, directory.where(name).file)[1]
