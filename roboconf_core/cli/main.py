"""The ``roboconf`` program: its commands, and how errors become text and exit statuses.

Exit status: 0 fine, 1 problems were found or something failed, 2 the command line is wrong.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from roboconf_core import __version__
from roboconf_core.cli import agents, applications, instances, manager_commands, plugins, templates
from roboconf_core.cli import inspect as inspection
from roboconf_core.cli.down import down
from roboconf_core.cli.up import up
from roboconf_core.cli.validate import validate
from roboconf_core.errors import Code, RoboconfError

app = typer.Typer(
    name="roboconf",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Describe a distributed application, deploy it, keep it configured while it changes.",
)

app.command()(up)
app.command()(down)
app.command()(validate)
app.command("dm")(manager_commands.dm)
for command in (inspection.status, inspection.explain, inspection.logs, inspection.events, inspection.wait):
    app.command()(command)
app.command()(instances.scale)
app.command()(instances.retry)
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


def main() -> None:
    """Run the program and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    from roboconf_core.cli.output import print_problems

    try:
        app(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except RoboconfError as error:
        print_problems(error.problems)
        return 2 if any(problem.code is Code.CLI_USAGE for problem in error.problems) else 1
    return 0
