"""The manual names every command and every option; every command says what it does."""

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


def section_of(words):
    _, _, rest = MANUAL.partition(f"# `{words}`\n")
    return rest.partition("\n## ")[0].partition("\n### ")[0]


@pytest.mark.parametrize("words", [words for words in ALL if words != "roboconf"])
def test_the_manual_has_a_section_with_every_option_of(words):
    section = section_of(words)
    assert section, f"docs/reference/cli.md has no section for `{words}`"
    missing = [
        option
        for param in ALL[words].params
        for option in param.opts
        if option.startswith("--") and option not in section
    ]
    assert not missing


@pytest.mark.parametrize("words", ALL)
def test_help_says_what_is_done_by(words):
    assert ALL[words].help
