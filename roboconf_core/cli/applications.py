"""``roboconf app``: applications."""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core.cli.client import location
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import Command, Json
from roboconf_core.cli.output import print_json, print_line, print_table
from roboconf_core.cli.words import the_application, typed

app = typer.Typer(no_args_is_help=True, help="List, create and delete applications.")


@app.command("list", cls=Command)
def list_(json: Json = False) -> None:
    """List all applications."""
    with connected() as client:
        found = list(client.items("/applications"))
    if json:
        print_json(found)
        return
    rows = [
        (
            one["name"],
            f"{one['template']} {one['version']}",
            f"{one['statuses'].get('DEPLOYED_STARTED', 0)} of {sum(one['statuses'].values())}",
            "yes" if one["settled"] else "no",
            one["description"],
        )
        for one in found
    ]
    print_table(("NAME", "TEMPLATE", "STARTED", "SETTLED", "DESCRIPTION"), rows, empty="there is no application")


@app.command(cls=Command)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new application.")],
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="Name of its template.")],
    version: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="Version of the template; not needed where there is only one."),
    ] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    default_target: Annotated[
        str | None,
        typer.Option(metavar="HANDLER", help="Target handler for machines that bring no target, such as local."),
    ] = None,
) -> None:
    """Create an application from a template.

    Nothing is deployed yet.
    """
    from roboconf_core.cli.templates import the_version

    with connected() as client:
        body = {
            "name": name,
            "template": template,
            "version": version or the_version(client, template),
            "description": description,
            "default_target": {"handler": default_target} if default_target else None,
        }
        created = client.post("/applications", body)["name"]
    start = typed("instance", "start", created, "--all")
    print_line(f"application {created} created; `{start}` deploys and starts it")


@app.command(cls=Command)
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An application of which nothing is deployed.")],
) -> None:
    """Delete an application of which nothing is deployed.

    `roboconf down APP` undeploys it first.
    """
    with connected() as client:
        client.delete(location("applications", the_application(client, name)))
    print_line(f"application {name} deleted")
