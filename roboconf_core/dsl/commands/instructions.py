"""From the parts of an instruction to its value, whether or not it fits an application."""

from __future__ import annotations

from collections.abc import Callable

from roboconf_core.dsl.commands.executions import SUFFIX
from roboconf_core.dsl.commands.parse import Parsed, Part
from roboconf_core.dsl.commands.words import VERBS
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
    WriteFile,
)
from roboconf_core.model.lifecycle import STABLE, Status

STABLE_STATUSES = sorted(str(status).lower().replace("_", " ") for status in STABLE)
"""As one writes them."""


def instruction_of(parsed: Parsed) -> Instruction | None:
    """Return the value of an instruction other than ``define``; None when it names no stable status."""
    return _BY_KIND[parsed.kind](parsed)


def part_of(parsed: Parsed, name: str) -> Part:
    """Return a part; an empty one, at the end of the line, when it is missing."""
    return parsed.parts.get(name) or Part("", parsed.end)


def status_of(text: str) -> Status | None:
    """Return the status that is written like ``deployed and started``, ``DEPLOYED_STARTED`` or in between."""
    return Status.__members__.get(text.upper().replace(" ", "_").replace("_AND_", "_"))


def command_of(text: str) -> str:
    """Return the name of commands, which may be written with their extension."""
    return text.removesuffix(SUFFIX)


def _first(parsed: Parsed) -> str:
    return part_of(parsed, "first").text


def _second(parsed: Parsed) -> str:
    return part_of(parsed, "second").text


def _create(parsed: Parsed) -> Instruction:
    return Create(component=_first(parsed), name=_second(parsed), parent=part_of(parsed, "parent").text)


def _change(parsed: Parsed) -> Instruction | None:
    status = status_of(_second(parsed))
    return ChangeStatus(path=_first(parsed), status=status) if status in STABLE else None


def _bulk(parsed: Parsed) -> Instruction:
    return Bulk(verb=VERBS[parsed.verb], path=_first(parsed), component=_second(parsed))


def _email(parsed: Parsed) -> Instruction:
    recipients = tuple(text for item in _first(parsed).split(",") if (text := item.strip()))
    return Email(recipients=recipients, message=_second(parsed).replace("\\n", "\n"))


def _write(parsed: Parsed) -> Instruction:
    return WriteFile(text=_first(parsed), file=_second(parsed), append=parsed.kind == "append")


_BY_KIND: dict[str, Callable[[Parsed], Instruction | None]] = {
    "create": _create,
    "replicate": lambda parsed: Replicate(path=_first(parsed), name=_second(parsed)),
    "rename": lambda parsed: Rename(path=_first(parsed), name=_second(parsed)),
    "associate": lambda parsed: Associate(path=_first(parsed), target_id=_second(parsed)),
    "change": _change,
    "bulk": _bulk,
    "email": _email,
    "write": _write,
    "append": _write,
    "execute": lambda parsed: Execute(command=command_of(_first(parsed))),
}
