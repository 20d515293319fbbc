"""``status``, ``explain``, ``logs`` and ``wait``: what is, why, and what actions printed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from roboconf_core.cli.client import location
from roboconf_core.cli.connection import connected, the_home
from roboconf_core.cli.options import AnyPath, Json, OptionalApp
from roboconf_core.cli.output import clock, console, print_json, print_line, seconds
from roboconf_core.cli.settled import NotSettledError, follow
from roboconf_core.cli.tree import tree_of
from roboconf_core.cli.words import application_and_any_path, the_application


def status(application: OptionalApp = None, json: Json = False) -> None:
    """Show machines and instances, and what each waits for.

    Each line tells the status, for how long it has been so, and where the instance is reached or what it waits for.
    """
    home = the_home()
    with connected(home) as client:
        found = [one["name"] for one in client.items("/applications")]
        wanted = [the_application(client, application)] if application else sorted(found)
        views = [client.get(location("applications", name)) for name in wanted]
        about = client.get("")
    if json:
        print_json({"manager": about, "applications": views})
        return
    agents = f"{about['agents']['connected']} of {about['agents']['known']} agents connected"
    print_line(f"deployment manager at {about['url']}, {agents}, home {home.directory}")
    if not views:
        print_line("there is no application; `roboconf up DIR` creates one")
    for view in views:
        for line in tree_of(view):
            console().print(line)


def explain(words: AnyPath = None, json: Json = False) -> None:
    """Tell why an instance is in its state.

    Follows what it waits for to what that waits for in turn. Without PATH, all that is not as it is wanted.
    """
    with connected() as client:
        application, path = application_and_any_path(client, words or [])
        found = client.get(location("applications", application, "explain"), path=path)
    print_json(found) if json else print_line(found["text"])


def logs(
    words: AnyPath = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Show the newest so many actions.", show_default=True)
    ] = 20,
    json: Json = False,
) -> None:
    """Show what the actions of instances printed, oldest first.

    Of an instance and all below it; without PATH, of all instances.
    """
    with connected() as client:
        application, path = application_and_any_path(client, words or [])
        found = client.get(location("applications", application, "logs"), path=path, limit=limit)["items"]
    if json:
        print_json(found)
        return
    if not found:
        print_line(f"no action of {path or application} has ended yet")
    for one in found:
        print_line(_head(one))
        for text in (one["stdout"], one["stderr"]):
            if text:
                print_line(text.rstrip("\n"))


def _head(output: dict[str, Any]) -> str:
    took = seconds(output["duration_s"])
    result = f"failed after {took}: {output['reason']}" if output["reason"] else f"done after {took}"
    attempt = f", attempt {output['attempt']}" if output["attempt"] > 1 else ""
    return f"--- {clock(output['started'])} {output['path']} {output['action']}{attempt} {result}"


def wait(
    application: OptionalApp = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Wait so long at most.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Wait until an application is settled.

    Exit with 1, and with what prevents it, when something was given up or the time is over.
    """
    with connected() as client:
        name = the_application(client, application)
        try:
            follow(client, name, timeout_s=timeout, quiet=json)
        except NotSettledError:
            if not json:
                raise
            print_json(client.get(location("applications", name, "settled"), wait_s=0))
            raise typer.Exit(1) from None
    print_json({"settled": True, "blockers": []}) if json else print_line(f"{name} is settled")
