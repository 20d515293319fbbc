"""What can be told to be wrong with a Puppet recipe before anything is deployed.

Source: Roboconf user guide, "Puppet Plug-in".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.graph import Component, ImportedVariable
from roboconf_core.model.names import Suggestions
from roboconf_puppet.manifest import PuppetClass, classes_of
from roboconf_puppet.syntax import ask_puppet

MODULE_PREFIX = "roboconf_"
"""How the name of a recipe's module begins, in any case."""


def check_recipe(component: Component, directory: Path) -> list[Problem]:
    """Return what is wrong with a recipe.

    Args:
        component: With the imports that it inherits.
        directory: Where the recipe is, beside the recipes of the other components.
    """
    problems = [*_wildcards(component)]
    modules = _modules_of(directory)
    if len(modules) != 1:
        return [*problems, _wrong_number(directory, modules)]
    manifests = _manifests_of(modules[0])
    prefixes = _imports_by_parameter(component.imports)
    for manifest in manifests:
        if manifest.parent == modules[0] / "manifests":
            text = manifest.read_text(encoding="utf-8", errors="replace")
            problems += _check_parameters(manifest, modules[0], text, prefixes)
    return [*problems, *_syntax_errors(modules[0], manifests)]


def parameter_of(prefix: str) -> str:
    """Return the name of the parameter that carries the imports of a prefix.

    It is in lower case; what no Puppet name can hold (``-``) becomes ``_``.
    """
    return re.sub(r"[^a-z0-9_]+", "_", prefix.lower())


def _wildcards(component: Component) -> Iterator[Problem]:
    wildcards = [variable for variable in component.imports if variable.name.endswith(".*")]
    if wildcards:
        names = ", ".join(f"'{variable.name}'" for variable in wildcards)
        message = f"component '{component.name}' imports {names}, but Puppet classes know their parameters beforehand"
        hint = f"import each variable by its name, such as '{wildcards[0].prefix}.ip'"
        yield Problem(Code.REC_PUPPET_DISLIKES_WILDCARD_IMPORTS, message, wildcards[0].where, hint)


def _modules_of(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.name.lower().startswith(MODULE_PREFIX) and path.is_dir())


def _manifests_of(module: Path) -> list[Path]:
    return sorted(path for path in (module / "manifests").rglob("*.pp") if path.is_file())


def _wrong_number(directory: Path, modules: list[Path]) -> Problem:
    where = Where(file=str(directory))
    if modules:
        names = ", ".join(f"'{path.name}'" for path in modules)
        message = f"the recipe of '{directory.name}' has {len(modules)} modules: {names}"
        hint = f"keep one; names of modules that it uses do not begin with '{MODULE_PREFIX}'"
        return Problem(Code.REC_PUPPET_HAS_TOO_MANY_RBCF_MODULES, message, where, hint)
    message = f"the recipe of '{directory.name}' has no module, that is a directory '{MODULE_PREFIX}...'"
    other = next((path.name for path in sorted(directory.iterdir()) if (path / "manifests").is_dir()), None)
    hint = f"put its classes into {MODULE_PREFIX}{parameter_of(directory.name)}/manifests/init.pp"
    if other is not None:
        hint = f"rename the module '{other}', and its classes, to '{MODULE_PREFIX}{other}'"
    return Problem(Code.REC_PUPPET_HAS_NO_RBCF_MODULE, message, where, hint)


def _imports_by_parameter(imports: Iterable[ImportedVariable]) -> dict[str, list[str]]:
    """Return the parameters that carry imports, each with the names of what is imported."""
    found: dict[str, list[str]] = {}
    for variable in imports:
        found.setdefault(parameter_of(variable.prefix), []).append(variable.name)
    return found


def _check_parameters(manifest: Path, module: Path, text: str, prefixes: dict[str, list[str]]) -> Iterator[Problem]:
    found = _main_class(manifest, module, text)
    if found is None:
        return
    where = Where(file=str(manifest), line=found.line, column=found.column)
    updates = "update.pp" if (manifest.parent / "update.pp").is_file() else "init.pp"
    if manifest.name == updates and "importDiff" not in found.parameters:
        purpose = "by which 'update' is told what changed"
        yield _missing(Code.REC_PUPPET_MISSING_PARAM_IMPORT_DIFF, found, "importDiff", purpose, where)
    if "runningState" not in found.parameters:
        purpose = "by which every action is told what services should do"
        yield _missing(Code.REC_PUPPET_MISSING_PARAM_RUNNING_STATE, found, "runningState", purpose, where)
    for name, imported in prefixes.items():
        if name not in found.parameters:
            purpose = f"which carries {', '.join(imported)}"
            yield _missing(Code.REC_PUPPET_MISSING_PARAM_FROM_IMPORT, found, name, purpose, where)


def _main_class(manifest: Path, module: Path, text: str) -> PuppetClass | None:
    """Return the class that a manifest is named for, otherwise its first one with parameters."""
    name = module.name if manifest.stem == "init" else f"{module.name}::{manifest.stem}"
    classes = list(classes_of(text))
    return next((each for each in classes if each.name.lower() == name.lower()), classes[0] if classes else None)


def _missing(code: Code, found: PuppetClass, name: str, purpose: str, where: Where) -> Problem:
    close = Suggestions(found.parameters).closest(name)
    hint = f"rename '${close}'?" if close else f"add '${name} = undef'"
    message = f"class '{found.name}' has no parameter '${name}', {purpose}"
    return Problem(code, message, where, hint)


def _syntax_errors(module: Path, manifests: list[Path]) -> Iterator[Problem]:
    if not manifests:
        return
    answer = ask_puppet(_manifests_beside(module.parent))
    if answer is None:
        return
    if answer.failure:
        message = f"'puppet parser validate' could not check the manifests: {answer.failure}"
        hint = "run it by hand to see more"
        yield Problem(Code.REC_PUPPET_NOT_CHECKED, message, Where(file=str(module / "manifests")), hint)
    for manifest in manifests:
        if manifest in answer.faults:
            fault = answer.faults[manifest]
            where = Where(file=str(manifest), line=fault.line, column=fault.column)
            yield Problem(Code.REC_PUPPET_SYNTAX_ERROR, fault.message, where)


def _manifests_beside(directory: Path) -> list[Path]:
    """Return the manifests of a recipe and of those beside it, which will be asked about next."""
    found: list[Path] = []
    for recipe in sorted(directory.parent.iterdir()):
        with suppress(NotADirectoryError, PermissionError):  # told of when that recipe is checked
            found += (manifest for module in _modules_of(recipe) for manifest in _manifests_of(module))
    return found
