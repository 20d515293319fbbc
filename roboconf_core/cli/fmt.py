"""``roboconf fmt``: graphs and instances in one layout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roboconf_core.errors import Code, InvalidRequestError, Problem, Where

if TYPE_CHECKING:
    from roboconf_core.dsl.syntax import FileKind

STDIN = Path("-")
_SHOWN_STDIN = "<stdin>"


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, and directories with all *.graph and *.instances below; - reads standard input.",
            show_default="the current directory",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name what would change, and exit with 1 if something would.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Like --check, but show what would change.")] = False,
) -> None:
    """Write graphs and instances in one layout, with all their comments, and name the files that change."""
    from roboconf_core.cli.rewriting import files_to_format

    named = paths or [Path()]
    _check_paths(named)
    rewriter = _Rewriter(check=check, diff=diff)
    if named == [STDIN]:
        rewriter.rewrite_stdin()
    else:
        files = list(files_to_format(named))
        if not files:
            print(f"there is no .graph and no .instances in {', '.join(map(str, named))}", file=sys.stderr)
        for file in files:
            rewriter.rewrite(file)
    if rewriter.failed or (rewriter.changed and (check or diff)):
        raise typer.Exit(1)


def _check_paths(named: Sequence[Path]) -> None:
    from roboconf_core.cli.rewriting import SUFFIXES, is_formatted_kind

    if STDIN in named:
        if len(named) > 1:
            raise _usage("'-' stands for standard input and stands alone", "give either '-' or paths")
        return
    for path in named:
        if not path.exists():
            raise _usage(f"there is no file or directory '{path}'", "")
        if not path.is_dir() and not (path.is_file() and is_formatted_kind(path)):
            expected = f"only directories and files that end with {' or '.join(SUFFIXES)} are formatted"
            raise _usage(f"'{path}' is no kind of file that can be formatted", expected)


def _usage(message: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)


class _Rewriter:
    """Formats one file after the other, and remembers what became of them."""

    def __init__(self, *, check: bool, diff: bool) -> None:
        self._writes = not check and not diff
        self._diff = diff
        self.changed = False
        self.failed = False

    def rewrite(self, file: Path) -> None:
        from roboconf_core.cli.rewriting import replace_text
        from roboconf_core.dsl.files import read_text
        from roboconf_core.dsl.syntax import FileKind

        where = Where(file=str(file))
        text, problems = read_text(file, where)
        if text is None:
            self._fail(problems, "")
            return
        kind = FileKind.GRAPH if file.suffix.lower() == ".graph" else FileKind.INSTANCES
        formatted = self._format(text, kind, str(file))
        if formatted is None or formatted == text:
            return
        if self._writes:
            try:
                replace_text(file, formatted)
            except OSError as error:
                message = f"{file} cannot be written: {error.strerror or type(error).__name__}"
                self._fail([Problem(Code.P_IO_ERROR, message, where)], "")
                return
        self._tell(str(file), text, formatted)

    def rewrite_stdin(self) -> None:
        from roboconf_core.dsl.parse import parse
        from roboconf_core.dsl.syntax import FileKind

        try:
            text = sys.stdin.buffer.read().decode()
        except UnicodeDecodeError as error:
            message = f"standard input is no UTF-8 text: {error.reason}"
            self._fail([Problem(Code.P_IO_ERROR, message, Where(file=_SHOWN_STDIN))], "")
            return
        holds_instances = parse(text, FileKind.GRAPH).kind is FileKind.INSTANCES
        formatted = self._format(text, FileKind.INSTANCES if holds_instances else FileKind.GRAPH, _SHOWN_STDIN)
        if formatted is None:
            return
        if self._writes:
            sys.stdout.buffer.write(formatted.encode())
            sys.stdout.buffer.flush()
        elif formatted != text:
            self._tell(_SHOWN_STDIN, text, formatted)

    def _format(self, text: str, kind: FileKind, shown: str) -> str | None:
        from roboconf_core.dsl.format import format_source

        formatted = format_source(text, kind, file=shown)
        if formatted.problems:
            self._fail(formatted.problems, text)
            return None
        return formatted.text

    def _tell(self, shown: str, before: str, after: str) -> None:
        from roboconf_core.cli.excerpts import visible

        self.changed = True
        if self._diff:
            _print_diff(shown, before, after)
        else:
            print(visible(shown), flush=True)

    def _fail(self, problems: Sequence[Problem], text: str) -> None:
        from roboconf_core.cli.excerpts import print_problem
        from roboconf_core.cli.output import console
        from roboconf_core.dsl.layout import in_file_order

        self.failed = True
        lines = text.removeprefix("\ufeff").replace("\r", "").split("\n")
        screen = console(stderr=True)
        for problem in in_file_order(problems):
            number = problem.where.line if problem.where else 0
            print_problem(screen, problem, lines[number - 1] if 0 < number <= len(lines) and text else None)


def _print_diff(shown: str, before: str, after: str) -> None:
    from roboconf_core.cli.excerpts import visible
    from roboconf_core.cli.layout_diff import unified_diff
    from roboconf_core.cli.output import console

    if not sys.stdout.isatty():  # perhaps a patch, so that each byte counts
        sys.stdout.writelines(unified_diff(shown, before, after))
        return
    screen = console()
    styles = {"---": "bold", "+++": "bold", "@@ ": "cyan", "-": "red", "+": "green"}
    for line in unified_diff(shown, before, after):
        style = next((style for mark, style in styles.items() if line.startswith(mark)), "")
        screen.print(visible(line.removesuffix("\n")), style=style)
