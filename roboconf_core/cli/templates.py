"""``roboconf template``: application templates."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Annotated, Any

import typer

from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected
from roboconf_core.cli.options import Json
from roboconf_core.cli.output import print_json, print_table
from roboconf_core.errors import Code, InvalidRequestError, NotFoundError, Problem, Where

app = typer.Typer(no_args_is_help=True, help="Add, list and delete application templates.")


@app.command("list")
def list_(json: Json = False) -> None:
    """List all templates."""
    with connected() as client:
        found = list(client.items("/templates"))
    if json:
        print_json(found)
        return
    rows = [(one["name"], one["version"], one.get("description") or "") for one in found]
    print_table(("NAME", "VERSION", "DESCRIPTION"), rows, empty="there is no template")


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="An application directory, or a ZIP archive of one.")],
) -> None:
    """Send an application template to the deployment manager, which checks and keeps it."""
    with connected() as client:
        template = upload(client, path)
    print(f"template {template['name']} {template['version']} added")


@app.command()
def delete(
    name: Annotated[str, typer.Argument(help="Name of the template.")],
    version: Annotated[str | None, typer.Argument(help="Version; not needed where there is only one.")] = None,
) -> None:
    """Delete a template that no application uses."""
    with connected() as client:
        version = version or the_version(client, name)
        client.delete(f"/templates/{name}/{version}")
    print(f"template {name} {version} deleted")


def upload(client: Client, path: Path) -> Any:  # noqa: ANN401 - JSON
    """Send a directory (as a ZIP archive) or an archive; return the template that was made of it."""
    return client.post("/templates", archive_of(path))


def archive_of(path: Path) -> bytes:
    """Return an application directory as a ZIP archive, hidden files left out; an archive as it is.

    Raises:
        InvalidRequestError: If it cannot be read.
    """
    try:
        return _zipped(path) if path.is_dir() else path.read_bytes()
    except OSError as error:
        problem = Problem(
            Code.P_IO_ERROR,
            f"cannot be read: {error.strerror or error}",
            Where(file=str(error.filename or path)),
            "give an application directory or a ZIP archive that you may read",
        )
        raise InvalidRequestError(problems=[problem]) from error


def _zipped(directory: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(directory.rglob("*")):
            inside = file.relative_to(directory)
            if file.is_file() and not any(part.startswith(".") for part in inside.parts):
                archive.write(file, inside)
    return buffer.getvalue()


def the_version(client: Client, template: str) -> str:
    """Return the version of a template of which there is only one.

    Raises:
        NotFoundError: If there is no such template.
        InvalidRequestError: If there are several.
    """
    versions = [one["version"] for one in client.items("/templates") if one["name"] == template]
    if not versions:
        raise NotFoundError(f"template '{template}' does not exist", hint="list them with `roboconf template list`")
    if len(versions) > 1:
        raise InvalidRequestError(f"which version of '{template}'? There are {', '.join(versions)}")
    return str(versions[0])
