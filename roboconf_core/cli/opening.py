"""Opens what a path leads to, for commands that show an application: problems go to standard error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roboconf_core.cli.checking import extracted, lines_of
from roboconf_core.errors import Code, InvalidRequestError, Problem, has_errors

if TYPE_CHECKING:
    from roboconf_core.dsl.loader import LoadedApplication
    from roboconf_core.hooks.manager import Plugins
    from roboconf_core.model.graph import Graph


@dataclass(frozen=True, slots=True)
class Opened:
    """An application, as far as it is sound."""

    name: str
    """Of the application, or of what its path leads to."""
    graph: Graph | None
    """None when it has errors; those of instances or recipes leave it as it is."""
    application: LoadedApplication
    directory: Path
    """Where its files are, for as long as it is open."""
    plugins: Plugins


@contextmanager
def opened_application(path: Path) -> Iterator[Opened | None]:
    """Give an application, or None when its archive cannot be read.

    Args:
        path: A directory or a ZIP archive.

    Raises:
        InvalidRequestError: If the path leads to nothing, or to something else.
    """
    if path.is_dir():
        yield _opened(path, path)
    elif not path.exists():
        raise _usage(f"there is no file or directory '{path}'", "give the directory of an application")
    elif path.suffix.lower() != ".zip":
        raise _usage(f"'{path}' is neither a directory nor a .zip", "give the directory of an application")
    else:
        with extracted(path) as directory:
            if isinstance(directory, list):
                tell_problems(directory, path, "")
                yield None
            else:
                yield _opened(directory, path)


def opened_graph(path: Path) -> Graph | None:
    """Return the graph of a ``.graph`` file, its imports looked up beside it; None when it has errors."""
    from roboconf_core.dsl.files import Directory, read_sources
    from roboconf_core.dsl.graph_files import build_graph
    from roboconf_core.dsl.layout import in_file_order
    from roboconf_core.dsl.syntax import FileKind

    directory = Directory(path.parent, "" if path.parent == Path() else str(path.parent))
    found = build_graph(read_sources(directory, path.name, FileKind.GRAPH))
    tell_problems(in_file_order(found.problems), Path(), "")
    return None if has_errors(found.problems) else found.graph


def tell_problems(problems: Sequence[Problem], directory: Path, shown: str) -> None:
    """Print problems to standard error, each with the line it was found in.

    Args:
        problems: With places below ``shown``.
        directory: Where the files really are.
        shown: What stands for the directory in the places.
    """
    from roboconf_core.cli.excerpts import print_problem
    from roboconf_core.cli.output import console

    lines = lines_of(list(problems), directory, shown)
    screen = console(stderr=True)
    for problem in problems:
        print_problem(screen, problem, lines.get(problem.where) if problem.where else None)


def _opened(directory: Path, path: Path) -> Opened:
    from roboconf_core.dsl.loader import load_application
    from roboconf_core.dsl.projects import DirectoryKind, kind_of
    from roboconf_core.hooks.manager import load_plugins

    kind = kind_of(directory)
    if kind is DirectoryKind.TARGETS:
        raise _usage(f"'{path}' holds targets, and nothing of an application", "give the directory of an application")
    plugins = load_plugins()
    is_recipe = kind is DirectoryKind.RECIPE
    loaded = load_application(directory, check_recipe=plugins.check_recipe, shown=str(path), is_recipe=is_recipe)
    tell_problems(loaded.problems, directory, str(path))
    name, graph = path.resolve().name, None
    if loaded.template is None:
        graph = _graph_alone(directory, str(path), is_recipe=is_recipe)
    else:
        graph = loaded.template.graph
        name = name if is_recipe else loaded.template.descriptor.display_name
    return Opened(name, graph, loaded, directory, plugins)


def _graph_alone(directory: Path, shown: str, *, is_recipe: bool) -> Graph | None:
    """Return the graph of an application that has errors, None when some of them are in the graph."""
    from roboconf_core.dsl.files import Directory
    from roboconf_core.dsl.steps import Loading

    loading = Loading(Directory(directory, shown), is_recipe)
    found = loading.graph(loading.descriptor())
    return None if found is None or has_errors(found.problems) else found.graph


def _usage(message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)
