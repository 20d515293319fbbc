"""From the text of commands to instructions that fit an application, and what is wrong with them.

The lines are read one after the other, on instances as earlier lines leave them. What a
line with a problem would have made is taken for granted, so that one mistake is one problem.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from roboconf_core.dsl.commands.doubts import Doubts
from roboconf_core.dsl.commands.executions import Executions
from roboconf_core.dsl.commands.fitting import Fitting
from roboconf_core.dsl.commands.hints import Hints
from roboconf_core.dsl.commands.instructions import instruction_of, part_of
from roboconf_core.dsl.commands.lines import PlacedText, logical_lines
from roboconf_core.dsl.commands.parse import Parsed, Part, Unparsed, parse_instruction
from roboconf_core.dsl.commands.variables import (
    PREDEFINED,
    REFERENCE,
    Injected,
    Sources,
    Value,
    ValueFault,
    evaluate,
    inject,
)
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.commands import CommandLine, Create, Define, Rename, Replicate
from roboconf_core.model.foreseen import ForeseenInstances
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance, name_and_parent

MAX_INJECTED = 1024 * 1024
"""Characters of all values that are put into the lines of one text."""
_MAX_MESSAGE = 300


@dataclass(slots=True)
class CheckedCommands:
    """What a text of commands says."""

    lines: list[CommandLine] = field(default_factory=list)
    """Instructions without problems, in their order."""
    problems: list[Problem] = field(default_factory=list)
    """From top to bottom."""


class CommandsChecker:
    """Checks the commands of one application.

    Args:
        graph: Of the application; None to check only what needs none.
        roots: Its instances; None to check only what needs none.
        executed: All its commands, with those that each executes; None when they are not known.
        sources: Of times and identifiers; fixed ones by default.
    """

    def __init__(
        self,
        graph: Graph | None = None,
        roots: Sequence[Instance] | None = None,
        executed: Mapping[str, frozenset[str]] | None = None,
        sources: Sources | None = None,
    ) -> None:
        self._graph = graph
        self._foreseen = ForeseenInstances(roots)
        self._executions = None if executed is None else Executions(executed)
        self._hints, self._path_hints = Hints(), Hints()
        self._sources = sources or Sources()

    def check(self, text: str, file: str, name: str = "") -> CheckedCommands:
        """Read one text of commands; nothing is raised, whatever the text is.

        Args:
            text: Decoded content.
            file: How the file is called in problems.
            name: Of the commands; empty when they have none.
        """
        foreseen = self._foreseen.fork()
        fitting = Fitting(self._graph, self._executions, name, foreseen, Doubts(), self._hints, self._path_hints)
        reader = _Reader(file, fitting, self._sources)
        recognised = 0
        for line in logical_lines(text):
            recognised += reader.read(line)
            if reader.has_ended:
                break
        found = reader.found
        if not recognised:
            message, hint = "there is no instruction", "write one per line, such as 'deploy and start all /vm'"
            where = Where(file=file, line=1)
            found.problems.insert(0, Problem(Code.CMD_NO_INSTRUCTION, message, where, hint))
        return found


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
    """Read one text of commands; see ``CommandsChecker`` for the arguments."""
    return CommandsChecker(graph, roots, executed, sources).check(text, file, name)


class _Reader:
    """Reads line after line, and remembers variables and what becomes of the instances."""

    def __init__(self, file: str, fitting: Fitting, sources: Sources) -> None:
        self.found = CheckedCommands()
        self.has_ended = False
        """True when so much was put into the lines that the rest is not read."""
        self._file = file
        self._fitting = fitting
        self._sources = sources
        self._values: dict[str, Value] = {}
        self._broken: set[str] = set()
        """Variables whose ``define`` has a problem: of them nothing more is said."""
        self._allowed = MAX_INJECTED

    def read(self, raw: PlacedText) -> bool:
        """Take in one line; tell whether it was recognised as an instruction."""
        injected = inject(raw, self._values, self._allowed)
        if injected is None:
            message = f"the values of variables have more than {MAX_INJECTED} characters up to here, in all lines"
            self._tell(raw, Part("", 0), Code.CMD_INVALID_SYNTAX, message, "shorten them; the rest is not read")
            self.has_ended = True
            return True
        self._allowed -= injected.length
        line = injected.line
        names = REFERENCE.findall(raw.text) if "$(" in raw.text else []
        parsed = parse_instruction(line.text, self._fitting.hints)
        if isinstance(parsed, Unparsed):
            if self._broken.intersection(names):
                return True
            code = Code.CMD_INVALID_SYNTAX if parsed.recognised else Code.CMD_UNRECOGNIZED_INSTRUCTION
            self._tell(line, Part("", parsed.start), code, parsed.message, parsed.hint)
            return parsed.recognised
        known = [self._values[name] for name in names if name in self._values]
        disabled = any(value.disabled for value in known)
        if parsed.kind == "define":
            self._define(injected, parsed, known, disabled=disabled)
        else:
            self._instruction(injected, parsed, disabled=disabled)
        return True

    def _instruction(self, injected: Injected, parsed: Parsed, *, disabled: bool) -> None:
        line, vague = injected.line, injected.vague
        instruction = instruction_of(parsed)
        left = self._unresolved(line, Part(line.text, 0))
        slips = [] if left else [s for s in self._fitting.slips(parsed) if not _overlaps(s.part, vague)]
        for slip in slips:
            self._tell(line, slip.part, slip.code, slip.message, slip.hint)
        if slips or vague:
            match instruction:
                case Create(name=name, parent=parent):
                    self._fitting.doubts.add(f"{parent}/{name}")
                case Replicate(name=name):
                    self._fitting.doubts.add(f"/{name}")
                case Rename(path=path, name=name):
                    self._fitting.doubts.add(f"{name_and_parent(path)[1]}/{name}")
        elif instruction is not None:
            self._fitting.foreseen.apply(instruction)
        if instruction is not None and not slips and not left:
            self.found.lines.append(CommandLine(instruction=instruction, line=line.line, disabled=disabled))

    def _define(self, injected: Injected, parsed: Parsed, known: Sequence[Value], *, disabled: bool) -> None:
        line = injected.line
        name, written, parent = part_of(parsed, "first"), part_of(parsed, "second"), parsed.parts.get("parent")
        before = len(self.found.problems)
        left = self._unresolved(line, name)
        if not name.text:
            message, hint = "the variable to define has no name", "write 'define NAME = VALUE'"
            self._tell(line, Part("", len("define ")), Code.CMD_EMPTY_VARIABLE_NAME, message, hint)
        value = evaluate(written.text, parent.text if parent else "", self._fitting.foreseen, self._sources)
        if isinstance(value, ValueFault):
            place = Part("", written.start + value.start)
            self._tell(line, place, value.code, value.message, value.hint)
        else:
            left = self._unresolved(line, written, value.text) or left
        if parent is not None:
            left = self._unresolved(line, parent) or left
            if len(self.found.problems) == before and not _overlaps(parent, injected.vague):
                for slip in self._fitting.path(parent):
                    self._tell(line, slip.part, slip.code, slip.message, slip.hint)
        if left or isinstance(value, ValueFault) or len(self.found.problems) > before:
            if "$(" not in name.text:
                self._broken.add(name.text)
                self._values.pop(name.text, None)
            return
        disabled = disabled or value.disabled
        certain = value.certain and all(other.certain for other in known)
        self._broken.discard(name.text)
        self._values[name.text] = replace(value, disabled=disabled, certain=certain)
        define = Define(name=name.text, value=value.text)
        self.found.lines.append(CommandLine(instruction=define, line=line.line, disabled=disabled))

    def _unresolved(self, line: PlacedText, part: Part, value: str | None = None) -> bool:
        """Tell of each variable that is left in a part, or in what a ``define`` makes of it; return whether one is."""
        text = part.text if value is None else value
        position = part.start
        left = False
        for match in REFERENCE.finditer(text) if "$(" in text else ():
            left = True
            at = line.text.find(match[0], position, part.end)
            position = at + 1 if at >= 0 else position
            if match[1] not in self._broken:
                self._tell_of_variable(line, Part(match[0], max(at, part.start)), match[1], is_value=value is not None)
        return left

    def _tell_of_variable(self, line: PlacedText, part: Part, name: str, *, is_value: bool) -> None:
        kind = name.split()[0] if name.split() else ""
        message = f"variable '{name}' is not defined above"
        if kind in PREDEFINED and not is_value:
            message = f"'{part.text}' has a value in 'define' only"
            hint = f"write 'define NAME = {part.text}' above, and '$(NAME)' here"
        elif not kind or kind in PREDEFINED:
            message, hint = f"'{part.text}' is no variable", "write '$(NAME)'"
        else:
            hint = self._fitting.hints.did_you_mean(name, self._values, self._broken, PREDEFINED)
            hint = hint or f"write 'define {name} = VALUE' above"
        self._tell(line, part, Code.CMD_UNRESOLVED_VARIABLE, message, hint)

    def _tell(self, line: PlacedText, part: Part, code: Code, message: str, hint: str) -> None:
        number, column = line.place(part.start)
        where = Where(file=self._file, line=number, column=column)
        self.found.problems.append(Problem(code, _cut(message), where, _cut(hint)))


def _overlaps(part: Part, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < part.end and part.start < end for start, end in spans)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}..."
