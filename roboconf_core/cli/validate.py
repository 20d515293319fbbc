"""``roboconf validate``: what is wrong with applications, recipes, targets, or with one of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roboconf_core.cli.checking import Validated, validate_path
from roboconf_core.errors import Code, InvalidRequestError, Problem, Where, has_errors

if TYPE_CHECKING:
    from roboconf_core.dsl.projects import DirectoryKind


@dataclass(frozen=True, slots=True)
class Report:
    """What was found at one path."""

    path: Path
    validated: Validated
    ok: bool
    """Whether it passes: without errors, or, where those are asked for, without warnings too."""

    @property
    def problems(self) -> list[Problem]:
        """What was found."""
        return self.validated.problems

    @property
    def is_usage(self) -> bool:
        """Tell whether the path is one that cannot be checked at all."""
        return any(problem.code is Code.CLI_USAGE for problem in self.problems)


def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Directories or ZIP archives of applications, recipes or targets, or single files of them.",
            show_default=False,
        ),
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: an object, an array of them for several paths.")
    ] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code scanners.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    recipe: Annotated[
        bool, typer.Option("--recipe", help="Check reusable recipes, which other applications bring machines for.")
    ] = False,
) -> None:
    """Check before anything is deployed; exit with 1 when there are errors."""
    if json and sarif:
        message = "--json and --sarif are two formats of one output"
        raise InvalidRequestError(message, hint="give one of them", code=Code.CLI_USAGE)
    reports = [_report(path, _kind(recipe=recipe), strict=strict) for path in paths]
    if json:
        _print_json(reports)
    elif sarif:
        _print_sarif(reports)
    else:
        _print_text(reports, guessed=not recipe)
    if any(report.is_usage for report in reports):
        raise typer.Exit(2)
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def problems_of(path: Path) -> list[Problem]:
    """Return everything that is wrong with an application or one of its files.

    Raises:
        InvalidRequestError: If there is no such file, or one of a kind that is not checked.
    """
    return validate_path(path).problems


def _kind(*, recipe: bool) -> DirectoryKind | None:
    from roboconf_core.dsl.projects import DirectoryKind

    return DirectoryKind.RECIPE if recipe else None


def _report(path: Path, kind: DirectoryKind | None, *, strict: bool) -> Report:
    try:
        validated = validate_path(path, kind=kind)
    except InvalidRequestError as error:
        validated = Validated(list(error.problems))
    except OSError as error:  # such as no room for what an archive holds; the other paths are still checked
        message = f"{path} cannot be checked: {error.strerror or error}"
        validated = Validated([Problem(Code.P_IO_ERROR, message, Where(file=str(path)))])
    ok = not validated.problems if strict else not has_errors(validated.problems)
    return Report(path, validated, ok)


def _print_json(reports: Sequence[Report]) -> None:
    from roboconf_core.cli.output import print_json, problem_to_json

    found = [
        {"ok": report.ok, "problems": [problem_to_json(problem) for problem in report.problems]} for report in reports
    ]
    several = [{"path": str(report.path), **each} for report, each in zip(reports, found, strict=True)]
    print_json(found[0] if len(found) == 1 else several)


def _print_sarif(reports: Sequence[Report]) -> None:
    from roboconf_core.cli.output import print_json
    from roboconf_core.cli.sarif import sarif_log

    print_json(sarif_log([problem for report in reports for problem in report.problems], Path.cwd()))


def _print_text(reports: Sequence[Report], *, guessed: bool) -> None:
    from roboconf_core.cli.excerpts import print_problem, visible
    from roboconf_core.cli.output import console, print_problems

    screen = console()
    for report in reports:
        if report.is_usage:
            print_problems(report.problems)
            continue
        lines = report.validated.lines
        for problem in report.problems:
            print_problem(screen, problem, lines.get(problem.where) if problem.where else None)
        if guessed and (note := _note(report)):
            screen.print(visible(note), style="dim")
    checked = [report for report in reports if not report.is_usage]
    if checked:
        screen.print(_summary([problem for report in checked for problem in report.problems], len(checked)))
    if screen.is_terminal and any(report.problems for report in checked):
        screen.print("`roboconf code CODE` explains a code", style="dim")


def _note(report: Report) -> str:
    """Return what a directory was taken for, where that may surprise."""
    from roboconf_core.dsl.projects import DirectoryKind

    if report.validated.kind is DirectoryKind.RECIPE:
        return f"{report.path} is checked as a reusable recipe: it has neither a descriptor nor instances"
    if report.validated.kind is DirectoryKind.TARGETS:
        return f"{report.path} is checked as a set of targets: it has properties, and nothing of an application"
    return ""


def _summary(problems: Sequence[Problem], paths: int) -> str:
    errors = sum(has_errors([problem]) for problem in problems)
    found = ((errors, "error"), (len(problems) - errors, "warning"))
    counts = [f"{number} {word}{'s' if number != 1 else ''}" for number, word in found if number]
    where = f" in {paths} paths" if paths > 1 else ""
    return (", ".join(counts) if counts else "no problem found") + where
