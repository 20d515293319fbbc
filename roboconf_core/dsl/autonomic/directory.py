"""Reads ``rules.autonomic/`` and ``probes/`` of an application.

Source: Roboconf user guide, "Autonomic Management".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from roboconf_core.dsl.autonomic.probes import read_parameters, read_probes
from roboconf_core.dsl.autonomic.rules import read_rule
from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.paths import exists
from roboconf_core.dsl.walking import unreadable_below, visible_files
from roboconf_core.errors import Code, Problem
from roboconf_core.model.autonomic import ProbesOfComponent, Rule
from roboconf_core.model.names import Suggestions

RULE_SUFFIX = ".drl"
PROBES_SUFFIX = ".measures"
PARAMETERS_SUFFIX = ".measures.properties"
_LARGEST = 256 * 1024
"""Characters of a rule, or of the probes of a component."""


@dataclass(slots=True)
class RulesOfDirectory:
    """What ``rules.autonomic/`` holds."""

    rules: dict[str, Rule] = field(default_factory=dict)
    """By name; of several with one name, the last one."""
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class ProbesOfDirectory:
    """What ``probes/`` holds."""

    probes: dict[str, ProbesOfComponent] = field(default_factory=dict)
    """By component, unknown ones left out."""
    problems: list[Problem] = field(default_factory=list)


def check_rules(directory: Directory, command_names: Sequence[str]) -> RulesOfDirectory:
    """Read all rules, at any depth.

    Args:
        directory: ``rules.autonomic/``, which exists.
        command_names: Which commands there are.
    """
    found = RulesOfDirectory()
    suggestions = Suggestions(command_names)
    known = frozenset(command_names)
    unreadable = unreadable_below(directory, found.problems, Code.RULE_IO_ERROR)
    for location in visible_files(directory.path, unreadable=unreadable):
        if not location.lower().endswith(RULE_SUFFIX):
            message = f"{location} is no rule: its name does not end with '{RULE_SUFFIX}'"
            hint = "rename it, or move it elsewhere"
            found.problems.append(Problem(Code.PROJ_INVALID_RULE_EXT, message, directory.where(location), hint))
            continue
        rule, problems = read_rule_file(directory, location)
        found.problems += problems
        if rule is None:
            continue
        found.problems += _check_name(rule, found.rules)
        found.problems += _check_commands(rule, known, suggestions)
        found.rules[rule.name] = rule
    return found


def read_rule_file(directory: Directory, location: str) -> tuple[Rule | None, list[Problem]]:
    """Return the rule of a file, None when there is an error, and what is wrong with it."""
    text, problems = _read(directory, location, Code.RULE_IO_ERROR)
    return (None, problems) if text is None else read_rule(text, directory.where(location).file)


def check_probes(directory: Directory, component_names: Sequence[str] | None) -> ProbesOfDirectory:
    """Read the probes of all components.

    Args:
        directory: ``probes/``, which exists.
        component_names: Of the graph; None when they are not known, so that no component is looked up.
    """
    found = ProbesOfDirectory()
    suggestions = Suggestions(component_names or ())
    unreadable = unreadable_below(directory, found.problems, Code.PROBE_IO_ERROR)
    names = [name for name in visible_files(directory.path, unreadable=unreadable) if "/" not in name]
    for name in names:
        suffix = next((each for each in (PROBES_SUFFIX, PARAMETERS_SUFFIX) if name.endswith(each)), None)
        if suffix is None:
            continue
        component = name.removesuffix(suffix)
        known = component_names is None or component in component_names
        if not known:
            message = f"{name} is not looked at: there is no component '{component}'"
            hint = suggestions.hint_for(component) or "the file is named after a component of the graph"
            found.problems.append(Problem(Code.PROBE_UNKNOWN_COMPONENT, message, directory.where(name), hint))
        if suffix == PROBES_SUFFIX:
            probes, problems = read_probes_file(directory, name)
            found.problems += problems
            if probes and known:
                found.probes[component] = probes
    return found


def read_probes_file(directory: Directory, name: str) -> tuple[ProbesOfComponent | None, list[Problem]]:
    """Return the probes of a file with the parameters beside it, and what is wrong with both.

    The probes are None when they cannot be read.
    """
    parameters, problems = _parameters_beside(directory, name)
    text, unreadable = _read(directory, name, Code.PROBE_IO_ERROR)
    if text is None:
        return None, [*unreadable, *problems]
    component = name.removesuffix(PROBES_SUFFIX)
    probes, found = read_probes(text, directory.where(name).file, component=component, parameters=parameters)
    return probes, [*found, *problems]


def _parameters_beside(directory: Directory, name: str) -> tuple[Mapping[str, str] | None, list[Problem]]:
    """Return the parameters of some probes, none without a file, None when it cannot be read."""
    beside = f"{name}.properties"
    if not exists(directory.path / beside):
        return {}, []
    text, problems = _read(directory, beside, Code.PROBE_IO_ERROR)
    return (None, problems) if text is None else read_parameters(text, directory.where(beside).file)


def _read(directory: Directory, location: str, code: Code) -> tuple[str | None, list[Problem]]:
    text, problems = directory.read(location)
    if text is not None and len(text) > _LARGEST:
        where = directory.where(location)
        return None, [Problem(code, f"{where.file} is too large", where, f"at most {_LARGEST} characters are read")]
    return text, [replace(problem, code=code) for problem in problems]


def _check_name(rule: Rule, before: Mapping[str, Rule]) -> Iterator[Problem]:
    first = before.get(rule.name)
    if first is not None:
        message = f"rule '{rule.name}' replaces the one of {first.where}, which has the same name"
        yield Problem(Code.RULE_DUPLICATE_NAME, message, rule.where, "give one of them another name")


def _check_commands(rule: Rule, known: frozenset[str], suggestions: Suggestions) -> Iterator[Problem]:
    for name, where in zip(rule.commands, rule.command_places, strict=True):
        if name in known:
            continue
        bare = name.removesuffix(".commands")
        hint = suggestions.hint_for(bare)
        if bare in known:
            hint = f"write '{bare}', without '.commands'"
        elif not known:
            hint = "there are no commands at all: write commands/NAME.commands"
        message = f"rule '{rule.name}' executes '{name}', but there is no commands/{bare}.commands"
        yield Problem(Code.RULE_UNKNOWN_COMMAND, message, where, hint)
