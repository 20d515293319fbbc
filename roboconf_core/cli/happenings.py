"""``events``: what happened, and what happens from now on."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable
from typing import Annotated, Any

import typer

from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import Json, OptionalApp
from roboconf_core.cli.output import clock, print_json, print_line
from roboconf_core.cli.streams import reader_is_gone
from roboconf_core.cli.words import the_application

_LOOK_S = 5.0
"""How often a follower looks whether somebody still reads what it prints."""


def events(
    application: OptionalApp = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Show the newest so many events.", show_default=True)
    ] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Show what happened, oldest first.

    Also of an application that was removed. With --json and --follow, each event is one line.
    """
    with connected() as client:
        page = client.get("/events", application=application, limit=limit)
        if application and not page["items"]:  # of one that was removed there may still be a history
            the_application(client, application)
        if json and not follow:
            print_json(page["items"])
            return
        text = json_format.dumps if json else event_line
        for event in page["items"]:
            print_line(text(event))
        if follow:
            follow_events(client, application, after=page["items"][-1]["id"] if page["items"] else 0, text=text)
        elif not page["items"]:
            print_line("nothing happened yet")


def event_line(event: dict[str, Any]) -> str:
    """Return an event as one line; its text names the instance."""
    return f"{clock(event['time'])}  {event['application'] or '-'}  {event['text']}"


def newest_id(client: Client, application: str | None) -> int:
    """Return the id of the newest event; 0 when there is none."""
    found = client.get("/events", application=application, limit=1)["items"]
    return int(found[-1]["id"]) if found else 0


def follow_events(
    client: Client, application: str | None, *, after: int, text: Callable[[dict[str, Any]], str] = event_line
) -> None:
    """Print events as they come, until interrupted, or until nobody reads them any more."""
    while not reader_is_gone():
        page = client.get("/events", application=application, after=after, wait_s=_LOOK_S)
        for event in page["items"]:
            print_line(text(event))
            after = event["id"]
