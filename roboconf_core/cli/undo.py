"""What one ``roboconf up`` made, and how it is undone: nothing else is touched."""

from __future__ import annotations

import select
import sys
from dataclasses import dataclass

from roboconf_core.cli import manager
from roboconf_core.cli.client import Client, location
from roboconf_core.cli.connection import connected
from roboconf_core.cli.output import print_line
from roboconf_core.cli.removal import NotRemovedError, remove_application
from roboconf_core.cli.words import typed
from roboconf_core.dm.home import Home

_START_PATIENCE_S = 10.0
"""How long a deployment manager that was just being started is waited for before it is ended."""
_TURN_S = 0.1
"""How long an interrupt may go unnoticed while an answer is waited for."""


@dataclass(slots=True)
class Made:
    """What one ``up`` made, or was about to make."""

    manager: bool = False
    template: tuple[str, str] | None = None
    application: str | None = None

    def starts_manager(self) -> None:
        """Note that the deployment manager is of this ``up``."""
        self.manager = True

    def __bool__(self) -> bool:
        """Tell whether there is something to undo."""
        return bool(self.manager or self.template or self.application)


def ask_and_undo(home: Home, made: Made) -> None:
    """After Ctrl-C: undo what was made, unless the user at the terminal says no, or interrupts once more."""
    if not made:
        print_line("\ninterrupted; nothing was made")
        return
    try:
        wanted = not sys.stdin.isatty() or _confirmed("\nundo what this `up` made?")
    except KeyboardInterrupt:
        wanted = False
    if not wanted:
        _leave(made)
        return
    try:
        print_line("undoing; Ctrl-C again leaves it as it is")
        undo(home, made)
    except KeyboardInterrupt:
        _leave(made)


def _confirmed(question: str) -> bool:
    """Ask at the terminal until the answer is yes (an empty line too) or no (the end of the input too).

    A read that blocks would not notice an interrupt which came right before it: this one waits in short turns.
    """
    while True:
        print(f"{question} [Y/n]: ", end="", flush=True)
        while not select.select([sys.stdin], [], [], _TURN_S)[0]:
            pass
        line = sys.stdin.readline()
        answer = line.strip().lower()
        if line and answer in ("", "y", "yes"):
            return True
        if not line or answer in ("n", "no"):
            return False


def undo(home: Home, made: Made) -> None:
    """Remove what one ``up`` made, and nothing else.

    Raises:
        NotRemovedError: With what could not be undeployed.
    """
    if not made:
        return
    unclean: NotRemovedError | None = None
    if manager.serves_soon(home, patience_s=_START_PATIENCE_S if made.manager else 0.0):
        with connected(home) as client:
            unclean = _remove(client, made.application)
            names = [one["name"] for one in client.items("/applications")]
            if made.application not in names:
                _forget(client, made.template)
        if made.manager and not names:
            manager.end(home)
    if unclean:
        raise unclean
    print_line("undone")


def _remove(client: Client, application: str | None) -> NotRemovedError | None:
    if application not in [one["name"] for one in client.items("/applications")]:
        return None
    try:
        remove_application(client, str(application))
    except NotRemovedError as error:
        return error
    return None


def _forget(client: Client, template: tuple[str, str] | None) -> None:
    if template in [(one["name"], one["version"]) for one in client.items("/templates")]:
        client.delete(location("templates", *(template or ())))


def _leave(made: Made) -> None:
    if made.application:
        print_line(f"\nleft as it is: {made.application} goes on in the background, as it was asked for last")
        print_line(f"  `{typed('wait', made.application)}` waits for it, `{typed('status')}` shows it")
    else:
        print_line("\nleft as it is")
    print_line(f"  `{typed('down', *([made.application] if made.application else []))}` removes it")
