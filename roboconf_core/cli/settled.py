"""Waits until an application is settled, showing its progress."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from roboconf_core.cli.client import Client
from roboconf_core.cli.output import seconds
from roboconf_core.cli.progress import progress_for
from roboconf_core.errors import Code, Problem, RoboconfError

POLL_S = 0.25


class NotSettledError(RoboconfError):
    """The application did not come to rest: something was given up, or the time is over."""

    code = Code.CLI_NOT_SETTLED


def follow(client: Client, application: str, *, timeout_s: float | None = None, quiet: bool = False) -> None:
    """Show the progress of an application until it is settled.

    Args:
        client: Of the deployment manager.
        application: Its name.
        timeout_s: Seconds to wait at most; None for as long as it takes.
        quiet: Show nothing meanwhile.

    Raises:
        NotSettledError: If something is exhausted and nothing else moves, or the time is over; its
            problems are what prevents it.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with progress_for(quiet=quiet) as progress:
        while True:
            state = client.get(f"/applications/{application}/settled", wait_s=0)
            progress.show(client.get(f"/applications/{application}"))
            if state["settled"]:
                return
            if any(blocker["exhausted"] for blocker in state["blockers"]):
                raise _not_settled(state["blockers"], "something was given up")
            if timeout_s is not None and deadline is not None and time.monotonic() >= deadline:
                raise _not_settled(state["blockers"], f"not settled after {seconds(timeout_s)}")
            time.sleep(POLL_S)


def finish(client: Client, application: str, *, wait: bool) -> None:
    """After a request: follow it to its end if that is asked for."""
    if wait:
        follow(client, application)


def _not_settled(blockers: Sequence[Mapping[str, Any]], reason: str) -> NotSettledError:
    order = sorted(blockers, key=lambda blocker: not blocker["exhausted"])
    return NotSettledError(
        problems=[
            Problem(
                Code.CLI_NOT_SETTLED,
                f"{blocker['path']}: {blocker['text']}",
                hint=f"`roboconf logs {blocker['path']}` shows what it printed" if blocker["exhausted"] else "",
            )
            for blocker in order
        ]
        or [Problem(Code.CLI_NOT_SETTLED, reason)]
    )
