"""Target definitions: ``*.properties`` that say how the machines of a component are created.

Source: Roboconf user guide, "Deployment Targets".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.paths import is_file
from roboconf_core.dsl.properties import Properties, read_properties
from roboconf_core.dsl.walking import visible_files
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.names import Suggestions

RECIPE_SETTINGS = "recipe.properties"
"""Settings of a recipe; no target."""

_OWN_KEYS = ("id", "handler", "name")


@dataclass(frozen=True, slots=True)
class TargetsOfDirectory:
    """The targets in one directory."""

    default: TargetDefinition | None
    problems: list[Problem]


def read_targets(directory: Directory, *, required: bool = False) -> TargetsOfDirectory:
    """Read all target definitions right in a directory.

    Args:
        directory: Usually ``graph/COMPONENT``.
        required: Whether a directory without any is a problem; otherwise it only is
            one when there are some in its sub-directories.
    """
    names, problems = _names_in(directory)
    targets: dict[str, TargetDefinition] = {}
    for name in names:
        target, found = read_target_file(directory, name)
        problems += found
        if target:
            targets[name] = target
    if not names and not problems and (required or _has_some_below(directory)):
        message = f"{directory.shown or 'the directory'} holds no *.properties of a target"
        hint = "target definitions stand right in this directory, not below"
        problems.append(Problem(Code.REC_TARGET_NO_PROPERTIES, message, directory.where(), hint))
    problems += _check_identifiers(directory, targets)
    return TargetsOfDirectory(_default_of(targets), problems)


def read_target_file(directory: Directory, name: str) -> tuple[TargetDefinition | None, list[Problem]]:
    """Read one target definition; it is None when the file cannot be understood."""
    where = directory.where(name)
    text, problems = directory.read(name)
    if text is None:
        code = Code.REC_TARGET_INVALID_FILE_OR_CONTENT
        return None, [Problem(code, problem.message, problem.where, problem.hint) for problem in problems]
    return read_target(text, where.file)


def read_target(text: str, file: str) -> tuple[TargetDefinition | None, list[Problem]]:
    """Return a target definition and what is wrong with it; None when it cannot be understood.

    Args:
        text: Content of the file.
        file: How the file is called in problems.
    """
    found = read_properties(text)
    if found.malformed:
        return None, [
            Problem(
                Code.REC_TARGET_INVALID_FILE_OR_CONTENT,
                f"'{escape.text}' is no escape: four hexadecimal digits must follow '\\u'",
                Where(file=file, line=escape.line),
                "write a backslash twice",
            )
            for escape in found.malformed
        ]
    values = found.values
    target = TargetDefinition(
        id=values.get("id", "").strip(),
        handler=values.get("handler", "").strip(),
        name=values.get("name", "").strip(),
        properties={key: value for key, value in values.items() if key not in _OWN_KEYS},
    )
    return target, list(_check_target(target, found, file))


def _check_target(target: TargetDefinition, found: Properties, file: str) -> Iterator[Problem]:
    suggestions = Suggestions(found.values)
    for code, key, value, example in (
        (Code.REC_TARGET_NO_ID, "id", target.id, "id = my-target"),
        (Code.REC_TARGET_NO_HANDLER, "handler", target.handler, "handler = local"),
        (Code.REC_TARGET_NO_NAME, "name", target.name, "name = My target"),
    ):
        if not value:
            place = Where(file=file, line=found.lines.get(key, 0))
            hint = suggestions.hint_for(key) if key not in found.values else ""
            yield Problem(code, f"the target has no '{key}'", place, hint or f"add a line '{example}'")


def _check_identifiers(directory: Directory, targets: dict[str, TargetDefinition]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, target in targets.items():
        first = seen.setdefault(target.id, name)
        if target.id and first != name:
            message = f"target '{target.id}' is defined twice, in {first} and in {name}"
            yield Problem(Code.REC_TARGET_CONFLICTING_ID, message, directory.where(name), "change one of the ids")


def _default_of(targets: dict[str, TargetDefinition]) -> TargetDefinition | None:
    for name, target in targets.items():
        if name.lower() == "target.properties":
            return target
    return next(iter(targets.values())) if len(targets) == 1 else None


def _names_in(directory: Directory) -> tuple[list[str], list[Problem]]:
    try:
        names = sorted(entry.name for entry in directory.path.iterdir() if is_file(entry))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"{directory.shown or 'the directory'} cannot be read: {reason}"
        return [], [Problem(Code.REC_TARGET_INVALID_FILE_OR_CONTENT, message, directory.where())]
    return [name for name in names if is_target_file(name)], []


def is_target_file(name: str) -> bool:
    """Tell whether a file right in the directory of a machine is a target definition."""
    return name.lower().endswith(".properties") and not name.startswith(".") and name != RECIPE_SETTINGS


def _has_some_below(directory: Directory) -> bool:
    locations = visible_files(directory.path, unreadable=lambda _: None)  # the check of all locations tells of them
    return any(is_target_file(posixpath.basename(location)) for location in locations)
