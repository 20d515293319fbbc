"""From the parts of an instruction to its value, and what is wrong with it.

Each instruction changes the foreseen instances, so that later ones can speak of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from roboconf_core.dsl.commands.parse import Parsed, Part
from roboconf_core.dsl.commands.words import VERBS
from roboconf_core.errors import Code
from roboconf_core.model.commands import (
    Associate,
    Bulk,
    ChangeStatus,
    Create,
    Email,
    Execute,
    Instruction,
    Rename,
    Replicate,
    Verb,
    WriteFile,
)
from roboconf_core.model.foreseen import ForeseenInstances
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import name_and_parent
from roboconf_core.model.lifecycle import STABLE, Status
from roboconf_core.model.names import Suggestions, is_flex_id

_SUFFIX = ".commands"
_NAME_HINT = "a name starts with a letter or an underscore and goes on with letters, digits, '_', '-', '.' and spaces"
MAX_HINTS = 100
"""How often a similar name is looked for in one text: that is slow, and a hundred hints teach enough."""
_MANY = 20_000
"""Paths among which a similar one is looked for."""


class Slip(NamedTuple):
    """A problem of a line."""

    code: Code
    start: int
    """Offset in the line."""
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the application that commands belong to."""

    graph: Graph | None
    knows_instances: bool
    name: str
    executed: Mapping[str, frozenset[str]] | None


@dataclass(slots=True)
class Doubts:
    """Instances that may be there, because a line with a problem speaks of them."""

    _paths: set[str] = field(default_factory=set)
    everything: bool = False
    """True when it is not known which instances a line concerned."""

    def add(self, path: str) -> None:
        """Doubt an instance and all below it."""
        self._paths.add(path)

    def covers(self, path: str) -> bool:
        """Tell whether an instance may be there."""
        if self.everything:
            return True
        while path and self._paths:
            if path in self._paths:
                return True
            path = path.rpartition("/")[0]
        return False


class InstructionReader:
    """Makes instructions of their parts."""

    def __init__(self, around: Surroundings, foreseen: ForeseenInstances, doubts: Doubts) -> None:
        self._around = around
        self._graph = around.graph
        self._foreseen = foreseen
        self._doubts = doubts
        self._components = Suggestions(around.graph.components if around.graph else ())
        self._hints_left = MAX_HINTS

    def read(self, parsed: Parsed, *, vague: bool) -> tuple[Instruction | None, list[Slip]]:
        """Return an instruction, None when it has a problem, and its problems.

        Args:
            parsed: Its parts.
            vague: Whether the value of a variable in it is not really known: then only its words are checked.
        """
        readers: dict[str, Callable[[Parsed], tuple[Instruction | None, list[Slip]]]] = {
            "create": self._create,
            "replicate": self._replicate,
            "rename": self._rename,
            "associate": self._associate,
            "change": self._change,
            "bulk": self._bulk,
            "email": self._email,
            "write": self._write,
            "append": self._write,
            "execute": self._execute,
        }
        if vague:
            if parsed.kind in ("create", "replicate", "rename"):
                self._doubts.everything = True
            return instruction_of_words(parsed), []
        return readers[parsed.kind](parsed)

    # --- what parts must be

    def check_path(self, path: Part) -> Slip | None:
        """Return that an instance does not exist, or None."""
        if not self._around.knows_instances or self._foreseen.component_of(path.text) is not None:
            return None
        if self._doubts.covers(path.text.rstrip("/")):
            return None
        hint = self._suggest_path(path.text)
        return Slip(Code.CMD_NO_MATCHING_INSTANCE, path.start, f"there is no instance '{path.text}'", hint)

    def _suggest_path(self, path: str) -> str:
        self._hints_left -= 1
        paths = self._foreseen.paths() if self._hints_left > 0 else []
        return Suggestions(paths).hint_for(path) if len(paths) <= _MANY else ""

    def _check_component(self, component: Part) -> list[Slip]:
        if self._graph is None or component.text in self._graph.components:
            return []
        message = f"there is no component '{component.text}'"
        hint = self._components.hint_for(component.text)
        return [Slip(Code.CMD_INEXISTING_COMPONENT, component.start, message, hint)]

    def _check_name(self, name: Part) -> list[Slip]:
        if not name.text:
            hint = "write it behind 'as'"
            return [Slip(Code.CMD_MISSING_INSTANCE_NAME, name.start, "the new instance has no name", hint)]
        if not is_flex_id(name.text):
            message = f"'{name.text}' is no valid name of an instance"
            return [Slip(Code.CMD_INVALID_INSTANCE_NAME, name.start, message, _NAME_HINT)]
        return []

    def _check_free(self, parent: str, name: Part) -> list[Slip]:
        if not self._foreseen.has_child(parent, name.text):
            return []
        message = f"there is already an instance '{parent}/{name.text}'"
        return [Slip(Code.CMD_CONFLICTING_INSTANCE_NAME, name.start, message, "choose another name")]

    # --- instructions

    def _create(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        component, name = _part(parsed, "first"), _part(parsed, "second")
        parent = parsed.parts.get("parent")
        slips = self._check_creation(component, parent)
        slips += self._check_name(name)
        above = parent.text.rstrip("/") if parent else ""
        if not slips:
            slips += self._check_free(above, name)
        if slips:
            self._doubts.add(f"{above}/{name.text}")
            return None, slips
        self._foreseen.add(above, name.text, component.text)
        return Create(component=component.text, name=name.text, parent=above), []

    def _check_creation(self, component: Part, parent: Part | None) -> list[Slip]:
        if not component.text:
            hint = "write 'create COMPONENT as NAME'"
            return [Slip(Code.CMD_MISSING_COMPONENT_NAME, component.start, "no component is named", hint)]
        slips = self._check_component(component)
        if slips or self._graph is None:
            return slips
        ancestors = self._graph.ancestors_of(component.text)
        below = f"instances of {', '.join(ancestors[:5])}{', ...' if len(ancestors) > 5 else ''}"
        if parent is None:
            if not ancestors:
                return []
            message = f"an instance of '{component.text}' cannot stand at the root"
            hint = f"it stands below {below}: write 'under PATH' at the end"
            return [Slip(Code.CMD_MISSING_PARENT_INSTANCE, component.start, message, hint)]
        if not ancestors:
            message = f"an instance of '{component.text}' stands at the root, below nothing"
            return [Slip(Code.CMD_CANNOT_HAVE_ANY_PARENT, parent.start, message, f"remove 'under {parent.text}'")]
        if slip := self.check_path(parent):
            return [slip]
        found = self._foreseen.component_of(parent.text)
        if found is not None and not self._graph.relations.is_child(component.text, found):
            message = f"an instance of '{component.text}' cannot stand below '{parent.text}', an instance of '{found}'"
            return [Slip(Code.CMD_NOT_AN_ACCEPTABLE_PARENT, parent.start, message, f"it stands below {below}")]
        return []

    def _replicate(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        path, name = _part(parsed, "first"), _part(parsed, "second")
        slips = self._check_name(name)
        above = name_and_parent(path.text.rstrip("/"))[1]
        if above:
            message = f"'{path.text}' is no root instance"
            hint = f"replicate '/{path.text.split('/')[1]}' with all below it"
            slips.append(Slip(Code.CMD_NOT_A_ROOT_INSTANCE, path.start, message, hint))
        elif slip := self.check_path(path):
            slips.append(slip)
        if slips:
            self._doubts.add(f"/{name.text}")
            return None, slips
        if not self._foreseen.has_child("", name.text):
            self._foreseen.replicate(path.text, name.text)
        return Replicate(path=path.text, name=name.text), []

    def _rename(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        path, name = _part(parsed, "first"), _part(parsed, "second")
        above = name_and_parent(path.text.rstrip("/"))[1]
        slips = self._check_name(name)
        if slip := self.check_path(path):
            slips.append(slip)
        if not slips:
            slips += self._check_free(above, name)
        if slips:
            self._doubts.add(f"{above}/{name.text}")
            return None, slips
        self._foreseen.rename(path.text.rstrip("/"), name.text)
        return Rename(path=path.text, name=name.text), []

    def _associate(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        path, target = _part(parsed, "first"), _part(parsed, "second")
        slips = []
        if not target.text:
            message, hint = "no target is named", "write the id of a target behind 'with'"
            slips.append(Slip(Code.CMD_INVALID_TARGET_ID, target.start, message, hint))
        component = self._foreseen.component_of(path.text)
        if slip := self.check_path(path):
            slips.append(slip)
        elif self._graph is not None and component is not None and not self._graph.is_target(component):
            message = f"'{path.text}' is no machine, but an instance of '{component}'"
            hint = "targets create machines: instances whose installer is 'target'"
            slips.append(Slip(Code.CMD_NOT_A_SCOPED_INSTANCE, path.start, message, hint))
        return (None if slips else Associate(path=path.text, target_id=target.text)), slips

    def _change(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        path, wanted = _part(parsed, "first"), _part(parsed, "second")
        status, slips = _read_status(wanted)
        if slip := self.check_path(path):
            slips.append(slip)
        if status is None or slips:
            return None, slips
        return ChangeStatus(path=path.text, status=status), []

    def _bulk(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        verb, path = VERBS[parsed.verb], parsed.parts.get("first")
        if path is None:
            component = _part(parsed, "second")
            slips = self._check_component(component)
            if slips:
                return None, slips
            if verb is Verb.DELETE:
                self._foreseen.delete_all_of(component.text)
            return Bulk(verb=verb, component=component.text), []
        if slip := self.check_path(path):
            return None, [slip]
        if verb is Verb.DELETE:
            self._foreseen.delete(path.text.rstrip("/"))
        return Bulk(verb=verb, path=path.text), []

    def _email(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        message = _part(parsed, "second")
        if not message.text:
            hint = "write it behind 'with'; is a variable empty?"
            return None, [Slip(Code.CMD_EMAIL_NO_MESSAGE, message.start, "the e-mail has no message", hint)]
        return instruction_of_words(parsed), []

    def _write(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        file = _part(parsed, "second")
        if not file.text:
            hint = "write its path behind 'into'"
            return None, [Slip(Code.CMD_MISSING_TARGET_FILE, file.start, "no file is named", hint)]
        return instruction_of_words(parsed), []

    def _execute(self, parsed: Parsed) -> tuple[Instruction | None, list[Slip]]:
        written = _part(parsed, "first")
        name = written.text.removesuffix(_SUFFIX)
        executed = self._around.executed
        if not name:
            hint = "write the name of a file in 'commands', without its extension"
            return None, [Slip(Code.CMD_MISSING_COMMAND_NAME, written.start, "no commands are named", hint)]
        if self._around.name and name == self._around.name:
            message = f"'{name}' executes itself, and would never end"
            return None, [Slip(Code.CMD_LOOPING_COMMAND, written.start, message, "remove this line")]
        if executed is not None and name not in executed:
            message = f"there are no commands '{name}'"
            hint = Suggestions(executed).hint_for(name) or f"there is no file 'commands/{name}{_SUFFIX}'"
            return None, [Slip(Code.CMD_INEXISTING_COMMAND, written.start, message, hint)]
        if executed is not None and self._around.name and (loop := _way_back(name, self._around.name, executed)):
            message = f"these commands execute each other for ever: {' -> '.join((self._around.name, *loop))}"
            return None, [Slip(Code.CMD_NASTY_LOOPING_COMMAND, written.start, message, "remove one of these lines")]
        return Execute(command=name), []


def instruction_of_words(parsed: Parsed) -> Instruction | None:
    """Return an instruction from its words alone, None when its meaning needs the application."""
    first, second = _part(parsed, "first"), _part(parsed, "second")
    match parsed.kind:
        case "create":
            parent = _part(parsed, "parent").text.rstrip("/")
            return Create(component=first.text, name=second.text, parent=parent)
        case "replicate":
            return Replicate(path=first.text, name=second.text)
        case "rename":
            return Rename(path=first.text, name=second.text)
        case "associate":
            return Associate(path=first.text, target_id=second.text)
        case "change":
            status = _read_status(second)[0]
            return None if status is None else ChangeStatus(path=first.text, status=status)
        case "bulk":
            path = parsed.parts.get("first")
            component = "" if path else second.text
            return Bulk(verb=VERBS[parsed.verb], path=path.text if path else "", component=component)
        case "email":
            recipients = tuple(text for item in first.text.split(",") if (text := item.strip()))
            return Email(recipients=recipients, message=second.text.replace("\\n", "\n"))
        case "write" | "append":
            return WriteFile(text=first.text, file=second.text, append=parsed.kind == "append")
        case _:
            return Execute(command=first.text.removesuffix(_SUFFIX))


def _part(parsed: Parsed, name: str) -> Part:
    """Return a part; an empty one, right behind what is there, when it is missing."""
    return parsed.parts.get(name) or Part("", parsed.end)


def _read_status(wanted: Part) -> tuple[Status | None, list[Slip]]:
    text = wanted.text.upper().replace(" ", "_").replace("_AND_", "_")
    stable = sorted(str(status).lower().replace("_", " ") for status in STABLE)
    if text not in Status.__members__:
        message = f"'{wanted.text}' is no status"
        hint = Suggestions(stable).hint_for(wanted.text.lower()) or f"expected one of: {', '.join(stable)}"
        return None, [Slip(Code.CMD_INVALID_INSTANCE_STATUS, wanted.start, message, hint)]
    status = Status(text)
    if status not in STABLE:
        message = f"no instance can be asked to stay '{wanted.text}'"
        hint = f"expected one of: {', '.join(stable)}"
        return None, [Slip(Code.CMD_INSTABLE_INSTANCE_STATUS, wanted.start, message, hint)]
    return status, []


def _way_back(start: str, wanted: str, executed: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the commands from one that lead to another one by executing each other, or nothing."""
    came_from: dict[str, str] = {start: ""}
    queue = [start]
    for name in queue:
        for following in sorted(executed.get(name, ())):
            if following == wanted:
                way = [wanted, name]
                while came_from[way[-1]]:
                    way.append(came_from[way[-1]])
                return tuple(reversed(way))
            if following not in came_from:
                came_from[following] = name
                queue.append(following)
    return ()
