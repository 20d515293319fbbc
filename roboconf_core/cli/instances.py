"""``roboconf instance``, ``scale`` and ``retry``: what users want of instances."""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core.cli.client import location
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import AnyPath, AppPath, Command, Json, OptionalApp, Wait
from roboconf_core.cli.output import print_json, print_line, print_table
from roboconf_core.cli.settled import finish
from roboconf_core.cli.words import (
    application_and_any_path,
    application_and_path,
    the_application,
    typed,
    usage_error,
)

app = typer.Typer(no_args_is_help=True, help="Create, deploy, start, stop, undeploy, delete instances.")


@app.command("list", cls=Command)
def list_(application: OptionalApp = None, json: Json = False) -> None:
    """List all instances of an application."""
    with connected() as client:
        found = list(client.items(location("applications", the_application(client, application), "instances")))
    if json:
        print_json(found)
        return
    rows = [(one["path"], one["component"], one["status"], one["desired"]) for one in found]
    print_table(("PATH", "COMPONENT", "STATUS", "DESIRED"), rows, empty="there is no instance")


@app.command(cls=Command)
def create(
    words: AppPath,
    component: Annotated[str, typer.Option(metavar="COMPONENT", help="What kind of instance it is, as in the graph.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give an exported variable another value.")
    ] = None,
) -> None:
    """Add an instance at a path, not deployed.

    Its parent must exist: /web-vm3/web needs /web-vm3.
    """
    overrides = _overrides(override or [])
    with connected() as client:
        application, path = application_and_path(client, words)
        parent, _, name = path.rpartition("/")
        if not name:
            raise usage_error(f"'{path}' names no instance", "the path ends with the name of the new one: /web-vm3")
        body = {"parent": parent, "name": name, "component": component, "overrides": overrides}
        client.post(location("applications", application, "instances"), body)
    start = typed("instance", "start", application, path)
    print_line(f"{path} created; `{start}` deploys and starts it")


@app.command(cls=Command)
def deploy(words: AnyPath = None, wait: Wait = False) -> None:
    """Deploy an instance with all below it, not started.

    A machine is created. Without PATH, the whole application.
    """
    _want(words, "deploy", wait=wait)


@app.command(cls=Command)
def start(
    words: AnyPath = None,
    everything: Annotated[bool, typer.Option("--all", help="Start all below it as well.")] = False,
    wait: Wait = False,
) -> None:
    """Start an instance; with --all, all below it too.

    What it stands on is deployed and started as well. Without PATH, the whole application.
    """
    _want(words, "start", wait=wait, all=everything)


@app.command(cls=Command)
def stop(words: AnyPath = None, wait: Wait = False) -> None:
    """Stop an instance and all below it.

    A machine stays, what runs on it is stopped. Without PATH, the whole application.
    """
    _want(words, "stop", wait=wait)


@app.command(cls=Command)
def undeploy(words: AnyPath = None, wait: Wait = False) -> None:
    """Stop and undeploy an instance and all below it.

    A machine is terminated. Without PATH, the whole application.
    """
    _want(words, "undeploy", wait=wait)


@app.command(cls=Command)
def replicate(words: AppPath, name: Annotated[str, typer.Option(metavar="NAME", help="Name of the copy.")]) -> None:
    """Copy an instance with all below it, not deployed.

    The copy stands beside it.
    """
    with connected() as client:
        application, path = application_and_path(client, words)
        client.post(location("applications", application, "replicate"), {"path": path, "name": name})
    print_line(f"{path} replicated as {path.rpartition('/')[0]}/{name}")


@app.command(cls=Command)
def delete(words: AppPath) -> None:
    """Delete an instance with all below it.

    Nothing of it may be deployed.
    """
    with connected() as client:
        application, path = application_and_path(client, words)
        client.delete(location("applications", application, "instances"), path=path)
    print_line(f"{path} deleted")


def scale(
    words: AppPath,
    to: Annotated[int, typer.Option(metavar="N", help="How many replicas there shall be.", min=0)],
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return at once.")] = False,
) -> None:
    """Have so many replicas of a machine with all on it.

    PATH is their common name: /web-vm stands for /web-vm1, /web-vm2 and so on. Waits until they are there; those
    that are too many are drained first, so that no request is lost.
    """
    with connected() as client:
        application, path = application_and_path(client, words)
        client.post(location("applications", application, "scale"), {"path": path, "to": to})
        print_line(f"{application}: {to} of {path} wanted")
        finish(client, application, wait=not no_wait)


def retry(
    application: OptionalApp = None,
    path: Annotated[str, typer.Option(metavar="PATH", help="Only this instance and all below it.")] = "",
    wait: Wait = False,
) -> None:
    """Try again what failed."""
    with connected() as client:
        name = the_application(client, application)
        client.post(location("applications", name, "retry"), {"path": path})
        print_line(f"{name}: trying again")
        finish(client, name, wait=wait)


def _want(words: list[str] | None, verb: str, *, wait: bool, **more: object) -> None:
    with connected() as client:
        application, path = application_and_any_path(client, words or [])
        client.post(location("applications", application, verb), {"path": path, **more})
        print_line(f"{application}: {verb} of {path or 'everything'} wanted")
        finish(client, application, wait=wait)


def _overrides(settings: list[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    for name, equals, value in pairs:
        if not name.strip() or not equals:
            raise usage_error(f"--set '{name}{equals}{value}': expected NAME=VALUE")
    return {name.strip(): value for name, _, value in pairs}
