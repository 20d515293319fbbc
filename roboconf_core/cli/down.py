"""``roboconf down``: one application, or everything."""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core.cli import manager
from roboconf_core.cli.client import Client, location
from roboconf_core.cli.connection import connected, the_home
from roboconf_core.cli.output import print_line
from roboconf_core.cli.purge import purge_application, purge_home
from roboconf_core.cli.removal import NotRemovedError, remove_application
from roboconf_core.cli.words import the_application
from roboconf_core.dm.home import Home
from roboconf_core.errors import Problem


def down(
    application: Annotated[
        str | None,
        typer.Argument(metavar="APP", help="One application; without it all of them and the deployment manager."),
    ] = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove logs and history as well.")] = False,
) -> None:
    """Undeploy and remove one application, or all.

    Without APP, all applications, their templates and the deployment manager go. Whatever was still running on a
    machine is ended and named. Logs and history stay. Exit with 1 when something could not be undeployed.
    """
    home = the_home()
    if application is not None:
        _one(home, application, purge=purge)
    else:
        _all(home, purge=purge)


def _one(home: Home, application: str, *, purge: bool) -> None:
    _revive(home)
    with connected(home) as client:
        name = the_application(client, application)
        remove_application(client, name, purge=purge)
    if purge:
        purge_application(home, name)


def _all(home: Home, *, purge: bool) -> None:
    failed: list[Problem] = []
    if _revive(home):
        with connected(home) as client:
            failed = _remove(client, [one["name"] for one in client.items("/applications")])
            if not list(client.items("/applications")):
                _forget_templates(client)
                manager.end(home)
                home.dm_file.unlink()  # nothing is left that the next `down` would have to look for
                print_line("deployment manager ended")
    else:
        print_line(f"nothing runs in {home.directory}")
    if failed:
        raise NotRemovedError(problems=failed)
    if purge:
        purge_home(home)


def _revive(home: Home) -> bool:
    """Have a deployment manager clean up what one left that does not run any more; False if none was ever there."""
    if manager.answers(home):
        return True
    if not manager.was_here(home):
        return False
    if manager.ensure(home):
        print_line("deployment manager started, to remove what the former one left")
    return True


def _remove(client: Client, applications: list[str]) -> list[Problem]:
    failed: list[Problem] = []
    for name in applications:
        try:
            remove_application(client, name)
        except NotRemovedError as error:
            failed += error.problems
    return failed


def _forget_templates(client: Client) -> None:
    for template in list(client.items("/templates")):
        client.delete(location("templates", template["name"], template["version"]))
