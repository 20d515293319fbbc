"""``roboconf dm``: the deployment manager in the foreground, or by itself in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from roboconf_core.dm.home import DmInfo, Home


def dm(
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=1, max=65535, help="Port of the API; by default the one used before, or a free one."
        ),
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Return once it serves.")] = False,
) -> None:
    """Run the deployment manager of ROBOCONF_HOME.

    In the foreground until Ctrl-C, or in the background. When it ends, agents and applications go on; when it is
    started again, it finds everything as it is.
    """
    from roboconf_core.cli.connection import the_home

    home = the_home()
    if background:
        _in_background(home, port)
        return
    from roboconf_core.cli.output import print_line
    from roboconf_core.rest.server import serve

    serve(home.directory, port=port, ready=_tell)
    print_line("\ndeployment manager ended; agents and applications go on")


def _in_background(home: Home, port: int | None) -> None:
    from roboconf_core.cli.manager import ensure
    from roboconf_core.cli.output import print_line

    started, info = ensure(home, port=port), home.read()
    url = info.url if info else "?"
    print_line(f"deployment manager {'started' if started else 'runs already'} at {url}")
    if not started and port is not None and not url.endswith(f":{port}"):
        print_line(f"port {port} is not used: end it with `roboconf down`, or set ROBOCONF_HOME to another directory")


def _tell(info: DmInfo) -> None:
    from roboconf_core.cli.output import print_line

    print_line(f"deployment manager at {info.url}; Ctrl-C ends it")
