"""``roboconf dm``: the deployment manager in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer


def dm(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the API; by default the one used before, or a free one."),
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Return once it serves.")] = False,
) -> None:
    """Run the deployment manager of ROBOCONF_HOME until it is interrupted; agents and applications stay."""
    from roboconf_core.cli.connection import the_home

    home = the_home()
    if background:
        from roboconf_core.cli.manager import ensure

        started, info = ensure(home, port=port), home.read()
        print(f"deployment manager {'started' if started else 'runs already'} at {info.url if info else '?'}")
        return
    from roboconf_core.rest.server import serve

    serve(home.directory, port=port)
