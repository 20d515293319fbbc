"""``roboconf agent``: the agents of machines."""

from __future__ import annotations

import typer

from roboconf_core.cli.client import location
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import AppPath, Command, Json
from roboconf_core.cli.output import print_json, print_line, print_table
from roboconf_core.cli.words import application_and_path

app = typer.Typer(no_args_is_help=True, help="List agents, and start one again.")


@app.command("list", cls=Command)
def list_(json: Json = False) -> None:
    """List all agents."""
    with connected() as client:
        found = list(client.items("/agents"))
    if json:
        print_json(found)
        return
    rows = [(one["agent"], "connected" if one["connected"] else "away", one["status"], one["problem"]) for one in found]
    print_table(("AGENT", "CONNECTION", "MACHINE", "PROBLEM"), rows, empty="there is no agent")


@app.command(cls=Command)
def start(words: AppPath) -> None:
    """Start the agent of a machine again, after it was killed.

    What it deployed stays as it is.
    """
    with connected() as client:
        application, path = application_and_path(client, words)
        client.post(location("applications", application, "restart-agent"), {"path": path})
    print_line(f"the agent of {path} is being started")
