"""The manual names every command and every option, and nothing else; every command says what it does."""

import re
from pathlib import Path

import pytest
import typer.main

from roboconf_core.cli.program import app

MANUAL = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


def commands(command, words=("roboconf",)):
    yield " ".join(words), command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


ALL = dict(commands(typer.main.get_command(app)))
LEAVES = [words for words, command in ALL.items() if not hasattr(command, "commands")]


def section_of(words):
    """Return what the manual says of a command: its section, or its row in the table of its noun."""
    _, noun, *verb = words.split()
    section = MANUAL.partition(f"### `roboconf {noun}`\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    if not verb:
        return section
    return "\n".join(line for line in section.splitlines() if line.startswith(f"| `{verb[0]}"))


def options_of(words):
    return {option for param in ALL[words].params for option in param.opts if option.startswith("--")} - {"--help"}


@pytest.mark.parametrize("words", LEAVES)
def test_the_manual_tells_the_options_of(words):
    assert section_of(words), f"docs/reference/cli.md says nothing of `{words}`"
    assert set(re.findall(r"--[a-z-]+", section_of(words))) >= options_of(words)


def test_the_manual_tells_of_nothing_that_there_is_not():
    known = {option for words in LEAVES for option in options_of(words)} | {
        "--help",
        "--version",
        "--install-completion",
    }
    assert set(re.findall(r"--[a-z][a-z-]*", MANUAL)) <= known
    told = re.findall(r"^### `roboconf (\w+)`$", MANUAL, re.MULTILINE)
    assert sorted(told) == sorted({words.split()[1] for words in LEAVES})


@pytest.mark.parametrize("words", ALL)
def test_help_says_what_is_done_by(words):
    assert ALL[words].help
