"""``roboconf down``: one application, or everything."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from roboconf_core.cli import manager
from roboconf_core.cli.connection import connected, the_home
from roboconf_core.cli.output import print_problems
from roboconf_core.cli.removal import NotRemovedError, remove_application
from roboconf_core.cli.words import the_application
from roboconf_core.dm.home import Home


def down(
    application: Annotated[
        str | None,
        typer.Argument(metavar="[APP]", help="One application; without it all of them and the deployment manager."),
    ] = None,
    purge: Annotated[bool, typer.Option("--purge", help="Remove logs and history as well.")] = False,
) -> None:
    """Undeploy and remove one application, or all of them and the deployment manager."""
    home = the_home()
    if application is not None:
        with connected(home) as client:
            remove_application(client, the_application(client, application))
        return
    if not manager.answers(home):
        _start_to_clean_up(home)
    failed = _remove_all(home)
    if failed:
        print_problems(problem for error in failed for problem in error.problems)
        raise typer.Exit(1)
    if home.is_running():
        manager.end(home)
        print("deployment manager ended")
    if purge:
        shutil.rmtree(home.directory, ignore_errors=False)
        print(f"{home.directory} removed")


def _start_to_clean_up(home: Home) -> None:
    """Have a deployment manager undeploy what one left behind that was killed."""
    if home.database.exists():
        manager.ensure(home)


def _remove_all(home: Home) -> list[NotRemovedError]:
    failed: list[NotRemovedError] = []
    if not manager.answers(home):
        print("nothing runs here")
        return failed
    with connected(home) as client:
        for one in list(client.items("/applications")):
            try:
                remove_application(client, one["name"])
            except NotRemovedError as error:
                failed.append(error)
        if not failed:
            for template in list(client.items("/templates")):
                client.delete(f"/templates/{template['name']}/{template['version']}")
    return failed
