"""``roboconf up``: everything on this machine in one go."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from roboconf_core.cli import manager
from roboconf_core.cli.archives import archive_of
from roboconf_core.cli.client import Client, location
from roboconf_core.cli.connection import connected, the_home
from roboconf_core.cli.output import print_line, seconds
from roboconf_core.cli.sentences import View, address_of, instances_of
from roboconf_core.cli.settled import NotSettledError, follow
from roboconf_core.cli.undo import Made, ask_and_undo, undo
from roboconf_core.cli.words import typed, usage_error
from roboconf_core.dm.home import Home
from roboconf_core.errors import Code, InvalidRequestError, RoboconfError, has_errors

LOCAL = {"handler": "local", "id": "this-computer", "name": "This computer"}
"""What ``up`` gives to machines whose component brings no target."""

_SHOWN = 10
"""So many addresses are shown at most."""


def up(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="An application directory, or a ZIP archive of one.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the application; by default the template's.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Port of the API, when none runs yet.")
    ] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay and follow; Ctrl-C offers to undo.")] = False,
) -> None:
    """Deploy and start an application on this computer.

    A deployment manager is started in the background, unless one runs already. When the application is up, its
    address is told, and the command returns. Ctrl-C offers to undo what this `up` made.
    """
    from roboconf_core.dm.core.naming import application_name

    home, made = the_home(), Made()
    wanted = application_name(name) if name is not None else None
    check(directory)
    archive = archive_of(directory)
    try:
        _up(home, archive, wanted, port, made)
        if foreground:
            _stay(home, made)
    except KeyboardInterrupt:
        ask_and_undo(home, made)
        raise typer.Exit(130) from None


def check(directory: Path) -> None:
    """Check an application before anything is started, and show what is wrong with it.

    Raises:
        typer.Exit: With status 1, if there are errors.
        InvalidRequestError: If there is no such directory.
    """
    from roboconf_core.cli.checking import validate_path
    from roboconf_core.cli.excerpts import print_problem
    from roboconf_core.cli.output import console
    from roboconf_core.dsl.projects import DirectoryKind

    if directory.is_file() and directory.suffix.lower() != ".zip":
        raise usage_error(f"'{directory}' is no application", "give an application's directory, or a ZIP archive of it")
    validated = validate_path(directory, kind=DirectoryKind.APPLICATION)
    for problem in validated.problems:
        print_problem(console(stderr=True), problem, validated.lines.get(problem.where) if problem.where else None)
    if has_errors(validated.problems):
        raise typer.Exit(1)


def _up(home: Home, archive: bytes, name: str | None, port: int | None, made: Made) -> None:
    begin = time.monotonic()
    manager.ensure(home, port=port, starting=made.starts_manager)
    info = home.read()
    print_line(f"deployment manager {'started' if made.manager else 'found'} at {info.url if info else '?'}")
    with connected(home) as client:
        try:
            application = _create(client, archive, name, made)
        except RoboconfError as error:
            _undo_after(error, home, made)
            raise
        _tell_targets(client.get(location("applications", application)))
        try:
            view = follow(client, application)
        except NotSettledError:
            again = f"`{typed('down', application)}`, then this `up` again"
            print_line(f"\n{application} is not up; what is there goes on. Once its recipe is mended: {again}.")
            raise
        _tell(view, time.monotonic() - begin)


def _undo_after(error: RoboconfError, home: Home, made: Made) -> None:
    try:
        undo(home, made)
    except RoboconfError as further:
        raise RoboconfError(problems=[*error.problems, *further.problems]) from error


def _create(client: Client, archive: bytes, name: str | None, made: Made) -> str:
    """Create an application and have it started; return its name."""
    from roboconf_core.cli.output import print_problems
    from roboconf_core.cli.templates import upload_or_replace, warnings_of

    _refuse_existing(client, name)
    template, is_new = upload_or_replace(client, archive)
    made.template = (template["name"], template["version"]) if is_new else None
    print_problems(found for found in warnings_of(template) if found.code is Code.PLUGIN_MISSING)
    application: str = name or template["name"]
    _refuse_existing(client, application)
    body = {
        "name": application,
        "template": template["name"],
        "version": template["version"],
        "default_target": LOCAL,
    }
    made.application = application  # before the request: it may be interrupted
    try:
        client.post("/applications", body)
    except RoboconfError:
        made.application = None
        raise
    client.post(location("applications", application, "start"), {"path": "", "all": True})
    return application


def _refuse_existing(client: Client, application: str | None) -> None:
    if application is not None and any(one["name"] == application for one in client.items("/applications")):
        raise InvalidRequestError(
            f"application '{application}' exists already; nothing was changed",
            hint=f"name the new one with --name, or remove the old one with `{typed('down', application)}`",
        )


def _tell_targets(view: View) -> None:
    for instance in instances_of(view):
        if instance["machine"] and (instance["target"] or {}).get("id") == LOCAL["id"]:
            where = "it becomes a machine on this computer (target handler 'local')"
            print_line(f"{instance['path']} brings no target: {where}")


def _tell(view: View, took_s: float) -> None:
    application, addresses = view["name"], addresses_of(view)
    print_line(f"\n{application} is up after {seconds(took_s)}." + (" Open:" if addresses else ""))
    for address in addresses[:_SHOWN]:
        print_line(address)
    if len(addresses) > _SHOWN:
        print_line(f"and {len(addresses) - _SHOWN} more: `{typed('status', application)}`")
    print_line("\nWhat to try next:")
    print_line(f"  {typed('status', application)}")
    for group, count in groups_of(view)[:1]:
        print_line(f"  {typed('scale', application, group, '--to', str(count + 3))}")
    print_line(f"  {typed('down', application)}")


def addresses_of(view: View) -> list[str]:
    """Return the addresses to open: of started instances with an ``ip`` and a port that nobody imports from."""
    found = list(instances_of(view))
    used = {provider["path"] for one in found for provider in one["imports"]}
    ends = (address_of(one) for one in found if one["path"] not in used)
    return [f"http://{end[0]}:{end[1]}/" for end in ends if end]


def groups_of(view: View) -> list[tuple[str, int]]:
    """Return what can be scaled, with its number: ``/web-vm`` and 2 for ``/web-vm1`` and ``/web-vm2``."""
    by_base: dict[tuple[str, str], int] = {}
    for root in view["instances"]:
        key = (root["name"].rstrip("0123456789"), root["component"])
        by_base[key] = by_base.get(key, 0) + 1
    return [(f"/{base}", count) for (base, _), count in by_base.items() if count > 1]


def _stay(home: Home, made: Made) -> None:
    from roboconf_core.cli.happenings import follow_events, newest_id

    print_line("\nWhat happens from now on is shown here; Ctrl-C offers to undo it all.")
    with connected(home) as client:
        follow_events(client, made.application, after=newest_id(client, made.application))
