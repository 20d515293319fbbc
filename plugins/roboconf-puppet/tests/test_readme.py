"""The recipe of the README passes, and the README names every finding."""

import re
import textwrap
from pathlib import Path

import pytest

from roboconf_core.dsl.loader import load_application
from roboconf_core.errors import Code
from roboconf_core.hooks.manager import load_plugins
from roboconf_puppet import plugin

README = (Path(__file__).parents[1] / "README.md").read_text()
FILE = re.compile(r"^`([\w./-]+)`:\n\n((?:(?:    .*)?\n)+)", re.MULTILINE)


@pytest.fixture
def application(tmp_path):
    for name, text in FILE.findall(README):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).strip() + "\n")
    return tmp_path


def test_the_application_is_valid(application):
    assert len(list(application.rglob("*.pp"))) == 2
    plugins = load_plugins(entry_points=False, modules={"puppet": plugin})
    assert load_application(application, check_recipe=plugins.check_recipe).problems == []


def test_every_code_is_documented_with_its_severity():
    for code in Code:
        if code.startswith("REC_PUPPET_"):
            mark = " (warning)" if code.severity == "warning" else ""
            assert f"| `{code}`{mark} |" in README
