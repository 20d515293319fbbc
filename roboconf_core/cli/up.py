"""``roboconf up``: everything on this machine in one go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from roboconf_core.cli import manager
from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected, the_home
from roboconf_core.cli.progress import View, instances_of
from roboconf_core.cli.removal import remove_application
from roboconf_core.cli.settled import follow
from roboconf_core.dm.home import Home
from roboconf_core.errors import InvalidRequestError, has_errors

LOCAL = {"handler": "local", "id": "this-computer", "name": "This computer"}
"""What ``up`` gives to machines whose component brings no target."""


@dataclass(slots=True)
class Made:
    """What one ``up`` made, or was about to make, for its undoing."""

    manager: bool = False
    template: tuple[str, str] | None = None
    application: str | None = None

    def starts_manager(self) -> None:
        """Note that the deployment manager is of this ``up``."""
        self.manager = True


def up(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="An application directory, or a ZIP archive of one.")
    ],
    name: Annotated[str | None, typer.Option(help="Name of the application; by default the template's.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the API, when none runs yet.")] = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay and follow; Ctrl-C offers to undo.")] = False,
) -> None:
    """Deploy and start an application on this machine, with a deployment manager if none runs yet."""
    home, made = the_home(), Made()
    check(directory)
    try:
        try:
            _make(home, directory, name, port, made)
            if foreground:
                _stay(home, made)
        except KeyboardInterrupt:
            _ask_and_undo(home, made)
            raise typer.Exit(130) from None
    except KeyboardInterrupt:
        _leave(made)
        raise typer.Exit(130) from None


def check(directory: Path) -> None:
    """Check an application before anything is started, and show what is wrong with it.

    Raises:
        typer.Exit: With status 1, if there are errors.
        InvalidRequestError: If there is no such directory.
    """
    from roboconf_core.cli.excerpts import print_problem
    from roboconf_core.cli.output import console
    from roboconf_core.cli.validate import validate_path

    validated = validate_path(directory)
    for problem in validated.problems:
        print_problem(console(stderr=True), problem, validated.lines.get(problem.where) if problem.where else None)
    if has_errors(validated.problems):
        raise typer.Exit(1)


def _make(home: Home, directory: Path, name: str | None, port: int | None, made: Made) -> None:
    from roboconf_core.cli.templates import upload

    manager.ensure(home, port=port, starting=made.starts_manager)
    info = home.read()
    print(f"deployment manager {'started' if made.manager else 'found'} at {info.url if info else '?'}", flush=True)
    with connected(home) as client:
        application = name
        _refuse_existing(client, application)
        known = {(one["name"], one["version"]) for one in client.items("/templates")}
        template = upload(client, directory)
        key = (template["name"], template["version"])
        made.template = None if key in known else key
        application = application or template["name"]
        _refuse_existing(client, application)
        body = {"name": application, "template": key[0], "version": key[1], "default_target": LOCAL}
        made.application = application
        client.post("/applications", body)
        client.post(f"/applications/{application}/start", {"path": "", "all": True})
        _tell_targets(client.get(f"/applications/{application}"))
        follow(client, application)
        _tell(client.get(f"/applications/{application}"), application)


def _tell_targets(view: View) -> None:
    for instance in instances_of(view):
        if instance["machine"] and (instance["target"] or {}).get("id") == LOCAL["id"]:
            print(
                f"{instance['path']} brings no target: it becomes a machine on this computer (target handler 'local')"
            )


def _refuse_existing(client: Client, application: str | None) -> None:
    if application is not None and any(one["name"] == application for one in client.items("/applications")):
        raise InvalidRequestError(
            f"application '{application}' exists already; nothing was changed",
            hint=f"give the new one another name (--name), or remove the old one with `roboconf down {application}`",
        )


def _tell(view: View, application: str) -> None:
    addresses = addresses_of(view)
    print(f"\n{application} is up." + (" Open:" if addresses else ""))
    for address in addresses:
        print(address)
    print("\nWhat to try next:")
    print(f"  roboconf status {application}")
    for group in _groups(view)[:1]:
        print(f"  roboconf scale {application} {group} --to 5")
    print(f"  roboconf down {application}")


def addresses_of(view: View) -> list[str]:
    """Return the addresses to open: of started instances with an ``ip`` and a port that nobody imports from."""
    found: list[str] = []
    used = {path for one in instances_of(view) for path in _providers(one)}
    for instance in instances_of(view):
        exports = {full.rpartition(".")[2]: value for full, value in instance["exports"].items()}
        port = exports.get("port") or exports.get("http_port")
        address = exports.get("ip")
        if address and port and not instance["machine"] and instance["path"] not in used:
            found.append(f"http://{address}:{port}/")
    return found


def _providers(instance: View) -> list[str]:
    return [one["path"] for one in instance.get("imports") or ()]


def _groups(view: View) -> list[str]:
    by_base: dict[tuple[str, str], int] = {}
    for root in view["instances"]:
        key = (root["name"].rstrip("0123456789"), root["component"])
        by_base[key] = by_base.get(key, 0) + 1
    return [f"/{base}" for (base, _), count in by_base.items() if count > 1]


def _stay(home: Home, made: Made) -> None:
    from roboconf_core.cli.inspect import follow_events

    print("\nFollowing; Ctrl-C ends it.")
    with connected(home) as client:
        follow_events(client, made.application)


def _ask_and_undo(home: Home, made: Made) -> None:
    if not (made.manager or made.template or made.application):
        print("\ninterrupted; nothing was made")
        return
    if sys.stdin.isatty() and not typer.confirm("\nundo what this `up` made?", default=True):
        _leave(made)
        return
    print("undoing; Ctrl-C again leaves it as it is", flush=True)
    undo(home, made)


def undo(home: Home, made: Made) -> None:
    """Remove what one ``up`` made, and nothing else."""
    with connected(home) as client:
        if made.application in [one["name"] for one in client.items("/applications")]:
            remove_application(client, str(made.application))
        if made.template:
            client.delete(f"/templates/{made.template[0]}/{made.template[1]}")
        others = list(client.items("/applications"))
    if made.manager and not others:
        manager.end(home)
    print("undone")


def _leave(made: Made) -> None:
    print("\nleft as it is; go on with `roboconf wait`, look with `roboconf status`, remove with", end=" ")
    print(f"`roboconf down {made.application}`" if made.application else "`roboconf down`")
