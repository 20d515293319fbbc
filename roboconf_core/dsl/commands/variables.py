"""Variables of commands: ``define`` gives them values, ``$(NAME)`` stands for them.

Source: Roboconf user guide, "Commands", *define*.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from roboconf_core.dsl.commands.dates import fault_in_pattern, format_date
from roboconf_core.dsl.commands.lines import BLANKS, PlacedText
from roboconf_core.errors import Code
from roboconf_core.model.foreseen import ForeseenInstances

MAX_VALUE = 64 * 1024
"""Characters of the value of a variable."""
MOCK = "fake"
"""Value of a variable for which nothing matches; behind a slash if it would begin with one."""
PREDEFINED = ("NANO_TIME", "MILLI_TIME", "UUID", "FORMATTED_TIME", "SMART_INDEX", "EXISTING_INDEX")
"""Usable in the value of a ``define`` only."""

REFERENCE = re.compile(r"\$\(([^()]*)\)")
_FORMATTED_TIME = re.compile(r"\$\(FORMATTED_TIME([^()]*)\)")
_EXISTING_INDEX = re.compile(r"\$\(EXISTING_INDEX([^()]*)\)")
_INDEX_PATTERN = re.compile(r"[ \t]*(MIN|MAX)[ \t]*(?:([<>])[ \t]*([0-9]{1,18})[ \t]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where values come from that are new each time; the same for all of one line."""

    now: Callable[[], datetime.datetime] = lambda: datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    """The time, with its zone; while commands are only checked, any will do."""
    nano_time: Callable[[], int] = lambda: 0
    """A counter of nanoseconds."""
    new_uuid: Callable[[], str] = lambda: "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Value:
    """What a ``define`` gives."""

    text: str
    disabled: bool = False
    """True when no instance matches, so that what uses the variable is skipped."""
    certain: bool = True
    """False when the instances decide about the value, but are not known or do not match."""


@dataclass(frozen=True, slots=True)
class ValueFault:
    """Why a ``define`` gives no value."""

    code: Code
    start: int
    """Offset in the value as written."""
    message: str
    hint: str = ""


class Injected(NamedTuple):
    """A line whose variables were replaced."""

    line: PlacedText
    vague: Sequence[tuple[int, int]]
    """From where to where in the line stands what is not certain: such values, and variables without any."""
    length: int
    """Characters of all values that were put in."""


def inject(line: PlacedText, values: Mapping[str, Value], allowed: int) -> Injected | None:
    """Replace the variables of a line that have a value.

    Args:
        line: As written.
        values: By the names of variables.
        allowed: Characters that the values may have together; if they have more, None is returned.
    """
    if "$(" not in line.text:
        return Injected(line, (), 0)
    replaced = PlacedText()
    vague = []
    position = length = 0
    for match in REFERENCE.finditer(line.text):
        value = values.get(match[1])
        replaced.append_part(line, position, match.end() if value is None else match.start())
        start = replaced.length - len(match[0]) if value is None else replaced.length
        if value is not None:
            replaced.append(value.text, line.place(match.start()), spread=False)
            length += len(value.text)
            if length > allowed:
                return None
        if value is None or not value.certain:
            vague.append((start, replaced.length))
        position = match.end()
    replaced.append_part(line, position, len(line.text))
    return Injected(replaced, vague, length)


def evaluate(text: str, context: str, foreseen: ForeseenInstances, sources: Sources) -> Value | ValueFault:
    """Return the value of a ``define`` whose other variables were replaced already.

    Args:
        text: As written behind the ``=``.
        context: Path that indexes count below; empty for the root level.
        foreseen: The instances at this point.
        sources: Of times and identifiers.
    """
    if len(text) > MAX_VALUE:
        return ValueFault(Code.CMD_INVALID_SYNTAX, 0, f"the value has more than {MAX_VALUE} characters", "shorten it")
    text = text.replace("$(NANO_TIME)", str(sources.nano_time())) if "$(NANO_TIME)" in text else text
    if "$(MILLI_TIME)" in text:
        text = text.replace("$(MILLI_TIME)", str(int(sources.now().timestamp() * 1000)))
    if "$(UUID)" in text:
        text = text.replace("$(UUID)", sources.new_uuid())
    if formatted := _FORMATTED_TIME.search(text):
        return _formatted_time(text, formatted, sources)
    certain = True
    if "$(SMART_INDEX)" in text:
        pieces = text.split("$(SMART_INDEX)")
        text = str(foreseen.smart_index(context, pieces)).join(pieces)
        certain = foreseen.complete
    if existing := _EXISTING_INDEX.search(text):
        return _existing_index(text, existing, context, foreseen)
    return Value(text, certain=certain)


def _formatted_time(text: str, match: re.Match[str], sources: Sources) -> Value | ValueFault:
    pattern = match[1].strip(BLANKS)
    if match[0] != text:
        start = match.end() if match.start() == 0 else 0
        message = "a formatted time stands alone, but there is more in the value"
        hint = f"define one variable as '{match[0]}', and use it in another one"
        return ValueFault(Code.CMD_NO_MIX_FOR_PATTERNS, start, message, hint)
    fault = fault_in_pattern(pattern) if pattern else "it is empty"
    if fault:
        message, hint = f"'{pattern}' is no pattern of dates: {fault}", "write one such as 'yyyy-MM-dd HH:mm:ss'"
        return ValueFault(Code.CMD_INVALID_DATE_PATTERN, match.start(1), message, hint)
    return Value(format_date(sources.now(), pattern))


def _existing_index(text: str, match: re.Match[str], context: str, foreseen: ForeseenInstances) -> Value | ValueFault:
    pattern = _INDEX_PATTERN.fullmatch(match[1])
    more = _EXISTING_INDEX.search(text, match.end())
    if pattern is None or more is not None:
        message = f"'{match[0]}' is no index of existing instances"
        hint = "write '$(EXISTING_INDEX MIN)' or '$(EXISTING_INDEX MAX < 10)', in capitals"
        if pattern is not None:
            message, hint = (
                "a value holds one '$(EXISTING_INDEX ...)' only",
                "define another variable for the other one",
            )
        return ValueFault(Code.CMD_INVALID_INDEX_PATTERN, match.start(), message, hint)
    before, after = text[: match.start()], text[match.end() :]
    numbers = foreseen.existing_indexes(context, before, after)
    if not foreseen.complete:
        return Value(f"{before}1{after}", certain=False)
    bound = int(pattern[3]) if pattern[2] else 0
    if pattern[2]:
        numbers = [n for n in numbers if (n > bound if pattern[2] == ">" else n < bound)]
    if not numbers:
        return Value(f"/{MOCK}" if before.startswith("/") else MOCK, disabled=True, certain=False)
    number = min(numbers) if pattern[1] == "MIN" else max(numbers)
    return Value(f"{before}{number}{after}")
