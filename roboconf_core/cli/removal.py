"""Removes one application: everything on it stopped, undeployed, its machines terminated, its record deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence

from roboconf_core.cli.client import Client
from roboconf_core.cli.progress import View, failure_text, instances_of, progress_for
from roboconf_core.errors import Code, Problem, RoboconfError

POLL_S = 0.25


class NotRemovedError(RoboconfError):
    """Something of an application could not be undeployed."""

    code = Code.CLI_NOT_REMOVED


def remove_application(client: Client, application: str) -> None:
    """Undeploy an application and delete it; what was still running on its machines is told.

    Raises:
        NotRemovedError: With the names of what could not be undeployed; the application stays.
    """
    newest = client.get("/events", application=application, limit=1)["items"]
    client.post(f"/applications/{application}/undeploy", {"path": ""})
    with progress_for() as progress:
        while True:
            view = client.get(f"/applications/{application}")
            progress.show(view)
            left = [one for one in instances_of(view) if one["status"] != "NOT_DEPLOYED"]
            if not left:
                break
            _refuse_stuck(left)
            time.sleep(POLL_S)
    client.delete(f"/applications/{application}")
    _tell_what_was_ended(client, application, after=newest[-1]["id"] if newest else 0)
    print(f"application {application} removed", flush=True)


def _refuse_stuck(left: Sequence[View]) -> None:
    stuck = [one for one in left if _is_stuck(one)]
    if stuck and len(stuck) == len([one for one in left if one["machine"]]):
        raise NotRemovedError(
            problems=[
                Problem(Code.CLI_NOT_REMOVED, f"{one['path']} could not be undeployed: {failure_text(one)}")
                for one in stuck
            ]
        )


def _is_stuck(instance: View) -> bool:
    failure = instance.get("failure")
    return bool(
        instance["machine"]
        and (instance.get("problem") if instance["status"] == "PROBLEM" else failure and failure["exhausted"])
    )


def _tell_what_was_ended(client: Client, application: str, *, after: int) -> None:
    for event in client.items("/events", start=after, application=application):
        for process in event["details"].get("ended") or ():
            print(f"{event['path']}: was still running, ended: {process}")
