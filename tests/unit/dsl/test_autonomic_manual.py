"""What the manual says of rules and probes is right."""

import re
from pathlib import Path

from roboconf_core.dsl.autonomic.rules import read_rule
from roboconf_core.dsl.single import check_file
from roboconf_core.errors import Code

MANUAL = (Path(__file__).parents[3] / "docs" / "reference" / "autonomic.md").read_text(encoding="utf-8")
BLOCKS = {
    title: text for title, text in re.findall(r'^```\w+ title="(.*?)"\n(.*?)^```$', MANUAL, re.MULTILINE | re.DOTALL)
}


def test_the_examples_have_no_problem(tmp_path):
    for title, text in BLOCKS.items():
        (tmp_path / title).write_text(text, encoding="utf-8")
    assert {title: check_file(tmp_path / title) for title in BLOCKS} == {title: [] for title in BLOCKS}
    assert len(BLOCKS) == 3


def test_the_example_of_a_rule_says_what_the_manual_says_of_it():
    rule, _ = read_rule(BLOCKS["grow.drl"], "grow.drl")
    assert (rule.name, rule.event, rule.sleep_period_s, rule.time_window_s) == (
        "grow when busy",
        "load-is-high",
        60,
        120,
    )
    assert rule.commands == ("add-a-server", "tell-the-team", "write-it-down")


def test_all_codes_are_explained_and_no_others():
    own = {str(code) for code in Code if code.startswith(("RULE_", "PROBE_"))} | {"PROJ_INVALID_RULE_EXT"}
    assert set(re.findall(r"(?:RULE|PROBE|PROJ)_[A-Z_]+", MANUAL)) == own
