"""Options and arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AppPath = Annotated[
    list[str],
    typer.Argument(
        metavar="[APP] PATH",
        help="Instance path such as /web-vm1/web; APP where there are several.",
        show_default=False,
    ),
]
OptionalApp = Annotated[
    str | None,
    typer.Argument(metavar="[APP]", help="Application; not needed where there is only one.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return once the application is settled.")]
