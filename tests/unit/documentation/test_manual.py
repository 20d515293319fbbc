"""What the page about diagrams shows is what the commands print."""

import json
import re
from pathlib import Path

import pytest
from programs import require_program

from roboconf_core.cli.main import run

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "diagrams.md").read_text()
GRAPH = (ROOT / "examples" / "quickstart" / "graph" / "main.graph").read_text()
REFERENCE = (ROOT / "docs" / "reference" / "cli.md").read_text()
SHOWN = re.findall(r"```sh\n(roboconf [^\n]*)\n```\n\n```mermaid\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^roboconf ([^|\n]*?)(?: \| .*)?$", PAGE, re.MULTILINE)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Lend a directory with the examples, as pasted commands expect it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("command", "picture"), SHOWN)
def test_the_page_shows_what_is_printed_by(command, picture, checkout, capsys):
    assert run(command.split()[1:]) == 0
    assert capsys.readouterr().out == picture


def test_the_page_shows_both_views():
    assert len(SHOWN) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_works(command, checkout, capsys):
    require_program("dot", "graphviz")
    words = command.split()
    assert run(words) == 0
    assert Path(words[-1]).stat().st_size if "-o" in words else capsys.readouterr().out


def test_the_sample_of_the_reference_tells_no_key_that_there_is_not(capsys):
    (sample,) = re.findall(r"```json\n(\{\n  \"title.*?)```", REFERENCE, re.DOTALL)
    told = json.loads(sample)
    assert run(["graph", str(ROOT / "examples" / "quickstart"), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert told.keys() == printed.keys()
    assert told["nodes"][0].keys() == printed["nodes"][0].keys()
    assert {tuple(edge) for edge in told["edges"]} == {tuple(edge) for edge in printed["edges"]}


def test_the_component_that_is_shown_is_that_of_the_quickstart():
    (shown,) = re.findall(r"```graph\n(.*?)```", PAGE, re.DOTALL)
    assert shown in GRAPH


def test_the_same_files_give_the_same_description(checkout, capsys):
    assert run(["docs", "examples/quickstart", "-o", "quickstart.md"]) == 0
    assert run(["docs", "examples/quickstart"]) == 0
    assert capsys.readouterr().out == Path("quickstart.md").read_text()
