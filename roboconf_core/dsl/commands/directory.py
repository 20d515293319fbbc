"""The commands of an application: all files below ``commands/``.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roboconf_core.dsl.commands.check import CheckedCommands, check_commands_text
from roboconf_core.dsl.commands.lines import logical_lines
from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.walking import unreadable_below, visible_files
from roboconf_core.errors import Code, Problem
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance

SUFFIX = ".commands"


@dataclass(frozen=True, slots=True)
class CommandsOfDirectory:
    """What the files of a directory say."""

    names: tuple[str, ...] = ()
    """Names of commands: of their files, without the extension."""
    commands: Mapping[str, CheckedCommands] = field(default_factory=dict)
    """Name to what a file says; absent when it cannot be read."""
    problems: list[Problem] = field(default_factory=list)


def check_commands(directory: Directory, graph: Graph | None, roots: Sequence[Instance] | None) -> CommandsOfDirectory:
    """Read and check all commands of an application.

    Args:
        directory: ``commands/``.
        graph: Of the application; None to check only what needs none.
        roots: Its instances; None to check only what needs none.
    """
    problems: list[Problem] = []
    texts: dict[str, tuple[str, str]] = {}
    names: list[str] = []
    executable: list[str] = []
    """Names of the files right in the directory: only those can be executed by others."""
    for location in visible_files(directory.path, unreadable=unreadable_below(directory, problems, Code.P_IO_ERROR)):
        where = directory.where(location)
        if not location.endswith(SUFFIX):
            message = f"{where.file} is no file of commands"
            hint = f"rename it to '{posixpath.splitext(location)[0]}{SUFFIX}', or move it out of '{directory.shown}'"
            problems.append(Problem(Code.PROJ_INVALID_COMMAND_EXT, message, where, hint))
            continue
        names.append(posixpath.basename(location).removesuffix(SUFFIX))
        if "/" not in location:
            executable.append(names[-1])
        text, found = directory.read(location)
        problems += found
        if text is not None:
            texts[names[-1]] = (text, where.file)
    executed = {name: executed_by(texts[name][0]) if name in texts else frozenset() for name in executable}
    commands = {
        name: check_commands_text(text, file, graph=graph, roots=roots, name=name, executed=executed)
        for name, (text, file) in texts.items()
    }
    problems += [problem for checked in commands.values() for problem in checked.problems]
    return CommandsOfDirectory(tuple(names), commands, problems)


def check_commands_file(directory: Directory, name: str) -> list[Problem]:
    """Return what is wrong with one file, as far as no application is needed to tell."""
    text, problems = directory.read(name)
    if text is None:
        return problems
    own_name = posixpath.basename(name).removesuffix(SUFFIX)
    return check_commands_text(text, directory.where(name).file, name=own_name).problems


def executed_by(text: str) -> frozenset[str]:
    """Return the names of commands that a text executes, as far as they are written without variables."""
    lines = (line.text.split(maxsplit=1) for line in logical_lines(text))
    return frozenset(
        words[1].removesuffix(SUFFIX) for words in lines if len(words) == 2 and words[0].lower() == "execute"
    )
