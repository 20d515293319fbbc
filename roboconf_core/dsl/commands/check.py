"""From the text of commands to instructions that fit an application, and what is wrong with them.

The lines are read one after the other, on instances as earlier lines leave them. What a
line with a problem would have made is taken for granted, so that one mistake is one problem.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roboconf_core.dsl.commands.instructions import MAX_HINTS, Doubts, InstructionReader, Surroundings
from roboconf_core.dsl.commands.lines import PlacedText, logical_lines
from roboconf_core.dsl.commands.parse import Parsed, Part, Unparsed, parse_instruction
from roboconf_core.dsl.commands.variables import (
    MAX_LINE,
    PREDEFINED,
    REFERENCE,
    Sources,
    Value,
    ValueFault,
    evaluate,
    inject,
)
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.commands import CommandLine, Define
from roboconf_core.model.foreseen import ForeseenInstances
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance
from roboconf_core.model.names import Suggestions


@dataclass(slots=True)
class CheckedCommands:
    """What a text of commands says."""

    lines: list[CommandLine] = field(default_factory=list)
    """Instructions without problems, in their order."""
    problems: list[Problem] = field(default_factory=list)
    """From top to bottom."""


def check_commands_text(
    text: str,
    file: str,
    *,
    graph: Graph | None = None,
    roots: Sequence[Instance] | None = None,
    name: str = "",
    executed: Mapping[str, frozenset[str]] | None = None,
    sources: Sources | None = None,
) -> CheckedCommands:
    """Read commands; nothing is raised, whatever the text is.

    Args:
        text: Decoded content.
        file: How the file is called in problems.
        graph: Of the application; None to check only what needs none.
        roots: Its instances; None to check only what needs none.
        name: Name of these commands; empty when they have none.
        executed: All commands of the application, with those that each executes; None when they are not known.
        sources: Of times and identifiers; fixed ones by default.
    """
    reader = _Reader(file, Surroundings(graph, roots is not None, name, executed), roots or (), sources or Sources())
    found = CheckedCommands()
    recognised = 0
    for line in logical_lines(text):
        recognised += reader.read(line, found)
    if not recognised:
        message, hint = "there is no instruction", "write one per line, such as 'deploy and start all /vm'"
        where = Where(file=file, line=1)
        found.problems.insert(0, Problem(Code.CMD_NO_INSTRUCTION, message, where, hint))
    return found


class _Reader:
    """Reads line after line, and remembers variables and what becomes of the instances."""

    def __init__(self, file: str, around: Surroundings, roots: Sequence[Instance], sources: Sources) -> None:
        self._file = file
        self._around = around
        self._sources = sources
        self._values: dict[str, str] = {}
        self._disabled: set[str] = set()
        self._unknown: set[str] = set()
        """Variables whose ``define`` has a problem, or whose value depends on the instances, which are not known."""
        self._foreseen = ForeseenInstances(roots)
        self._doubts = Doubts()
        self._instructions = InstructionReader(around, self._foreseen, self._doubts)
        self._hints_left = MAX_HINTS

    def read(self, raw: PlacedText, found: CheckedCommands) -> bool:
        """Take in one line; tell whether it was recognised as an instruction."""
        names = REFERENCE.findall(raw.text) if "$(" in raw.text else []
        disabled = any(name in self._disabled for name in names)
        line = inject(raw, self._values)
        if line is None:
            message = f"the line has more than {MAX_LINE} characters once its variables are replaced"
            found.problems.append(self._problem(raw, 0, Code.CMD_INVALID_SYNTAX, message, "shorten the variables"))
            return True
        parsed = parse_instruction(line.text)
        if isinstance(parsed, Unparsed):
            code = Code.CMD_INVALID_SYNTAX if parsed.recognised else Code.CMD_UNRECOGNIZED_INSTRUCTION
            found.problems.append(self._problem(line, parsed.start, code, parsed.message, parsed.hint))
            return parsed.recognised
        if parsed.kind == "define":
            self._define(line, parsed, names, disabled, found)
            return True
        unresolved = list(self._unresolved(line, 0))
        found.problems += unresolved
        vague = disabled or bool(unresolved) or any(name in self._unknown for name in names)
        instruction, slips = self._instructions.read(parsed, vague=vague)
        if not unresolved:
            found.problems += [self._problem(line, s.start, s.code, s.message, s.hint) for s in slips]
        if instruction is not None and not unresolved and not slips:
            found.lines.append(CommandLine(instruction=instruction, line=line.line, disabled=disabled))
        return True

    def _define(
        self, line: PlacedText, parsed: Parsed, names: Sequence[str], disabled: bool, found: CheckedCommands
    ) -> None:
        name = parsed.parts.get("first", Part("", 0)).text
        value = parsed.parts.get("second", Part("", len(line.text)))
        parent = parsed.parts.get("parent")
        problems: list[Problem] = []
        if not name:
            message = "the variable to define has no name"
            hint = "write 'define NAME = VALUE'"
            problems.append(self._problem(line, len("define "), Code.CMD_EMPTY_VARIABLE_NAME, message, hint))
        vague = any(other in self._unknown for other in names)
        context = parent.text.rstrip("/") if parent else ""
        result = evaluate(value.text, context, self._foreseen, self._sources)
        if isinstance(result, ValueFault):
            start = value.start + result.start
            problems.append(self._problem(line, start, result.code, result.message, result.hint))
        elif not vague:
            problems += self._unresolved(line, value.start, result.text)
        if parent is not None and not problems and not disabled and not vague:
            slip = self._instructions.check_path(parent)
            if slip is not None:
                problems.append(self._problem(line, slip.start, slip.code, slip.message, slip.hint))
        found.problems += problems
        needs_instances = "_INDEX" in value.text and not self._around.knows_instances
        if problems or isinstance(result, ValueFault) or vague or needs_instances:
            self._remember_unknown(name)
            return
        self._remember(name, result, disabled=disabled or result.disabled, context=context)
        define = Define(name=name, value=result.text)
        found.lines.append(CommandLine(instruction=define, line=line.line, disabled=disabled or result.disabled))

    def _remember(self, name: str, value: Value, *, disabled: bool, context: str) -> None:
        self._values[name] = value.text
        self._unknown.discard(name)
        self._disabled.discard(name)
        if disabled:
            self._disabled.add(name)

    def _remember_unknown(self, name: str) -> None:
        self._unknown.add(name)
        self._values.pop(name, None)
        self._disabled.discard(name)

    def _unresolved(self, line: PlacedText, start: int, value: str | None = None) -> list[Problem]:
        """Return a problem for each variable that is left in a line, or in the value of a ``define``."""
        text = line.text[start:] if value is None else value
        if "$(" not in text:
            return []
        problems = []
        position = start
        for match in REFERENCE.finditer(text):
            name = match[1]
            if name in self._unknown:
                continue
            at = line.text.find(match[0], position)
            position = at + 1 if at >= 0 else position
            message = f"variable '{name}' is not defined above"
            hint = self._suggest(name) or f"write 'define {name} = VALUE' above"
            word = name.split()[0] if name.split() else ""
            if word in PREDEFINED and value is None:
                message = f"'$({name})' has a value in 'define' only"
                hint = f"write 'define NAME = $({name})' above, and '$(NAME)' here"
            elif not name.strip() or word in PREDEFINED:
                message, hint = f"'{match[0]}' is no variable", "write '$(NAME)'"
            problems.append(self._problem(line, max(at, 0), Code.CMD_UNRESOLVED_VARIABLE, message, hint))
        return problems

    def _suggest(self, name: str) -> str:
        self._hints_left -= 1
        return Suggestions((*self._values, *self._unknown)).hint_for(name) if self._hints_left > 0 else ""

    def _problem(self, line: PlacedText, start: int, code: Code, message: str, hint: str = "") -> Problem:
        number, column = line.place(start)
        return Problem(code, _cut(message), Where(file=self._file, line=number, column=column), _cut(hint))


def _cut(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}..."
