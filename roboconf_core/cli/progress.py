"""Live progress of an application: a tree on a terminal, one line per change elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from roboconf_core.cli.output import console, print_line, seconds
from roboconf_core.cli.sentences import View, activity, instances_of, is_as_wanted, trouble
from roboconf_core.cli.tree import tree_of

if TYPE_CHECKING:
    from rich.console import Console, Group


class Progress(Protocol):
    """Something that shows how far an application is."""

    def show(self, view: View) -> None:
        """Show the present state."""


def progress_for(*, quiet: bool = False) -> AbstractContextManager[Progress]:
    """Return the display that fits: none, a tree on a terminal, or plain lines."""
    if quiet:
        return Silent()
    screen = console()
    return LiveTree(screen) if screen.is_terminal and not screen.is_dumb_terminal else Lines()


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View) -> None:
        """Show nothing."""


class Lines:
    """One line per change of an instance, with the seconds since the beginning; what rests from the start is left out."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._shown: dict[str, str] | None = None

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, view: View) -> None:
        """Print what changed since the last time."""
        found = list(instances_of(view))
        present = {one["path"]: _text(one) for one in found}
        if self._shown is None:
            self._shown = {one["path"]: present[one["path"]] for one in found if is_as_wanted(one)}
        for path, text in present.items():
            if self._shown.get(path) != text:
                self._print(path, text)
        for path in sorted(self._shown.keys() - present.keys(), reverse=True):
            self._print(path, "removed")
        self._shown = present

    def _print(self, path: str, text: str) -> None:
        print_line(f"{seconds(time.monotonic() - self._begin):>8}  {path}  {text}")


def _text(instance: View) -> str:
    """Return status and reason; durations are left out, since each change of the text becomes a line."""
    return f"{instance['status']}  {trouble(instance) or activity(instance)}".rstrip()


class LiveTree:
    """The tree, drawn again and again, as much of it as the terminal has room for; at the end the whole."""

    def __init__(self, screen: Console) -> None:
        from rich.live import Live

        self._console = screen
        self._live = Live(
            console=screen, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._begin = time.monotonic()
        self._view: View | None = None

    def __enter__(self) -> LiveTree:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)
        if self._view is not None:
            self._console.print(self._frame(self._view, None))

    def show(self, view: View) -> None:
        """Draw the present state."""
        self._view = view
        self._live.update(self._frame(view, self._console.height - 1), refresh=True)

    def _frame(self, view: View, height: int | None) -> Group:
        from rich.console import Group

        lines = tree_of(view, height=height)
        lines[0].append(f", after {seconds(time.monotonic() - self._begin)}", style="dim")
        if height is not None:
            for line in lines:
                line.truncate(self._console.width - 1, overflow="ellipsis")
        return Group(*lines)
