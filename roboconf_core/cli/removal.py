"""Removes one application: everything on it stopped, undeployed, its machines terminated, its record deleted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from roboconf_core.cli.client import Client, location
from roboconf_core.cli.output import print_line
from roboconf_core.cli.progress import progress_for
from roboconf_core.cli.sentences import View, instances_of, trouble
from roboconf_core.cli.words import typed
from roboconf_core.errors import Code, InvalidRequestError, Problem, RoboconfError

POLL_S = 0.25


class NotRemovedError(RoboconfError):
    """Something of an application could not be undeployed."""

    code = Code.CLI_NOT_REMOVED


def remove_application(client: Client, application: str, *, purge: bool = False) -> None:
    """Undeploy an application and delete it; what was still running on its machines is told.

    Args:
        client: Of the deployment manager.
        application: Its name.
        purge: Whether its history is forgotten too.

    Raises:
        NotRemovedError: With the names of what could not be undeployed. The application stays if a
            machine of it could not be terminated.
    """
    newest = client.get("/events", application=application, limit=1)["items"]
    try:
        client.post(location("applications", application, "undeploy"), {"path": ""})
        _wait_until_undeployed(client, application)
        events = list(client.items("/events", start=newest[-1]["id"] if newest else 0, application=application))
        client.delete(location("applications", application), purge=purge or None)
    except KeyboardInterrupt:
        again = typed("down", application)
        print_line(f"\ninterrupted: the undeployment goes on; `{again}` waits for it again")
        raise
    except InvalidRequestError as error:
        if error.problems[0].code is not Code.DM_NOT_FOUND:
            raise
        print_line(f"application {application} was removed by somebody else meanwhile")
        return
    for line in notes_of(events):
        print_line(line)
    print_line(f"application {application} removed")
    if unclean := left_behind(events):
        raise NotRemovedError(problems=unclean)


def _wait_until_undeployed(client: Client, application: str) -> None:
    with progress_for() as progress:
        while True:
            view = client.get(location("applications", application))
            progress.show(view)
            left = [one for one in instances_of(view) if one["status"] != "NOT_DEPLOYED"]
            if not left:
                return
            if stuck := stuck_machines(left):
                raise NotRemovedError(problems=stuck)
            time.sleep(POLL_S)


def stuck_machines(left: Sequence[View]) -> list[Problem]:
    """Return the machines that cannot be terminated, once nothing else is under way; else nothing."""
    machines = [one for one in left if one["machine"]]
    stuck = [one for one in machines if _is_stuck(one)]
    if len(stuck) < len(machines):
        return []
    hint = "its target is asked again by `roboconf down`"
    return [Problem(Code.CLI_NOT_REMOVED, f"{one['path']}: {trouble(one)}", hint=hint) for one in stuck]


def _is_stuck(machine: View) -> bool:
    if machine["status"] == "PROBLEM":
        return bool(machine["problem"])
    return bool(machine["failure"] and machine["failure"]["exhausted"])


def notes_of(events: Iterable[Any]) -> list[str]:
    """Return a line for each action that failed, and for each process that was still running at the end of its machine."""
    lines: list[str] = []
    for event in events:
        if event["kind"] == "action-failed":
            lines.append(event["text"])
        lines += [f"{event['path']}: was still running, ended: {one}" for one in event["details"].get("ended") or ()]
    return lines


def left_behind(events: Iterable[Any]) -> list[Problem]:
    """Return what was not undeployed when its machine was terminated, each with what failed last."""
    seen = list(events)
    failed = {event["path"]: event["text"] for event in seen if event["kind"] == "action-failed"}
    left = [path for event in seen if event["kind"] == "undeploy-incomplete" for path in event["details"]["left"]]
    return [
        Problem(
            Code.CLI_NOT_REMOVED,
            f"{path} was not undeployed before its machine was ended{': ' if path in failed else ''}{failed.get(path, '')}",
            hint="what its recipe put elsewhere on this computer may still be there",
        )
        for path in left
    ]
