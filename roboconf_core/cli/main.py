"""The ``roboconf`` program. Nothing is imported before Ctrl-C is taken for what it is."""

import sys


def main() -> None:
    """Run the program and exit with its status."""
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    from roboconf_core.cli import program

    return program.run(arguments)
