"""``roboconf app``: applications."""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import Json
from roboconf_core.cli.output import print_json, print_table

app = typer.Typer(no_args_is_help=True, help="List, create and delete applications.")


@app.command("list")
def list_(json: Json = False) -> None:
    """List all applications."""
    with connected() as client:
        found = list(client.items("/applications"))
    if json:
        print_json(found)
        return
    rows = [(one["name"], f"{one['template']} {one['version']}", one.get("description") or "") for one in found]
    print_table(("NAME", "TEMPLATE", "DESCRIPTION"), rows, empty="there is no application")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the new application.")],
    template: Annotated[str, typer.Argument(help="Name of its template.")],
    version: Annotated[
        str | None, typer.Argument(help="Version of the template; not needed where there is only one.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    default_target: Annotated[
        str | None, typer.Option(help="Target handler for machines whose component brings no target, such as local.")
    ] = None,
) -> None:
    """Create an application from a template; nothing is deployed yet."""
    from roboconf_core.cli.templates import the_version

    with connected() as client:
        body = {
            "name": name,
            "template": template,
            "version": version or the_version(client, template),
            "description": description,
            "default_target": {"handler": default_target} if default_target else None,
        }
        client.post("/applications", body)
    print(f"application {name} created; deploy and start it with `roboconf instance start {name} --all`")


@app.command()
def delete(name: Annotated[str, typer.Argument(help="An application of which nothing is deployed.")]) -> None:
    """Delete an application of which nothing is deployed; `roboconf down APP` undeploys and deletes."""
    with connected() as client:
        client.delete(f"/applications/{name}")
    print(f"application {name} deleted")
