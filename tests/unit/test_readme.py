"""The README begins with two commands; continuous integration runs the second one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands():
    return re.findall(r"```sh\n(.+)\n```", (ROOT / "README.md").read_text())[:2]


def test_the_first_command_sets_up_and_runs_the_main_job():
    assert commands()[0].endswith("roboconf up examples/quickstart")


def test_continuous_integration_runs_the_second_command():
    assert commands()[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_link_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page, link in links
        if not link.startswith(("http:", "https:")) and not (page.parent / link).exists()
    ]
    assert broken == []
