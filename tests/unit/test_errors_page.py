"""What the manual says that ``roboconf validate`` prints is what it prints."""

import re
from pathlib import Path

import pytest

from roboconf_core.cli.main import run

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "errors.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = "$ roboconf validate shop\n"

INTRODUCTION, *SECTIONS = re.split(r"^(?=### )", PAGE, flags=re.MULTILINE)
FILES = {title: text for _, title, text in BLOCK.findall(INTRODUCTION) if title}


def applied(text, difference):
    """Return a text after a difference whose old lines stand in it once."""
    lines = difference.splitlines(keepends=True)
    old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
    new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def write_files(files):
        for name, text in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text)
        for component in ("VM", "Database", "Web", "Shop"):
            Path("shop/graph", component).mkdir(exist_ok=True)

    return write_files


def test_the_application_has_no_problem_before_mistakes_are_made(write, capsys):
    write(FILES)
    assert run(["validate", "shop"]) == 0
    assert capsys.readouterr().out == "no problem found\n"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0].strip("# "))
def test_a_mistake_is_told_as_the_page_says(section, write, capsys):
    files = dict(FILES)
    for kind, title, text in BLOCK.findall(section):
        if kind == "diff":
            files[title] = applied(files[title], text)
    write(files)
    (printed,) = (text for _, _, text in BLOCK.findall(section) if text.startswith(COMMAND))
    assert run(["validate", "shop"]) == 1
    assert capsys.readouterr().out == printed.removeprefix(COMMAND)
