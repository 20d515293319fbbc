"""Loads the directory of an application template, from its descriptor to its commands, rules and probes.

Source: Roboconf user guide, "Application Structure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roboconf_core.dsl.commands.check import CheckedCommands
from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.layout import DESCRIPTOR, GRAPH, PARTS, check_locations, in_file_order
from roboconf_core.dsl.paths import is_directory
from roboconf_core.dsl.recipes import RecipesOfGraph, read_recipes
from roboconf_core.dsl.steps import Loading
from roboconf_core.errors import Code, Problem, has_errors
from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.autonomic import ProbesOfComponent, Rule
from roboconf_core.model.checks_application import check_external_exports
from roboconf_core.model.graph import Component, Graph
from roboconf_core.model.instance import Instance

RecipeCheck = Callable[[Component, str, Path], Iterable[Problem]]
"""Called with a component (inherited imports included), its installer and its recipe directory."""


@dataclass(frozen=True, slots=True)
class LoadedApplication:
    """What a directory holds."""

    template: ApplicationTemplate | None
    """None when a problem is an error. Bundles are left to whoever packs them."""
    problems: list[Problem]
    """In the order of the files, each file from top to bottom."""
    resources: dict[str, Path] = field(default_factory=dict)
    """Component to the directory of its recipe, its own or that of the nearest super component;
    absent when there is none. Those of machines hold their targets."""
    commands: Mapping[str, CheckedCommands] = field(default_factory=dict)
    """By name."""
    rules: dict[str, Rule] = field(default_factory=dict)
    """By name."""
    probes: dict[str, ProbesOfComponent] = field(default_factory=dict)
    """By component."""


def load_application(
    directory: Path,
    *,
    check_recipe: RecipeCheck | None = None,
    shown: str | None = None,
    unsaved: Mapping[Path, str] | None = None,
    is_recipe: bool = False,
) -> LoadedApplication:
    """Load an application template; whatever is there, nothing is raised.

    Args:
        directory: Holds ``descriptor/``, ``graph/`` and perhaps ``instances/`` and more.
        check_recipe: Asked about the recipe of each component that has one.
        shown: What stands before the names of files in problems; the directory by default,
            an empty text for names relative to it.
        unsaved: Files that are open in an editor, with the text that counts instead of what is on the disk.
        is_recipe: Whether it is a recipe for other applications: it needs no descriptor, no machine for its
            components, nor all that they import.
    """
    root = Directory(directory, str(directory) if shown is None else shown, unsaved or {})
    problem = _why_unreadable(root)
    if problem is not None:
        return LoadedApplication(None, [problem])
    return _load(Loading(root, is_recipe), check_recipe)


def application_root(directory: Path) -> Path:
    """Return where the application of an extracted archive is: the directory, or the only directory in it."""
    visible = [entry for entry in directory.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    is_wrapped = len(visible) == 1 and is_directory(visible[0]) and visible[0].name not in PARTS
    return visible[0] if is_wrapped else directory


def _why_unreadable(root: Directory) -> Problem | None:
    try:
        next(root.path.iterdir(), None)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"{root.shown or 'the directory'} cannot be read: {reason}"
        return Problem(Code.P_IO_ERROR, message, root.where())
    return None


def _load(loading: Loading, check_recipe: RecipeCheck | None) -> LoadedApplication:
    problems = loading.problems
    descriptor = loading.descriptor()
    found = loading.graph(descriptor)
    before = len(problems)
    instances = loading.instances(descriptor, found)
    known_instances = None if found is None or found.graph is None or has_errors(problems[before:]) else instances
    recipes = RecipesOfGraph()
    if found and found.graph:
        recipes = read_recipes(loading.root.sub(GRAPH), found.graph, check_recipe)
        problems += recipes.problems
    commands = loading.commands(found, known_instances)
    rules = loading.rules(commands.names)
    probes = loading.probes(found.component_names if found else None)
    if descriptor and found and found.graph and not has_errors(problems):
        problems += check_external_exports(descriptor, found.graph)
    if any(is_directory(loading.root.path / part) for part in (DESCRIPTOR, GRAPH)):  # else it is something else
        problems += check_locations(loading.root, loading.read)
    if loading.is_recipe:
        loading.check_recipe(instances)
    template = None
    if descriptor and found and found.graph and not has_errors(problems):
        template = _template(descriptor, found.graph, instances, recipes)
    return LoadedApplication(
        template, in_file_order(problems), recipes.resources, commands.commands, rules.rules, probes.probes
    )


def _template(
    descriptor: Descriptor, graph: Graph, instances: tuple[Instance, ...], recipes: RecipesOfGraph
) -> ApplicationTemplate:
    return ApplicationTemplate(
        descriptor=descriptor,
        graph=graph,
        instances=instances,
        settings=recipes.settings,
        targets=recipes.targets,
    )
