"""Options and arguments that several commands share, and how usage lines name them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

_PATHS = ("[APP] PATH", "[APP] [PATH]")

AppPath = Annotated[
    list[str],
    typer.Argument(
        metavar=_PATHS[0],
        help="An instance, such as /web-vm1/web; APP where there are several applications.",
        show_default=False,
    ),
]
AnyPath = Annotated[
    list[str] | None,
    typer.Argument(
        metavar=_PATHS[1],
        help="An instance, such as /web-vm1/web, or the whole application; APP where there are several.",
        show_default=False,
    ),
]
OptionalApp = Annotated[
    str | None,
    typer.Argument(metavar="APP", help="An application; not needed where there is only one.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return once the application is settled.")]


class Command(TyperCommand):
    """A command whose usage line shows its arguments as they are typed."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own type has no public name
        """Return the parts of the usage line."""
        return [_typed(piece) for piece in super().collect_usage_pieces(ctx)]


def _typed(piece: str) -> str:
    bare = piece.removesuffix("...")
    if bare in _PATHS:
        return bare
    return bare[1:-1] if bare[1:-1] in _PATHS or bare.startswith("{") else piece
