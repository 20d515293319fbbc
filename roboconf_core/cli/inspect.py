"""``status``, ``explain``, ``logs``, ``events`` and ``wait``: what is, why, and what happened."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import typer

from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import AppPath, Json, OptionalApp
from roboconf_core.cli.output import console, print_json, seconds
from roboconf_core.cli.progress import tree_of
from roboconf_core.cli.settled import NotSettledError, follow
from roboconf_core.cli.words import application_and_path, the_application


def status(application: OptionalApp = None, json: Json = False) -> None:
    """Show machines and instances with their states and what each waits for."""
    with connected() as client:
        names = [one["name"] for one in client.items("/applications")]
        wanted = [the_application(client, application)] if application else sorted(names)
        views = [client.get(f"/applications/{name}") for name in wanted]
        about = client.get("")
    if json:
        print_json({"manager": about, "applications": views})
        return
    print(
        f"deployment manager at {about['url']}, {about['agents']['connected']} of {about['agents']['known']} agents connected"
    )
    if not views:
        print("there is no application; create one with `roboconf up DIR`")
    for view in views:
        console().print(tree_of(view))


def explain(words: AppPath, json: Json = False) -> None:
    """Tell why an instance is in its state, and what would change it."""
    with connected() as client:
        application, path = application_and_path(client, words)
        found = client.get(f"/applications/{application}/explain", path=path)
    if json:
        print_json(found)
        return
    print(found["text"])


def logs(
    words: AppPath,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Show the newest so many actions.")] = 20,
    json: Json = False,
) -> None:
    """Show what the actions of an instance printed, oldest first."""
    with connected() as client:
        application, path = application_and_path(client, words)
        found = client.get(f"/applications/{application}/logs", path=path, limit=limit)["items"]
    if json:
        print_json(found)
        return
    if not found:
        print(f"no action of {path} has ended yet")
    for one in found:
        result = f"failed: {one['reason']}" if one["reason"] else "done"
        print(f"--- {_clock(one['started'])} {one['path']} {one['action']} {result} after {seconds(one['duration_s'])}")
        for text in (one["stdout"], one["stderr"]):
            if text:
                print(text.rstrip("\n"))


def events(
    application: OptionalApp = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Show the newest so many events.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Show what happened, oldest first."""
    with connected() as client:
        name = the_application(client, application) if application else None
        page = client.get("/events", application=name, limit=limit)
        if json and not follow:
            print_json(page["items"])
            return
        for event in page["items"]:
            print(event_line(event))
        if follow:
            follow_events(client, name, after=page["items"][-1]["id"] if page["items"] else 0)
        elif not page["items"]:
            print("nothing happened yet")


def follow_events(client: Client, application: str | None, *, after: int | None = None) -> None:
    """Print events as they come, until interrupted."""
    while True:
        page = client.get("/events", application=application, after=after, wait_s=30)
        for event in page["items"]:
            print(event_line(event), flush=True)
            after = event["id"]


def event_line(event: dict[str, Any]) -> str:
    """Return an event as one line; its text names the instance."""
    return f"{_clock(event['time'])}  {event['application']}  {event['text']}"


def wait(
    application: OptionalApp = None,
    timeout: Annotated[float | None, typer.Option(min=0, help="Seconds to wait at most.")] = None,
    json: Json = False,
) -> None:
    """Wait until an application is settled; exit 1, with what prevents it, if something was given up or the time is over."""
    with connected() as client:
        name = the_application(client, application)
        try:
            follow(client, name, timeout_s=timeout, quiet=json)
        except NotSettledError:
            if not json:
                raise
            print_json(client.get(f"/applications/{name}/settled", wait_s=0))
            raise typer.Exit(1) from None
    print_json({"settled": True, "blockers": []}) if json else print(f"{name} is settled")


def _clock(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, tz=datetime.UTC).astimezone().strftime("%H:%M:%S")
