"""How results are shown: tables and text for people, JSON for programs, problems for both."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from roboconf_core.errors import Problem, Severity

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def console(*, stderr: bool = False) -> Console:
    """Return a console that uses colours on a terminal only, and never shortens or wraps lines elsewhere."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, soft_wrap=not stream.isatty(), highlight=False, markup=False, emoji=False)


def print_line(text: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str = "nothing") -> None:
    """Print aligned columns, without those that hold nothing; without rows, a sentence instead."""
    lines = [tuple(row) for row in rows]
    if not lines:
        print(empty)
        return
    used = [i for i in range(len(headers)) if any(line[i] for line in lines)]
    headers, lines = [headers[i] for i in used], [tuple(line[i] for i in used) for line in lines]
    if sys.stdout.isatty():
        console().print(_table(headers, lines))
    else:
        print(_plain(headers, lines))


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=header is headers[0])
    for row in rows:
        table.add_row(*row)
    return table


def _plain(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [tuple(headers), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def print_problems(problems: Iterable[Problem]) -> None:
    """Print problems to standard error, one after the other, each with its hint on a line of its own."""
    screen = console(stderr=True)
    for problem in problems:
        place = f"{problem.where}: " if problem.where else ""
        style = "bold red" if problem.severity is Severity.ERROR else "bold yellow"
        screen.print(f"{place}", end="")
        screen.print(f"{problem.severity}", style=style, end="")
        screen.print(f" {problem.code}: {problem.message}")
        if problem.hint:
            screen.print(f"  hint: {problem.hint}", style="cyan")


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return a problem in the shape that ``validate --json`` and the REST API share."""
    where = problem.where
    return {
        "code": str(problem.code),
        "severity": str(problem.severity),
        "file": where.file if where else "",
        "line": where.line if where else 0,
        "column": where.column if where else 0,
        "message": problem.message,
        "hint": problem.hint,
    }


def seconds(value: float) -> str:
    """Return a duration as people say it: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 4 min``, ``3 d 2 h``."""
    if value < 9.95:
        return f"{max(value, 0.0):.1f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    whole = round(value)
    for i, (unit, size) in enumerate(units):
        if whole >= size:
            smaller, part = units[min(i + 1, 3)]
            rest = whole % size // part if size > part else 0
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return "0 s"


def clock(wall: float) -> str:
    """Return a wall time (Unix seconds) as local time; with its day when that is not today."""
    moment = datetime.datetime.fromtimestamp(wall, tz=datetime.UTC).astimezone()
    today = datetime.datetime.now(tz=datetime.UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M:%S")
