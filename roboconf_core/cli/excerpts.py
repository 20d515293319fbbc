"""Shows a problem with the line it was found in, and a caret below its column."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roboconf_core.errors import Problem, Severity

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 100
"""Characters that are shown of a longer line, around the column."""
_NARROWEST = 20
_TAB = "    "


def print_problem(screen: Console, problem: Problem, line: str | None) -> None:
    """Print a problem: place, message, line with caret, hint.

    Args:
        screen: Where to; it knows whether there are colours.
        problem: What was found.
        line: Text of the line, None when there is none to show.
    """
    parts = list(_parts(problem, line, screen.width if screen.is_terminal else None))
    if screen.is_terminal:
        from rich.text import Text

        screen.print(Text.assemble(*parts), end="", soft_wrap=True)
    else:  # ten times as fast, and there may be many
        screen.file.write("".join(text for text, _ in parts))


def _parts(problem: Problem, line: str | None, columns: int | None) -> Iterator[tuple[str, str]]:
    """Yield what is shown of a problem, each part with its style; the line fits so many columns of a terminal."""
    style = "bold red" if problem.severity is Severity.ERROR else "bold yellow"
    if problem.where:
        yield visible(f"{problem.where}: "), ""
    yield str(problem.severity), style
    yield visible(f" {problem.code}: {problem.message}") + "\n", ""
    if line is not None and problem.where:
        number = str(problem.where.line)
        width = _WIDTH if columns is None else min(_WIDTH, columns - len(number) - len("   | ......"))
        text, caret = excerpt(line, problem.where.column, max(width, _NARROWEST))
        yield f"  {number} | {text}\n", ""
        if caret is not None:
            yield f"  {' ' * len(number)} | {' ' * caret}", ""
            yield "^\n", style
    if problem.hint:
        yield visible(f"  hint: {problem.hint}") + "\n", "cyan"


def excerpt(line: str, column: int, width: int = _WIDTH) -> tuple[str, int | None]:
    """Return what is shown of a line, and in how many cells the caret stands.

    Args:
        line: The whole line.
        column: Counted from 1; 0 when the problem concerns the whole line.
        width: Characters that are shown of a longer line.
    """
    at = max(0, min(column - 1, len(line)))
    start = max(0, at - width // 2) if len(line) > width else 0
    end = start + width
    before = "..." if start else ""
    after = "..." if end < len(line) else ""
    text = before + visible(line[start:end]) + after
    if not column:
        return text.rstrip(), None
    return text.rstrip(), len(before) + _cells(visible(line[start:at]))


def visible(text: str) -> str:
    """Return a text that does nothing to a terminal: tabs as blanks, control characters as a sign."""
    return text if text.isprintable() else "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if character == "\t":
        return _TAB
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(
        2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
        if not unicodedata.combining(character)
    )
