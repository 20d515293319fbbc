"""What can be told to be wrong with a recipe before anything is deployed.

Source: Roboconf user guide, "Script Plug-in"; the checks of first lines and templates are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from roboconf_bash.scripts import SCRIPTS, TEMPLATE_SUFFIX, candidates
from roboconf_bash.templates import jinja_fault, jinja_templates
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.lifecycle import Action

_NOT_A_RECIPE = frozenset({"recipe.properties"})
"""Files at the top that say how to treat a recipe, and are none."""


def check_recipe(directory: Path) -> list[Problem]:
    """Return what is wrong with a recipe directory, in the order of its files."""
    if not (directory / SCRIPTS).exists():
        return _without_scripts(directory)
    return [*_ambiguous_actions(directory), *_first_lines(directory), *_invalid_templates(directory)]


def _without_scripts(directory: Path) -> list[Problem]:
    if not any(_has_visible_file(path) for path in directory.iterdir() if path.name not in _NOT_A_RECIPE):
        return []
    message = f"the recipe of '{directory.name}' has files, but no directory '{SCRIPTS}'"
    hint = f"put the actions into {SCRIPTS}/deploy.sh, {SCRIPTS}/start.sh and so on"
    return [Problem(Code.REC_SCRIPT_NO_SCRIPTS_DIR, message, Where(file=str(directory)), hint)]


def _ambiguous_actions(directory: Path) -> Iterator[Problem]:
    for action in Action:
        names = candidates(action, directory)
        if len(names) > 1 and names[0] != f"{action}.sh":
            message = f"{len(names)} scripts fit the action '{action}': {', '.join(names)}; '{names[0]}' is run"
            where = Where(file=str(directory / SCRIPTS))
            yield Problem(
                Code.REC_SCRIPT_AMBIGUOUS, message, where, f"name one of them {action}.sh, and the rest otherwise"
            )


def _first_lines(directory: Path) -> Iterator[Problem]:
    for action in Action:
        for name in candidates(action, directory)[:1]:
            path = directory / SCRIPTS / name
            if not path.exists():
                path = path.with_name(name + TEMPLATE_SUFFIX)
            with path.open("rb") as file:
                first = file.readline(4096)
            where = Where(file=str(path), line=1)
            if first.startswith(b"#!") and first.endswith(b"\r\n"):
                message = f"'{name}' has Windows line ends, so that its interpreter is not found"
                yield Problem(Code.REC_SCRIPT_FIRST_LINE, message, where, "convert it with dos2unix")
            elif not first.startswith(b"#!") and b"\0" not in first:
                message = f"'{name}' does not say what runs it; a shell is taken"
                yield Problem(Code.REC_SCRIPT_FIRST_LINE, message, where, "begin it with #!/usr/bin/env bash")


def _invalid_templates(directory: Path) -> Iterator[Problem]:
    for path in jinja_templates(directory):
        fault = jinja_fault(directory, path)
        if fault is not None:
            where = Where(file=str(path), line=fault[1])
            yield Problem(Code.REC_TEMPLATE_INVALID, f"template '{path.name}' is not valid: {fault[0]}", where)


def _has_visible_file(path: Path) -> bool:
    """Tell whether there is a visible file, here or below; links to directories are not followed: they may go in circles."""
    stack = [path]
    while stack:
        current = stack.pop()
        if current.name.startswith("."):
            continue
        if current.is_file():
            return True
        if current.is_dir() and not current.is_symlink():
            stack += current.iterdir()
    return False
