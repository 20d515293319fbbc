"""Live progress of an application: a tree on a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from roboconf_core.cli.output import console, seconds

if TYPE_CHECKING:
    from rich.tree import Tree

View = Mapping[str, Any]
"""An application or an instance, as the REST API shows it."""

COLOURS = {
    "DEPLOYED_STARTED": "green",
    "NOT_DEPLOYED": "dim",
    "DEPLOYED_STOPPED": "dim",
    "UNRESOLVED": "yellow",
    "WAITING_FOR_ANCESTOR": "yellow",
    "PROBLEM": "bold red",
}
"""Of statuses; those that pass are blue."""


class Progress(Protocol):
    """Something that shows how far an application is."""

    def show(self, view: View) -> None:
        """Show the present state."""


def progress_for(*, quiet: bool = False) -> AbstractContextManager[Progress]:
    """Return the display that fits: none, a tree on a terminal, or plain lines."""
    if quiet:
        return _Silent()
    return _Live() if sys.stdout.isatty() else _Lines()


def instances_of(view: View) -> Iterator[View]:
    """Return all instances of an application or below an instance, parents first."""
    for instance in view.get("instances") or view.get("children") or ():
        yield instance
        yield from instances_of(instance)


def tree_of(view: View, *, now: float | None = None) -> Tree:
    """Return an application as a tree of machines and instances."""
    from rich.text import Text
    from rich.tree import Tree

    moment = time.time() if now is None else now
    tree = Tree(Text(view["name"], style="bold"), guide_style="dim")

    def add(branch: Tree, instance: View) -> None:
        line = Text.assemble((instance["name"], "bold" if instance["machine"] else ""), "  ")
        line.append(instance["status"], style=COLOURS.get(instance["status"], "blue"))
        line.append(_remark(instance, moment), style="dim")
        twig = branch.add(line)
        if failure := failure_text(instance):
            twig.add(Text(failure, style="red"))
        for child in instance["children"]:
            add(twig, child)

    for root in view["instances"]:
        add(tree, root)
    return tree


def _remark(instance: View, now: float) -> str:
    parts: list[str] = []
    if instance.get("action"):
        limit = instance.get("action_timeout_s") or 0
        since = instance.get("action_since") or now
        of = f" of {seconds(limit)}" if limit else ""
        parts.append(f"{instance['action']} for {seconds(max(0.0, now - since))}{of}")
    parts += instance.get("waits") or ()
    return "  " + "; ".join(parts) if parts else ""


def failure_text(instance: View) -> str:
    """Return in one line what failed last, or an empty text."""
    failure = instance.get("failure")
    if not failure:
        return instance.get("problem") or ""
    printed = (failure.get("stderr") or failure.get("stdout") or "").strip().splitlines()
    said = f": {printed[-1]}" if printed else ""
    next_try = "given up" if failure["exhausted"] else "will be tried again"
    return f"{failure['action']} failed ({failure['reason']}{said}), attempt {failure['attempt']}, {next_try}"


class _Silent:
    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View) -> None:
        """Show nothing."""


class _Lines:
    """One line per change of an instance, with the seconds since the beginning; what rests from the start is left out."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._shown: dict[str, tuple[str, str]] | None = None

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View) -> None:
        """Print what changed since the last time."""
        present = {one["path"]: (one["status"], _reason(one)) for one in instances_of(view)}
        if self._shown is None:
            self._shown = {path: line for path, line in present.items() if line in _AT_REST}
        for path, (status, reason) in present.items():
            if self._shown.get(path) != (status, reason):
                self._print(path, f"{status}  {reason}".rstrip())
        for path in self._shown.keys() - present.keys():
            self._print(path, "removed")
        self._shown = present

    def _print(self, path: str, text: str) -> None:
        print(f"{time.monotonic() - self._begin:6.1f} s  {path}  {text}", flush=True)


_AT_REST = (("DEPLOYED_STARTED", ""), ("DEPLOYED_STOPPED", ""), ("NOT_DEPLOYED", ""))


def _reason(instance: View) -> str:
    return failure_text(instance) or "; ".join(instance.get("waits") or ())


class _Live:
    """The tree, drawn again and again."""

    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(console=console(), refresh_per_second=8, transient=False)

    def __enter__(self) -> _Live:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, view: View) -> None:
        """Draw the present state."""
        self._live.update(tree_of(view))
