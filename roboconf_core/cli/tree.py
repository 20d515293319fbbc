"""An application as a tree of machines and instances, each with its status, since when, and why it waits."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roboconf_core.cli.output import seconds
from roboconf_core.cli.sentences import View, activity, address_of, instances_of, is_as_wanted, trouble

if TYPE_CHECKING:
    from rich.text import Text

COLOURS = {
    "DEPLOYED_STARTED": "green",
    "NOT_DEPLOYED": "dim",
    "DEPLOYED_STOPPED": "dim",
    "UNRESOLVED": "yellow",
    "WAITING_FOR_ANCESTOR": "yellow",
    "PROBLEM": "bold red",
}
"""Of statuses; those that pass are blue."""


@dataclass(frozen=True, slots=True)
class Row:
    """One instance, or a line about one."""

    guide: str
    """What leads to it from the rows above."""
    name: str
    machine: bool = False
    status: str = ""
    age: str = ""
    """How long it has been in this status."""
    remark: str = ""
    trouble: str = ""


def tree_of(view: View, *, now: float | None = None, height: int | None = None) -> list[Text]:
    """Return an application as lines: a head, then one per instance and one per failure.

    Args:
        view: The application, as the REST API shows it.
        now: Wall time (Unix seconds) to which durations are counted.
        height: How many lines there may be; what is as it is wanted is left out first. None for all.
    """
    moment = time.time() if now is None else now
    rows = rows_of(view["instances"], moment)
    if height is not None and len(rows) >= height:
        busy = [one for one in (_without_rest(root) for root in view["instances"]) if one]
        rows = _cut(rows_of(busy, moment), height - 2)
        hidden = sum(1 for _ in instances_of(view)) - sum(1 for row in rows if row.status)
        rows.append(Row("    ", f"and {hidden} more"))
    return [_head(view), *_lines(rows)]


def rows_of(instances: Sequence[View], now: float, guide: str = "") -> list[Row]:
    """Return one row per instance, parents first, each followed by what failed."""
    rows: list[Row] = []
    branch, line, corner, blank = _guides()
    for instance in instances:
        last = instance is instances[-1]
        rows.append(_row(instance, now, guide + (corner if last else branch)))
        below = guide + (blank if last else line)
        if failed := trouble(instance, now):
            stem = line if instance["children"] else blank
            rows.append(Row(below + stem, "", trouble=failed))
        rows += rows_of(instance["children"], now, below)
    return rows


def _row(instance: View, now: float, guide: str) -> Row:
    address = address_of(instance)
    remark = activity(instance, now) or (":".join(address) if address else "")
    age = seconds(now - instance["since"]) if instance["since"] else ""
    return Row(guide, instance["name"], instance["machine"], instance["status"], age, remark)


def _guides() -> tuple[str, str, str, str]:
    if "utf" in (sys.stdout.encoding or "").lower():
        return "├── ", "│   ", "└── ", "    "
    return "|-- ", "|   ", "`-- ", "    "


def _without_rest(instance: View) -> View | None:
    """Return an instance with those below it that are not as they are wanted; None when nothing is left."""
    children = [one for one in (_without_rest(child) for child in instance["children"]) if one]
    return {**instance, "children": children} if children or not is_as_wanted(instance) else None


def _cut(rows: list[Row], count: int) -> list[Row]:
    return rows[: max(count, 1)]


def _head(view: View) -> Text:
    from rich.text import Text

    found = list(instances_of(view))
    reached = sum(is_as_wanted(one) for one in found)
    about = f"{reached} of {len(found)} as wanted" if found else "no instance"
    return Text.assemble((view["name"], "bold"), "  ", (about, "dim"))


def _lines(rows: Iterable[Row]) -> list[Text]:
    shown = list(rows)
    name = max((len(row.guide + row.name) for row in shown if row.status), default=0)
    status = max((len(row.status) for row in shown), default=0)
    age = max((len(row.age) for row in shown), default=0)
    return [_line(row, name, status, age) for row in shown]


def _line(row: Row, name: int, status: int, age: int) -> Text:
    from rich.text import Text

    line = Text.assemble((row.guide, "dim"), (row.name, "bold" if row.machine else "dim" if not row.status else ""))
    if row.trouble:
        line.append(row.trouble, style="red")
    if row.status:
        line.append(" " * (name + 2 - len(line)))
        line.append(row.status.ljust(status), style=COLOURS.get(row.status, "blue"))
        line.append(f"  {row.age.rjust(age)}", style="dim")
        line.append(f"  {row.remark}".rstrip(), style="" if row.remark else "dim")
    line.rstrip()
    return line
