"""``roboconf graph``: a picture of an application."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from roboconf_core.documentation.diagram import Diagram, Part, Parts
from roboconf_core.errors import Code, InvalidRequestError


class Format(StrEnum):
    """What a diagram is written as."""

    DOT = "dot"
    SVG = "svg"
    MERMAID = "mermaid"
    JSON = "json"


SUFFIXES = {
    ".dot": Format.DOT,
    ".gv": Format.DOT,
    ".svg": Format.SVG,
    ".mmd": Format.MERMAID,
    ".mermaid": Format.MERMAID,
    ".json": Format.JSON,
}
"""What the name of the output ends with, in any case, to its format."""


def graph(
    path: Annotated[Path, typer.Argument(help="An application: a directory or a ZIP; or a single .graph.")],
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="What is written; svg needs Graphviz.", show_default="as -o says, or dot"),
    ] = None,
    instances: Annotated[
        bool, typer.Option("--instances", help="Show the initial instances instead of the components.")
    ] = False,
    only: Annotated[
        list[Part] | None,
        typer.Option(
            "--only", metavar="|".join(Part), help="Only arrows of one kind; may be repeated.", show_default="all"
        ),
    ] = None,
    no_facets: Annotated[
        bool, typer.Option("--no-facets", help="Show what facets bring about instead of the facets themselves.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default="standard output"),
    ] = None,
) -> None:
    """Draw an application: what stands where, who imports from whom, who extends whom."""
    from roboconf_core.cli.results import format_for, write_result

    chosen = format_for(format_, output, SUFFIXES, Format.DOT)
    parts = Parts(only=frozenset(only or Part), facets=not no_facets)
    diagram = _diagram(path, parts, instances=instances)
    if diagram is None:
        raise typer.Exit(1)
    write_result(_text(diagram, chosen), output)


def _diagram(path: Path, parts: Parts, *, instances: bool) -> Diagram | None:
    """Return the diagram of what a path leads to; None when problems, which are told, prevent it."""
    from roboconf_core.cli.opening import opened_application, opened_graph
    from roboconf_core.documentation.components import components_diagram
    from roboconf_core.documentation.instances import instances_diagram

    if path.suffix.lower() == ".graph" and path.is_file():
        if instances:
            message, hint = f"'{path}' has no instances", "give the directory of the application"
            raise InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)
        found = opened_graph(path)
        return None if found is None else components_diagram(found, path.name, parts)
    with opened_application(path) as opened:
        if opened is None:
            return None
        template = opened.application.template
        if not instances:
            return None if opened.graph is None else components_diagram(opened.graph, opened.name, parts)
        return None if template is None else instances_diagram(template.graph, template.instances, opened.name, parts)


def _text(diagram: Diagram, chosen: Format) -> str:
    from roboconf_core.cli.graphviz import draw
    from roboconf_core.documentation.dot import to_dot
    from roboconf_core.documentation.mermaid import to_mermaid
    from roboconf_core.documentation.plain import to_json

    writers = {Format.DOT: to_dot, Format.SVG: draw, Format.MERMAID: to_mermaid, Format.JSON: to_json}
    return writers[chosen](diagram)
