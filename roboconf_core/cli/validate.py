"""``roboconf validate``: what is wrong with an application, or with one of its files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from roboconf_core.errors import Code, InvalidModelError, InvalidRequestError, Problem, Where, has_errors


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found, and the lines it was found in."""

    problems: list[Problem]
    lines: Mapping[Where, str]
    """Place to the text of its line, as far as it can be read."""


def validate(
    path: Annotated[Path, typer.Argument(help="An application: a directory, a ZIP, or one of its files.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check an application before anything is deployed; exit with 1 when there are errors."""
    try:
        validated = validate_path(path)
    except InvalidRequestError as error:
        if not json:
            raise
        validated = Validated(list(error.problems), {})
    if json:
        _print_json(validated.problems)
    else:
        _print_text(validated)
    if any(problem.code is Code.CLI_USAGE for problem in validated.problems):
        raise typer.Exit(2)
    if has_errors(validated.problems):
        raise typer.Exit(1)


def problems_of(path: Path) -> list[Problem]:
    """Return everything that is wrong with an application or one of its files.

    Raises:
        InvalidRequestError: If there is no such file, or one of a kind that is not checked.
    """
    return validate_path(path).problems


def validate_path(path: Path) -> Validated:
    """Return everything that is wrong with an application or one of its files, with the lines concerned.

    Args:
        path: Directory or ZIP of an application, or a single ``.graph``, ``.instances`` or ``.properties``.

    Raises:
        InvalidRequestError: If there is no such file, or one of a kind that is not checked.
    """
    if path.is_dir():
        return _validated(_check_application(path, str(path)), path, str(path))
    if not path.exists():
        raise _usage(f"there is no file or directory '{path}'", "give the directory of an application")
    if path.suffix.lower() == ".zip":
        return _validate_archive(path)
    return _validate_file(path)


def _validate_file(path: Path) -> Validated:
    from roboconf_core.dsl.single import SUFFIXES, check_file

    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        expected = f"expected a directory, a .zip, or a file that ends with {', '.join(SUFFIXES)}"
        raise _usage(f"'{path}' is no kind of file that can be checked", expected)
    return _validated(check_file(path), Path(), "")


def _validate_archive(path: Path) -> Validated:
    with _extracted(path) as directory:
        if isinstance(directory, list):
            return Validated(directory, {})
        return _validated(_check_application(directory, str(path)), directory, str(path))


@contextmanager
def _extracted(path: Path) -> Iterator[Path | list[Problem]]:
    """Give the directory that an archive was extracted to, or why it cannot be."""
    from roboconf_core.dm.archives import extract_archive
    from roboconf_core.dsl.loader import application_root

    with tempfile.TemporaryDirectory(prefix="roboconf-") as temporary:
        try:
            extract_archive(path, Path(temporary))
        except InvalidModelError as error:
            yield [replace(problem, where=_inside(path, problem.where)) for problem in error.problems]
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            yield [Problem(Code.P_IO_ERROR, message, Where(file=str(path)))]
        else:
            yield application_root(Path(temporary))


def _inside(archive: Path, where: Where | None) -> Where:
    return Where(file=f"{archive}/{where.file}" if where else str(archive))


def _check_application(directory: Path, shown: str) -> list[Problem]:
    from roboconf_core.dsl.loader import load_application
    from roboconf_core.hooks.manager import load_plugins

    plugins = load_plugins()
    loaded = load_application(directory, check_recipe=plugins.check_recipe, shown=shown)
    return loaded.problems


def _validated(problems: list[Problem], directory: Path, shown: str) -> Validated:
    """Return problems with their lines.

    Args:
        problems: With places below ``shown``.
        directory: Where the files really are.
        shown: What stands for the directory in the places.
    """
    files: dict[str, list[str]] = {}
    lines: dict[Where, str] = {}
    for problem in problems:
        where = problem.where
        if where is None or not where.line:
            continue
        if where.file not in files:
            location = where.file.removeprefix(shown).removeprefix("/") if shown else where.file
            files[where.file] = _lines_of(directory / location)
        if where.line <= len(files[where.file]):
            lines[where] = files[where.file][where.line - 1]
    return Validated(problems, lines)


def _lines_of(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # a problem says so already
        return []
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _usage(message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)


def _print_json(problems: list[Problem]) -> None:
    from roboconf_core.cli.output import print_json, problem_to_json

    print_json({"ok": not has_errors(problems), "problems": [problem_to_json(problem) for problem in problems]})


def _print_text(validated: Validated) -> None:
    from roboconf_core.cli.excerpts import print_problem
    from roboconf_core.cli.output import console

    screen = console()
    for problem in validated.problems:
        print_problem(screen, problem, validated.lines.get(problem.where) if problem.where else None)
    errors = sum(has_errors([problem]) for problem in validated.problems)
    warnings = len(validated.problems) - errors
    screen.print(_summary(errors, warnings))


def _summary(errors: int, warnings: int) -> str:
    counts = [f"{n} {word}{'s' if n != 1 else ''}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) if counts else "no problem found"
