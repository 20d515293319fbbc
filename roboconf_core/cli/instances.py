"""``roboconf instance``, ``scale`` and ``retry``: what users want of instances."""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import AppPath, Json, OptionalApp, Wait
from roboconf_core.cli.output import print_json, print_table
from roboconf_core.cli.settled import finish
from roboconf_core.cli.words import application_and_path, the_application
from roboconf_core.errors import InvalidRequestError

app = typer.Typer(no_args_is_help=True, help="Create, deploy, start, stop, undeploy, replicate and delete instances.")


@app.command("list")
def list_(application: OptionalApp = None, json: Json = False) -> None:
    """List all instances of an application."""
    with connected() as client:
        found = list(client.items(f"/applications/{the_application(client, application)}/instances"))
    if json:
        print_json(found)
        return
    rows = [(one["path"], one["component"], one["status"], one["desired"]) for one in found]
    print_table(("PATH", "COMPONENT", "STATUS", "DESIRED"), rows, empty="there is no instance")


@app.command()
def create(
    words: AppPath,
    component: Annotated[str, typer.Option(help="Component of the new instance.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Give an exported variable another value.")
    ] = None,
) -> None:
    """Add an instance at a path, not deployed; its parent must exist."""
    with connected() as client:
        application, path = application_and_path(client, words)
        parent, _, name = path.rstrip("/").rpartition("/")
        body = {"parent": parent, "name": name, "component": component, "overrides": _overrides(override or [])}
        client.post(f"/applications/{application}/instances", body)
    print(f"{path} created; deploy and start it with `roboconf instance start {application} {path}`")


@app.command()
def deploy(words: AppPath, wait: Wait = False) -> None:
    """Deploy an instance with all below it, not started; a machine is created."""
    _want(words, "deploy", wait=wait)


@app.command()
def start(
    words: AppPath,
    everything: Annotated[bool, typer.Option("--all", help="Start all below it as well.")] = False,
    wait: Wait = False,
) -> None:
    """Start an instance; with --all, all below it."""
    _want(words, "start", wait=wait, all=everything)


@app.command()
def stop(words: AppPath, wait: Wait = False) -> None:
    """Stop an instance and all below it; a machine stays, what runs on it is stopped."""
    _want(words, "stop", wait=wait)


@app.command()
def undeploy(words: AppPath, wait: Wait = False) -> None:
    """Stop and undeploy an instance and all below it; a machine is terminated."""
    _want(words, "undeploy", wait=wait)


@app.command()
def replicate(words: AppPath, name: Annotated[str, typer.Option(help="Name of the copy.")]) -> None:
    """Copy an instance with all below it, beside it, not deployed."""
    with connected() as client:
        application, path = application_and_path(client, words)
        client.post(f"/applications/{application}/replicate", {"path": path, "name": name})
    print(f"{path} replicated as {name}")


@app.command()
def delete(words: AppPath) -> None:
    """Delete an instance with all below it, once nothing of it is deployed."""
    with connected() as client:
        application, path = application_and_path(client, words)
        client.delete(f"/applications/{application}/instances", path=path)
    print(f"{path} deleted")


def scale(
    words: AppPath,
    to: Annotated[int, typer.Option(help="How many replicas there shall be.", min=0)],
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return at once.")] = False,
) -> None:
    """Have so many replicas of a machine with all that is on it, and wait until they are there."""
    with connected() as client:
        application, path = application_and_path(client, words)
        client.post(f"/applications/{application}/scale", {"path": path, "to": to})
        print(f"{application}: {to} of {path} wanted")
        finish(client, application, wait=not no_wait)


def retry(
    application: OptionalApp = None, path: Annotated[str, typer.Option(help="Only below this path.")] = ""
) -> None:
    """Try again what failed."""
    with connected() as client:
        name = the_application(client, application)
        client.post(f"/applications/{name}/retry", {"path": path})
    print(f"{name}: trying again")


def _want(words: list[str], verb: str, *, wait: bool, **more: object) -> None:
    with connected() as client:
        application, path = _whole_or_path(client, words)
        client.post(f"/applications/{application}/{verb}", {"path": path, **more})
        print(f"{application}: {verb} of {path or 'everything'} wanted")
        finish(client, application, wait=wait)


def _whole_or_path(client: Client, words: list[str]) -> tuple[str, str]:
    if len(words) == 1 and not words[0].startswith("/"):
        return the_application(client, words[0]), ""
    return application_and_path(client, words)


def _overrides(settings: list[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    for name, equals, value in pairs:
        if not name or not equals:
            raise InvalidRequestError(f"--set '{name}{equals}{value}': expected NAME=VALUE")
    return {name.strip(): value for name, _, value in pairs}
