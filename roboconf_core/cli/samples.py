"""Checks the samples of explanations as ``roboconf validate`` does."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from roboconf_core.cli.checking import validate_path
from roboconf_core.cli.excerpts import print_problem
from roboconf_core.cli.validate import validate
from roboconf_core.dsl.projects import DirectoryKind
from roboconf_core.errors import Problem
from roboconf_core.explanations.reader import LATIN_1, Sample, application_of_samples
from roboconf_core.model.checks import check_graph, check_instances
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance

_APPLICATION_DIRECTORIES = ("descriptor", "graph", "instances", "commands", "rules.autonomic", "probes")


def problems_in(sample: Sample) -> list[Problem]:
    """Return what is wrong with a sample.

    Graphs and instances that are objects of a program stand in ``graph.json`` and
    ``instances.json``: names and values of the classes of the model. An application is checked
    as a directory ``shop``, any other sample by its first file.
    """
    if _is_objects(sample):
        return _check_objects(sample.files)
    with _written(sample) as path:
        return validate_path(path, kind=DirectoryKind.RECIPE if sample.as_recipe else None).problems


def transcript_of(sample: Sample) -> str:
    """Return what a terminal shows when a sample is validated; of objects, only the problems that a program is told."""
    if _is_objects(sample):
        return _printed(problems_in(sample))
    with (
        _written(sample) as path,
        contextlib.redirect_stdout(io.StringIO()) as output,
        contextlib.suppress(typer.Exit),
    ):
        validate([path], recipe=sample.as_recipe)
    option = "--recipe " if sample.as_recipe else ""
    return f"$ roboconf validate {option}{path}\n{output.getvalue()}"


def _is_objects(sample: Sample) -> bool:
    return "graph.json" in sample.files


@contextlib.contextmanager
def _written(sample: Sample) -> Iterator[Path]:
    """Write a sample into a directory that becomes the current one; give what is to be validated there."""
    with tempfile.TemporaryDirectory(prefix="roboconf-") as directory, contextlib.chdir(directory):
        shop = Path("shop")
        is_application = sample.in_application or _is_application(sample)
        _write(sample, shop if is_application else Path())
        yield shop if is_application else Path(_plain(next(iter(sample.files))))


def _is_application(sample: Sample) -> bool:
    return any(name.partition("/")[0] in _APPLICATION_DIRECTORIES for name in sample.files)


def _write(sample: Sample, directory: Path) -> None:
    base = application_of_samples() if sample.in_application else {}
    for name, text in {**base, **sample.files}.items():
        file = directory / _plain(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="latin-1" if name.endswith(LATIN_1) else "utf-8", newline="\n")


def _plain(name: str) -> str:
    return name.removesuffix(LATIN_1)


def _printed(problems: Sequence[Problem]) -> str:
    output = io.StringIO()
    screen = Console(file=output, soft_wrap=True, highlight=False, markup=False, emoji=False)
    for problem in problems:
        print_problem(screen, problem, None)
    return output.getvalue()


def _check_objects(files: Mapping[str, str]) -> list[Problem]:
    graph = _graph_of(json.loads(files["graph.json"]))
    return [*check_graph(graph), *check_instances(graph, _instances_of(json.loads(files.get("instances.json", "[]"))))]


def _graph_of(plain: Mapping[str, Any]) -> Graph:
    components = [_type_of(Component, one) for one in plain["components"]]
    facets = [_type_of(Facet, one) for one in plain.get("facets", ())]
    return Graph({one.name: one for one in components}, {one.name: one for one in facets})


def _type_of(kind: Any, plain: Mapping[str, Any]) -> Any:  # noqa: ANN401 - Component or Facet
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}
    for key, variable in (("exports", ExportedVariable), ("imports", ImportedVariable)):
        if key in values:
            values[key] = tuple(variable(**one) for one in values[key])
    return kind(**values)


def _instances_of(plain: Sequence[Mapping[str, Any]]) -> Iterator[Instance]:
    for one in plain:
        yield Instance(**{**one, "children": tuple(_instances_of(one.get("children", ())))})
