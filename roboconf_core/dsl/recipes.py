"""Recipe directories: which component uses which, targets of machines, settings of recipes.

Source: Roboconf user guide, "Application Structure"; ``recipe.properties`` is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.paths import is_directory, is_file
from roboconf_core.dsl.properties import read_properties
from roboconf_core.dsl.targets import RECIPE_SETTINGS, TargetsOfDirectory, read_targets
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.graph import Component, Graph
from roboconf_core.model.names import Suggestions
from roboconf_core.model.settings import Settings, property_names, settings_from


@dataclass(slots=True)
class RecipesOfGraph:
    """What the recipe directories of a graph hold."""

    resources: dict[str, Path] = field(default_factory=dict)
    targets: dict[str, TargetDefinition] = field(default_factory=dict)
    settings: dict[str, Settings] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_recipes(
    directory: Directory, graph: Graph, check_recipe: Callable[[Component, str, Path], Iterable[Problem]] | None
) -> RecipesOfGraph:
    """Read the recipe directories of all components.

    Args:
        directory: ``graph/``.
        graph: A sound graph.
        check_recipe: Asked about the recipe of each component that is no machine; told the component with all
            imports, inherited ones included, its installer, and the directory of the recipe.
    """
    found = RecipesOfGraph()
    targets: dict[str, TargetsOfDirectory] = {}
    settings: dict[str, Settings | None] = {}
    for component in graph.components.values():
        name = next((each for each in graph.supers(component.name) if is_directory(directory.path / each)), None)
        if name is None:
            found.problems.append(_no_directory(component))
            continue
        recipe = directory.sub(name)
        found.resources[component.name] = recipe.path
        if graph.is_target(component.name):
            if name not in targets:
                targets[name] = read_targets(recipe)
                found.problems += targets[name].problems
            if default := targets[name].default:
                found.targets[component.name] = default
        elif check_recipe is not None:
            installer = graph.installer_of(component.name) or ""
            complete = replace(component, imports=graph.imports_of(component.name))
            found.problems += (recipe.as_shown(each) for each in check_recipe(complete, installer, recipe.path))
        if name not in settings:
            settings[name], problems = read_settings(recipe)
            found.problems += problems
        if own := settings[name]:
            found.settings[component.name] = own
    return found


def read_settings(recipe: Directory) -> tuple[Settings | None, list[Problem]]:
    """Return the settings in a recipe directory, None when it sets nothing, and what is wrong with them."""
    where = recipe.where(RECIPE_SETTINGS)
    if not is_file(recipe.path / RECIPE_SETTINGS):
        return None, []
    text, problems = recipe.read(RECIPE_SETTINGS)
    return (None, problems) if text is None else settings_of_text(text, where.file)


def settings_of_text(text: str, file: str) -> tuple[Settings, list[Problem]]:
    """Return the settings that a ``recipe.properties`` gives, and what is wrong with it."""
    properties = read_properties(text)
    settings, wrong = settings_from(properties.values)
    suggestions = Suggestions(property_names())
    problems = [
        Problem(
            Code.REC_INVALID_SETTINGS,
            message,
            Where(file=file, line=properties.lines[key]),
            "" if key in property_names() else suggestions.hint_for(key),
        )
        for key, message in wrong
    ]
    problems += [
        Problem(Code.REC_INVALID_SETTINGS, f"'{escape.text}' is no escape", Where(file=file, line=escape.line))
        for escape in properties.malformed
    ]
    return settings, problems


def _no_directory(component: Component) -> Problem:
    message = f"component '{component.name}' has no recipe directory"
    hint = f"create the directory graph/{component.name}"
    return Problem(Code.PROJ_NO_RESOURCE_DIRECTORY, message, component.where, hint)
