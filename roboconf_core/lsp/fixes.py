"""Quick fixes: what a hint proposes, as a change of the text."""

from __future__ import annotations

import re
from typing import NamedTuple

from roboconf_core.dsl.symbols import Span
from roboconf_core.errors import Code
from roboconf_core.lsp.library import ReadFile

_DID_YOU_MEAN = re.compile(r"did you mean '([^']+)'\?")
_QUOTED = re.compile(r"'([^']+)'")
_MISSING_SEMICOLON = (Code.P_PROPERTY_ENDS_WITH_SEMI_COLON, Code.P_IMPORT_ENDS_WITH_SEMI_COLON)


class Fix(NamedTuple):
    """One change of a line."""

    title: str
    span: Span
    """What is replaced; empty where something is added."""
    text: str


def fix_of(file: ReadFile, code: str, message: str, line: int, column: int) -> Fix | None:
    """Return the change that a hint proposes, or None when it proposes none.

    Args:
        file: As it is now.
        code: Of the problem.
        message: With its hint.
        line: Where the problem is shown, counted from 1.
        column: Where it begins, counted from 1.
    """
    if code in _MISSING_SEMICOLON:
        return _semicolon(file, line)
    proposed = _DID_YOU_MEAN.search(message)
    if proposed is None:
        return None
    wrong = [name for name in _QUOTED.findall(message[: proposed.start()]) if name != proposed[1]]
    span = _standing_at(file, wrong, line, column)
    return Fix(f"Change to '{proposed[1]}'", span, proposed[1]) if span else None


def _semicolon(file: ReadFile, line: int) -> Fix | None:
    if not 1 <= line <= len(file.text.lines):
        return None
    instruction = file.text.lines[line - 1].partition("#")[0].rstrip()
    return None if instruction.endswith(";") else Fix("Add ';'", Span(line, len(instruction) + 1, 0), ";")


def _standing_at(file: ReadFile, names: list[str], line: int, column: int) -> Span | None:
    """Return the first of some names that stands at a place, or else on its line."""
    if not 1 <= line <= len(file.text.lines):
        return None
    text = file.text.lines[line - 1]
    words = [re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])") for name in names]
    match = next((found for word in words if (found := word.match(text, column - 1))), None)
    match = match or next((found for word in words if (found := word.search(text))), None)
    return Span(line, match.start() + 1, len(match[0])) if match else None
