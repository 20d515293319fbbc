"""What is wrong with what a path leads to, whatever that is."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from roboconf_core.errors import Code, InvalidModelError, InvalidRequestError, Problem, Where

if TYPE_CHECKING:
    from roboconf_core.dsl.projects import DirectoryKind


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found, and the lines it was found in."""

    problems: list[Problem]
    lines: Mapping[Where, str] = field(default_factory=dict)
    """Place to the text of its line, as far as it can be read."""
    kind: DirectoryKind | None = None
    """What a directory or archive was checked as; None for a file."""


def validate_path(path: Path, *, kind: DirectoryKind | None = None) -> Validated:
    """Return everything that is wrong with a path, with the lines concerned.

    Args:
        path: Directory or ZIP of an application, a recipe or targets; or one file of them.
        kind: What a directory or an archive is to be; None to see from what it holds.

    Raises:
        InvalidRequestError: If there is no such file, or one of a kind that is not checked.
    """
    from roboconf_core.dsl.paths import exists, is_directory

    if is_directory(path):
        return _validate_directory(path, path, kind)
    if str(path) == "-":
        raise _usage("standard input is not read", "give a file, a directory or a .zip")
    if not exists(path):
        raise _usage(f"there is no file or directory '{path}'", "give the directory of an application")
    if path.suffix.lower() == ".zip":
        return _validate_archive(path, kind)
    return _validate_file(path, kind)


def _validate_file(path: Path, kind: DirectoryKind | None) -> Validated:
    from roboconf_core.dsl.paths import is_file
    from roboconf_core.dsl.projects import DirectoryKind
    from roboconf_core.dsl.single import SUFFIXES, check_file

    if path.suffix.lower() not in SUFFIXES or not is_file(path):
        expected = f"expected a directory, a .zip, or a file that ends with {', '.join(SUFFIXES)}"
        raise _usage(f"'{path}' is no kind of file that can be checked", expected)
    problems = check_file(path, is_recipe=kind is DirectoryKind.RECIPE)
    return Validated(problems, lines_of(problems, Path(), ""))


def _validate_archive(path: Path, kind: DirectoryKind | None) -> Validated:
    with extracted(path) as directory:
        if isinstance(directory, list):
            return Validated(directory)
        return _validate_directory(directory, path, kind)


@contextmanager
def extracted(path: Path) -> Iterator[Path | list[Problem]]:
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


def _validate_directory(directory: Path, path: Path, kind: DirectoryKind | None) -> Validated:
    """Check a directory, with places that begin with the path that the user gave."""
    from roboconf_core.dsl.files import Directory
    from roboconf_core.dsl.loader import load_application
    from roboconf_core.dsl.projects import DirectoryKind, kind_of
    from roboconf_core.dsl.targets import read_targets
    from roboconf_core.hooks.manager import load_plugins

    shown = str(path)
    kind = kind or kind_of(directory)
    if kind is DirectoryKind.TARGETS:
        problems = read_targets(Directory(directory, shown), required=True).problems
    else:
        check_recipe, is_recipe = load_plugins().check_recipe, kind is DirectoryKind.RECIPE
        problems = load_application(directory, check_recipe=check_recipe, shown=shown, is_recipe=is_recipe).problems
    return Validated(problems, lines_of(problems, directory, shown), kind)


def lines_of(problems: list[Problem], directory: Path, shown: str) -> dict[Where, str]:
    """Return the lines that problems were found in.

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
            location = where.file.removeprefix(shown).removeprefix("/") if shown not in ("", ".") else where.file
            files[where.file] = _lines_in(directory / location)
        if where.line <= len(files[where.file]):
            lines[where] = files[where.file][where.line - 1]
    return lines


def _lines_in(file: Path) -> list[str]:
    """Return the lines of a file; none when it is no file to be read, as a problem says already."""
    from roboconf_core.dsl.files import MAX_FILE_BYTES

    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            return []
        text = file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return []
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _usage(message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)
