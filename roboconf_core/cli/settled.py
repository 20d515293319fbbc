"""Waits until an application is settled, showing its progress."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from roboconf_core.cli.client import Client, location
from roboconf_core.cli.output import print_line, seconds
from roboconf_core.cli.progress import progress_for
from roboconf_core.cli.sentences import View, instances_of
from roboconf_core.cli.words import typed
from roboconf_core.errors import Code, Problem, RoboconfError

POLL_S = 0.25


class NotSettledError(RoboconfError):
    """The application did not come to rest: something was given up, or the time is over."""

    code = Code.CLI_NOT_SETTLED


def follow(client: Client, application: str, *, timeout_s: float | None = None, quiet: bool = False) -> View:
    """Show the progress of an application until it is settled; return it.

    Args:
        client: Of the deployment manager.
        application: Its name.
        timeout_s: Seconds to wait at most; None for as long as it takes.
        quiet: Show nothing meanwhile.

    Raises:
        NotSettledError: If something was given up, or the time is over; its problems are what prevents rest.
    """
    begin = time.monotonic()
    with progress_for(quiet=quiet) as progress:
        while True:
            state = client.get(location("applications", application, "settled"), wait_s=0)
            view: View = client.get(location("applications", application))
            progress.show(view)
            if state["settled"]:
                return view
            if any(blocker["exhausted"] for blocker in state["blockers"]):
                break
            if timeout_s is not None and time.monotonic() - begin >= timeout_s:
                break
            time.sleep(POLL_S)
    raise NotSettledError(problems=problems_of(view, state["blockers"], timeout_s))


def finish(client: Client, application: str, *, wait: bool) -> None:
    """After a request: follow it to its end if that is asked for, and say that it goes on if that is interrupted."""
    if not wait:
        return
    try:
        follow(client, application)
    except KeyboardInterrupt:
        print_line(f"\ninterrupted: what was asked for goes on; `{typed('wait', application)}` waits for it again")
        raise


def problems_of(view: View, blockers: Sequence[Mapping[str, Any]], timeout_s: float | None) -> list[Problem]:
    """Return what was given up, each with what to do; when nothing was, all that prevents rest at the time-out."""
    given_up = [blocker for blocker in blockers if blocker["exhausted"]]
    machines = {one["path"] for one in instances_of(view) if one["machine"]}
    problems = [
        Problem(
            Code.CLI_NOT_SETTLED,
            f"{one['path']}: {one['text']}",
            hint=_what_to_do(view["name"], one, is_machine=one["path"] in machines),
        )
        for one in given_up or blockers
    ]
    if given_up:
        waiting = {blocker["path"] for blocker in blockers} - {blocker["path"] for blocker in given_up}
        return problems + _waiting(view["name"], len(waiting))
    return [
        Problem(Code.CLI_NOT_SETTLED, f"'{view['name']}' is not settled after {seconds(timeout_s or 0)}"),
        *problems,
    ]


def _what_to_do(application: str, blocker: Mapping[str, Any], *, is_machine: bool) -> str:
    path = blocker["path"]
    if blocker["exhausted"]:
        look = "" if is_machine else f"`{typed('logs', application, path)}` shows what it printed; "
        return f"{look}`{typed('retry', application)}` tries it again"
    if is_machine and blocker["text"].startswith("is lost"):
        return f"`{typed('agent', 'start', application, path)}` starts its agent again"
    return ""


def _waiting(application: str, count: int) -> list[Problem]:
    if not count:
        return []
    others = "1 more instance waits" if count == 1 else f"{count} more instances wait"
    hint = f"`{typed('explain', application)}` says for what"
    return [Problem(Code.CLI_NOT_SETTLED, f"{others} meanwhile", hint=hint)]
