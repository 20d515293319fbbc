"""The commands of the ``roboconf`` program, and how errors become text and exit statuses.

Exit status: 0 fine, 1 problems were found or something failed, 2 the command line is wrong, 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from roboconf_core import __version__
from roboconf_core.cli import agents, applications, happenings, instances, manager_commands, plugins, templates
from roboconf_core.cli import inspect as inspection
from roboconf_core.cli.code import code
from roboconf_core.cli.docs import docs
from roboconf_core.cli.down import down
from roboconf_core.cli.fmt import fmt
from roboconf_core.cli.graph import graph
from roboconf_core.cli.lsp import lsp
from roboconf_core.cli.options import Command
from roboconf_core.cli.up import up
from roboconf_core.cli.validate import validate
from roboconf_core.errors import Code, Problem, RoboconfError, Where

app = typer.Typer(
    name="roboconf",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Describe a distributed application, deploy it, keep it configured while it changes.",
    epilog="Begin with: roboconf up examples/quickstart",
)

for name, command in (
    ("up", up),
    ("down", down),
    ("status", inspection.status),
    ("explain", inspection.explain),
    ("logs", inspection.logs),
    ("events", happenings.events),
    ("wait", inspection.wait),
    ("scale", instances.scale),
    ("retry", instances.retry),
    ("dm", manager_commands.dm),
):
    app.command(name, cls=Command)(command)
app.command("validate", cls=Command, short_help="Check an application before anything is deployed.")(validate)
app.command("code", cls=Command, short_help="Explain a code, or list all codes.")(code)
app.command("fmt", cls=Command, short_help="Write graphs and instances in one layout.")(fmt)
app.command("graph", cls=Command, short_help="Draw an application.")(graph)
app.command("docs", cls=Command, short_help="Describe an application.")(docs)
app.command("lsp", cls=Command, short_help="Help editors: a language server.")(lsp)
app.add_typer(applications.app, name="app")
app.add_typer(templates.app, name="template")
app.add_typer(instances.app, name="instance")
app.add_typer(agents.app, name="agent")
app.add_typer(plugins.app, name="plugin")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"roboconf-core {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Describe a distributed application, deploy it, keep it configured while it changes."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    from roboconf_core.cli.output import print_problems
    from roboconf_core.cli.streams import prepare_streams, silence_output

    prepare_streams()
    try:
        app(arguments, prog_name="roboconf")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except RoboconfError as error:
        print_problems(error.problems)
        return 2 if any(problem.code is Code.CLI_USAGE for problem in error.problems) else 1
    except BrokenPipeError:
        silence_output()
        return 1
    except OSError as error:
        print_problems([_of_system(error)])
        return 1
    return 0


def _of_system(error: OSError) -> Problem:
    where = Where(file=str(error.filename)) if error.filename else None
    return Problem(Code.P_IO_ERROR, error.strerror or str(error), where)
