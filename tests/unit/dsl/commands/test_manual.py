"""What the manual says of commands is right."""

import re
from pathlib import Path

import pytest

from roboconf_core.dsl.commands.check import MAX_INJECTED, check_commands_text
from roboconf_core.dsl.commands.dates import LETTERS
from roboconf_core.dsl.commands.instructions import STABLE_STATUSES
from roboconf_core.dsl.commands.variables import MAX_VALUE, PREDEFINED
from roboconf_core.dsl.commands.words import FORMS, VERBS
from roboconf_core.model.graph import Component, Graph

MANUAL = (Path(__file__).parents[4] / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
GRAPH = Graph(
    {
        "VM": Component(name="VM", installer="target", children=("Tomcat",)),
        "Tomcat": Component(name="Tomcat", installer="bash"),
    }
)


def test_the_example_has_no_problem():
    (text,) = re.findall(r"^```commands.*?\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
    checked = check_commands_text(text, "x", graph=GRAPH, roots=[], executed={})
    assert checked.problems == []
    assert len(checked.lines) == 6


@pytest.mark.parametrize("word", [*FORMS, *VERBS, *STABLE_STATUSES, *(f"$({name}" for name in PREDEFINED)])
def test_each_word_of_the_language_is_told(word):
    assert f"`{word}" in MANUAL


def test_limits_and_letters_are_told():
    assert f"`{' '.join(LETTERS)}`" in MANUAL
    assert f"{MAX_VALUE:,} characters" in MANUAL
    assert f"{MAX_INJECTED:,}." in MANUAL
