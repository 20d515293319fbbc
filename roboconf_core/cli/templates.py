"""``roboconf template``: application templates."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from roboconf_core.cli.archives import archive_of, identity_of
from roboconf_core.cli.client import Client, location, problem_of
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import Command, Json
from roboconf_core.cli.output import print_json, print_line, print_problems, print_table
from roboconf_core.cli.words import usage_error
from roboconf_core.errors import Code, InvalidRequestError, NotFoundError, Problem

app = typer.Typer(no_args_is_help=True, help="Add, list and delete application templates.")


@app.command("list", cls=Command)
def list_(json: Json = False) -> None:
    """List all templates."""
    with connected() as client:
        found = list(client.items("/templates"))
    if json:
        print_json(found)
        return
    rows = [(one["name"], one["version"], ", ".join(one["applications"]), one["description"]) for one in found]
    print_table(("NAME", "VERSION", "USED BY", "DESCRIPTION"), rows, empty="there is no template")


@app.command(cls=Command)
def add(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="An application directory, or a ZIP archive of one.")],
) -> None:
    """Add an application template.

    The deployment manager checks it and keeps its files.
    """
    with connected() as client:
        template = client.post("/templates", archive_of(path))
    print_line(f"template {template['name']} {template['version']} added")
    print_problems(warnings_of(template))


@app.command(cls=Command)
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the template.")],
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="Not needed where there is only one.")
    ] = None,
) -> None:
    """Delete a template that no application uses."""
    with connected() as client:
        version = version or the_version(client, name)
        client.delete(location("templates", name, version))
    print_line(f"template {name} {version} deleted")


def warnings_of(template: Mapping[str, Any]) -> list[Problem]:
    """Return what the deployment manager found in a template that does not prevent its use."""
    return [problem_of(plain) for plain in template.get("warnings") or ()]


def upload_or_replace(client: Client, archive: bytes) -> tuple[Any, bool]:
    """Send an application in a ZIP archive; a template of the same name and version that no application uses gives way to it.

    Returns:
        The template, and whether it is a new one.

    Raises:
        InvalidRequestError: If it is refused, or applications use the present one.
    """
    identity = identity_of(archive)
    present = next((one for one in client.items("/templates") if (one["name"], one["version"]) == identity), None)
    try:
        return client.post("/templates", archive), present is None
    except InvalidRequestError as error:
        if present is None or error.problems[0].code is not Code.DM_CONFLICT:
            raise
        if present["applications"]:
            raise _in_use(present) from error
    client.delete(location("templates", present["name"], present["version"]))
    print_line(f"template {present['name']} {present['version']} is replaced: its files changed, nothing used it")
    return client.post("/templates", archive), True


def _in_use(template: Mapping[str, Any]) -> InvalidRequestError:
    users = ", ".join(template["applications"])
    return InvalidRequestError(
        f"the files of template '{template['name']}' {template['version']} changed, and {users} still uses it",
        hint=f"give it another version in descriptor/application.properties, or remove {users} with `roboconf down`",
        code=Code.DM_CONFLICT,
    )


def the_version(client: Client, template: str) -> str:
    """Return the version of a template of which there is only one.

    Raises:
        NotFoundError: If there is no such template.
        InvalidRequestError: If there are several.
    """
    found = [(one["name"], str(one["version"])) for one in client.items("/templates")]
    versions = [version for name, version in found if name == template]
    if not versions:
        close = difflib.get_close_matches(template, [name for name, _ in found], n=1)
        hint = f"did you mean '{close[0]}'?" if close else "`roboconf template list` lists them"
        raise NotFoundError(f"template '{template}' does not exist", hint=hint)
    if len(versions) > 1:
        raise usage_error(f"which version of '{template}'?", f"name one: there are {', '.join(versions)}")
    return versions[0]
