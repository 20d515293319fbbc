"""``roboconf docs``: what an application is, for those who use and operate it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roboconf_core.errors import InvalidModelError

if TYPE_CHECKING:
    from roboconf_core.cli.opening import Opened
    from roboconf_core.documentation.description import Application, Picture
    from roboconf_core.documentation.diagram import Diagram
    from roboconf_core.model.application import ApplicationTemplate, TargetDefinition


class Format(StrEnum):
    """What a description is written as."""

    MARKDOWN = "markdown"
    HTML = "html"


SUFFIXES = {
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".html": Format.HTML,
    ".htm": Format.HTML,
}
"""What the name of the output ends with, in any case, to its format."""

_NO_GRAPHVIZ = "Pictures need Graphviz, which was not installed when this page was written."


def docs(
    path: Annotated[Path, typer.Argument(help="An application: a directory or a ZIP.")],
    format_: Annotated[
        Format | None, typer.Option("--format", help="What is written.", show_default="as -o says, or markdown")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default="standard output"),
    ] = None,
) -> None:
    """Describe an application for its users and operators, with pictures."""
    from roboconf_core.cli.opening import opened_application
    from roboconf_core.cli.results import format_for, write_result

    chosen = format_for(format_, output, SUFFIXES, Format.MARKDOWN)
    with opened_application(path) as opened:
        template = opened.application.template if opened else None
        if opened is None or template is None:
            raise typer.Exit(1)
        text = _text(_application(opened, template), chosen)
    write_result(text, output)


def _text(application: Application, chosen: Format) -> str:
    from roboconf_core.cli.graphviz import is_installed
    from roboconf_core.documentation.describing import describe
    from roboconf_core.documentation.pages import to_html, to_markdown

    description = describe(application)
    if chosen is Format.MARKDOWN:
        return to_markdown(description, _pictures(application, _mermaid))
    return to_html(description, _pictures(application, _svg if is_installed() else None))


def _application(opened: Opened, template: ApplicationTemplate) -> Application:
    """Return what is described, with what only the directory and the plugins can tell."""
    from roboconf_core.documentation.description import Application

    loaded, graph = opened.application, template.graph
    secrets = {
        name.lower(): frozenset(spec.name for spec in handler.properties if spec.secret)
        for plugin in opened.plugins.all
        for handler in plugin.targets
        for name in handler.names
    }
    return Application(
        template=template,
        title=opened.name,
        recipes={
            name: tuple(_files_of(place)) for name, place in loaded.resources.items() if not graph.is_target(name)
        },
        targets={name: dict(_targets_of(place)) for name, place in loaded.resources.items() if graph.is_target(name)},
        secrets=secrets,
        commands={name: len(commands.lines) for name, commands in loaded.commands.items()},
        rules=loaded.rules,
        probes=loaded.probes,
    )


def _files_of(recipe: Path) -> Iterator[str]:
    from roboconf_core.dsl.walking import visible_files

    return visible_files(recipe, unreadable=lambda _: None)  # a problem says so already


def _targets_of(directory: Path) -> Iterator[tuple[str, TargetDefinition]]:
    from roboconf_core.dsl.files import Directory
    from roboconf_core.dsl.targets import is_target_file, read_target_file

    for name in sorted(entry.name for entry in directory.iterdir() if entry.is_file()):
        if is_target_file(name):
            target, _ = read_target_file(Directory(directory), name)
            if target is not None:
                yield name, target


def _pictures(application: Application, draw: Callable[[Diagram], str] | None) -> Sequence[Picture]:
    """Return the pictures of a description, with a note in place of those that cannot be drawn."""
    from roboconf_core.documentation.components import components_diagram
    from roboconf_core.documentation.description import Picture
    from roboconf_core.documentation.instances import instances_diagram

    template, title = application.template, application.title
    makers: dict[str, Callable[[], Diagram]] = {"Components": lambda: components_diagram(template.graph, title)}
    if template.instances:
        makers["Instances"] = lambda: instances_diagram(template.graph, template.instances, title)
    pictures = []
    for name, make in makers.items():
        content, note = "", _NO_GRAPHVIZ
        if draw is not None:
            try:
                content = draw(make())
            except InvalidModelError as error:
                note = f"There is no picture: {error.problems[0].message}."
        pictures.append(Picture(title=name, content=content, note=note))
    return pictures


def _mermaid(diagram: Diagram) -> str:
    from roboconf_core.documentation.mermaid import check_shown, to_mermaid

    text = to_mermaid(diagram)
    check_shown(diagram, text)
    return text


def _svg(diagram: Diagram) -> str:
    from roboconf_core.cli.graphviz import draw

    return draw(diagram)
