"""Whether an instruction fits an application: its graph, its instances and its other commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from roboconf_core.dsl.commands.doubts import Doubts
from roboconf_core.dsl.commands.executions import SUFFIX, Executions
from roboconf_core.dsl.commands.hints import Hints
from roboconf_core.dsl.commands.instructions import STABLE_STATUSES, command_of, part_of, status_of
from roboconf_core.dsl.commands.parse import Parsed, Part
from roboconf_core.errors import Code
from roboconf_core.model.foreseen import ForeseenInstances
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import name_and_parent
from roboconf_core.model.lifecycle import STABLE
from roboconf_core.model.names import is_flex_id

_NAME_HINT = "a name starts with a letter or an underscore and goes on with letters, digits, '_', '-', '.' and spaces"
_MAX_NAMED = 5


class Slip(NamedTuple):
    """A problem of a part of an instruction."""

    code: Code
    part: Part
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Fitting:
    """Finds what does not fit."""

    graph: Graph | None
    """None when it is not known."""
    executions: Executions | None
    """None when the other commands are not known."""
    name: str
    """Of these commands; empty when they have none."""
    foreseen: ForeseenInstances
    doubts: Doubts
    hints: Hints
    path_hints: Hints
    """For paths only: there may be so many that no effort would be left for other hints."""

    def slips(self, parsed: Parsed) -> list[Slip]:
        """Return what is wrong with an instruction other than ``define``."""
        checks: dict[str, Callable[[Parsed], Iterator[Slip]]] = {
            "create": self._create,
            "replicate": self._replicate,
            "rename": self._rename,
            "associate": self._associate,
            "change": self._change,
            "bulk": self._bulk,
            "email": _email,
            "write": _write,
            "append": _write,
            "execute": self._execute,
        }
        return list(checks[parsed.kind](parsed))

    def path(self, path: Part) -> Iterator[Slip]:
        """Yield that an instance does not exist."""
        if self.foreseen.component_of(path.text) is not None or self.doubts.covers(path.text):
            return
        known = () if self.path_hints.has_ended else self.foreseen.paths()
        if self.foreseen.complete:
            shorter = path.text.rstrip("/")
            hint = f"write '{shorter}'" if self.foreseen.component_of(shorter) else ""
            hint = hint or self.path_hints.did_you_mean(path.text, known)
            yield Slip(Code.CMD_NO_MATCHING_INSTANCE, path, f"there is no instance '{path.text}'", hint)

    def _component(self, component: Part) -> Iterator[Slip]:
        if self.graph is not None and component.text not in self.graph.components:
            hint = self.hints.did_you_mean(component.text, self.graph.components)
            yield Slip(Code.CMD_INEXISTING_COMPONENT, component, f"there is no component '{component.text}'", hint)

    def _free_name(self, parent: str, name: Part) -> Iterator[Slip]:
        if self.foreseen.has_child(parent, name.text):
            message = f"there is already an instance '{parent}/{name.text}'"
            yield Slip(Code.CMD_CONFLICTING_INSTANCE_NAME, name, message, "choose another name")

    def _create(self, parsed: Parsed) -> Iterator[Slip]:
        component, name = part_of(parsed, "first"), part_of(parsed, "second")
        parent = parsed.parts.get("parent")
        slips = [*self._creation(component, parent), *_new_name(name)]
        yield from slips or self._free_name(parent.text if parent else "", name)

    def _creation(self, component: Part, parent: Part | None) -> Iterator[Slip]:
        if not component.text:
            hint = "write 'create COMPONENT as NAME'"
            yield Slip(Code.CMD_MISSING_COMPONENT_NAME, component, "no component is named", hint)
            return
        yield from self._component(component)
        if self.graph is None or component.text not in self.graph.components:
            return
        ancestors = self.graph.ancestors_of(component.text)
        more = ", ..." if len(ancestors) > _MAX_NAMED else ""
        below = f"it stands below instances of {', '.join(ancestors[:_MAX_NAMED])}{more}"
        if parent is None and ancestors:
            message = f"an instance of '{component.text}' cannot stand at the root"
            hint = f"{below}: write 'under PATH' at the end"
            yield Slip(Code.CMD_MISSING_PARENT_INSTANCE, component, message, hint)
        elif parent is not None and not ancestors:
            message = f"an instance of '{component.text}' stands at the root, below nothing"
            yield Slip(Code.CMD_CANNOT_HAVE_ANY_PARENT, parent, message, f"remove 'under {parent.text}'")
        elif parent is not None:
            yield from self.path(parent)
            found = self.foreseen.component_of(parent.text)
            if found is not None and not self.graph.relations.is_child(component.text, found):
                message = (
                    f"an instance of '{component.text}' cannot stand below '{parent.text}', an instance of '{found}'"
                )
                yield Slip(Code.CMD_NOT_AN_ACCEPTABLE_PARENT, parent, message, below)

    def _replicate(self, parsed: Parsed) -> Iterator[Slip]:
        path = part_of(parsed, "first")
        yield from _new_name(part_of(parsed, "second"))
        if name_and_parent(path.text)[1]:
            message = f"'{path.text}' is no root instance"
            hint = f"replicate '/{path.text.split('/')[1]}' with all below it"
            yield Slip(Code.CMD_NOT_A_ROOT_INSTANCE, path, message, hint)
        else:
            yield from self.path(path)

    def _rename(self, parsed: Parsed) -> Iterator[Slip]:
        path, name = part_of(parsed, "first"), part_of(parsed, "second")
        slips = [*_new_name(name), *self.path(path)]
        yield from slips or self._free_name(name_and_parent(path.text)[1], name)

    def _associate(self, parsed: Parsed) -> Iterator[Slip]:
        path, target = part_of(parsed, "first"), part_of(parsed, "second")
        if not target.text:
            message, hint = "no target is named", "write the id of a target behind 'with'"
            yield Slip(Code.CMD_INVALID_TARGET_ID, target, message, hint)
        yield from self.path(path)
        component = self.foreseen.component_of(path.text)
        if self.graph is not None and component is not None and not self.graph.is_target(component):
            message = f"'{path.text}' is no machine, but an instance of '{component}'"
            hint = "targets create machines: instances whose installer is 'target'"
            yield Slip(Code.CMD_NOT_A_SCOPED_INSTANCE, path, message, hint)

    def _change(self, parsed: Parsed) -> Iterator[Slip]:
        wanted = part_of(parsed, "second")
        status = status_of(wanted.text)
        expected = f"expected one of: {', '.join(STABLE_STATUSES)}"
        if status is None:
            hint = self.hints.did_you_mean(wanted.text.lower(), STABLE_STATUSES) or expected
            yield Slip(Code.CMD_INVALID_INSTANCE_STATUS, wanted, f"'{wanted.text}' is no status", hint)
        elif status not in STABLE:
            message = f"no instance can be asked to stay '{wanted.text}'"
            yield Slip(Code.CMD_INSTABLE_INSTANCE_STATUS, wanted, message, expected)
        yield from self.path(part_of(parsed, "first"))

    def _bulk(self, parsed: Parsed) -> Iterator[Slip]:
        path = parsed.parts.get("first")
        yield from self._component(part_of(parsed, "second")) if path is None else self.path(path)

    def _execute(self, parsed: Parsed) -> Iterator[Slip]:
        part = part_of(parsed, "first")
        name = command_of(part.text)
        if not name:
            hint = "write the name of a file in 'commands', without its extension"
            yield Slip(Code.CMD_MISSING_COMMAND_NAME, part, "no commands are named", hint)
        elif name == self.name:
            message = f"'{name}' executes itself, and would never end"
            yield Slip(Code.CMD_LOOPING_COMMAND, part, message, "remove this line")
        elif self.executions is not None and name not in self.executions.names:
            hint = self.hints.did_you_mean(name, self.executions.names)
            hint = hint or f"there is no file 'commands/{name}{SUFFIX}'"
            yield Slip(Code.CMD_INEXISTING_COMMAND, part, f"there are no commands '{name}'", hint)
        elif self.executions is not None and self.executions.is_loop(self.name, name):
            way = self.executions.way_round(self.name, name)
            message = f"these commands execute each other for ever{f': {way}' if way else ''}"
            yield Slip(Code.CMD_NASTY_LOOPING_COMMAND, part, message, "remove one of these lines")


def _new_name(name: Part) -> Iterator[Slip]:
    if not name.text:
        message, hint = "the new instance has no name", "write it behind 'as'"
        yield Slip(Code.CMD_MISSING_INSTANCE_NAME, name, message, hint)
    elif not is_flex_id(name.text):
        message = f"'{name.text}' is no valid name of an instance"
        yield Slip(Code.CMD_INVALID_INSTANCE_NAME, name, message, _NAME_HINT)


def _email(parsed: Parsed) -> Iterator[Slip]:
    message = part_of(parsed, "second")
    if not message.text:
        hint = "write it behind 'with'; is a variable empty?"
        yield Slip(Code.CMD_EMAIL_NO_MESSAGE, message, "the e-mail has no message", hint)


def _write(parsed: Parsed) -> Iterator[Slip]:
    file = part_of(parsed, "second")
    if not file.text:
        yield Slip(Code.CMD_MISSING_TARGET_FILE, file, "no file is named", "write its path behind 'into'")
