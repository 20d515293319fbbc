"""The commands of an application: all files below ``commands/``.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roboconf_core.dsl.commands.check import CheckedCommands, CommandsChecker, check_commands_text
from roboconf_core.dsl.commands.executions import SUFFIX as SUFFIX
from roboconf_core.dsl.commands.executions import executed_by
from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.walking import unreadable_below, visible_files
from roboconf_core.errors import Code, Problem
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance


@dataclass(frozen=True, slots=True)
class CommandsOfDirectory:
    """What the files of a directory say."""

    names: tuple[str, ...] = ()
    """Names of commands: of their files, without the extension."""
    commands: Mapping[str, CheckedCommands] = field(default_factory=dict)
    """Name to what the first file of this name says; absent when it cannot be read."""
    problems: list[Problem] = field(default_factory=list)


def check_commands(directory: Directory, graph: Graph | None, roots: Sequence[Instance] | None) -> CommandsOfDirectory:
    """Read and check all commands of an application.

    Args:
        directory: ``commands/``.
        graph: Of the application; None to check only what needs none.
        roots: Its instances; None to check only what needs none.
    """
    problems: list[Problem] = []
    names: list[str] = []
    texts: list[tuple[str, str, str]] = []
    """Name, content and how the file is called; two files in different directories may have the same name."""
    executed: dict[str, frozenset[str]] = {}
    """Only the files right in the directory can be executed by others."""
    for location in visible_files(directory.path, unreadable=unreadable_below(directory, problems, Code.P_IO_ERROR)):
        where = directory.where(location)
        if not location.endswith(SUFFIX):
            message = f"{where.file} is no file of commands"
            hint = f"rename it to '{posixpath.splitext(location)[0]}{SUFFIX}', or move it out of '{directory.shown}'"
            problems.append(Problem(Code.PROJ_INVALID_COMMAND_EXT, message, where, hint))
            continue
        name = posixpath.basename(location).removesuffix(SUFFIX)
        names.append(name)
        text, found = directory.read(location)
        problems += found
        if text is not None:
            texts.append((name, text, where.file))
        if "/" not in location:
            executed[name] = frozenset() if text is None else executed_by(text)
    checker = CommandsChecker(graph, roots, executed)
    commands: dict[str, CheckedCommands] = {}
    for name, text, file in texts:
        checked = checker.check(text, file, name)
        commands.setdefault(name, checked)
        problems += checked.problems
    return CommandsOfDirectory(tuple(names), commands, problems)


def check_commands_file(directory: Directory, name: str) -> list[Problem]:
    """Return what is wrong with one file, as far as no application is needed to tell."""
    text, problems = directory.read(name)
    if text is None:
        return problems
    own_name = posixpath.basename(name).removesuffix(SUFFIX)
    return check_commands_text(text, directory.where(name).file, name=own_name).problems
