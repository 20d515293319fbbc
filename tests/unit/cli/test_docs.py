"""``roboconf docs``: the description of an application as it is on disk."""

import re
import shutil
from pathlib import Path

import pytest
from programs import require_program
from read_pages import Page

from roboconf_core.cli.main import run

ROOT = Path(__file__).parents[3]
QUICKSTART = ROOT / "examples" / "quickstart"
APPLICATIONS = sorted(path for path in (ROOT / "tests" / "applications").iterdir() if path.is_dir())
HYBRID = ROOT / "tests" / "applications" / "hybrid-cloud"


def described(capsys, *words):
    assert run(["docs", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_markdown_is_printed_unless_something_else_is_asked_for(capsys):
    text = described(capsys, QUICKSTART)
    assert text.startswith("# quickstart\n\nVersion 1.0\n\nA key-value store, web servers that need it")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        "Components",
        "Instances",
        "Machines and software",
        "Initial instances",
    ]
    assert text.count("```mermaid\nflowchart TB\n") == 2


def test_a_component_is_told_with_its_recipe(capsys):
    text = described(capsys, QUICKSTART)
    section = text.partition("### Web\n")[2].partition("<a id=")[0]
    assert section == (
        "\nA web server that counts its visitors in the store: it starts once a store is there.\n\n"
        "- Software, installer `bash`\n"
        "- Can stand below [`VM`](#component-VM)\n"
        "- Imports `Store.ip`, `Store.port` from [`Store`](#component-Store)\n"
        "- Recipe: `recipe.properties`, `files/web.py`, `scripts/service.sh`, `scripts/start.sh`, `scripts/status.sh`, "
        "`scripts/stop.sh`, `scripts/store-address.sh`, `scripts/update.sh`\n\n"
        "| exports | default | |\n|---|---|---|\n"
        "| `Web.ip` |  | the address of the machine |\n"
        "| `Web.port` |  | a free port, drawn for each instance |\n\n"
    )


def test_all_targets_of_a_machine_are_told_but_no_secret(capsys):
    text = described(capsys, HYBRID)
    section = text.partition("### PublicMachine\n")[2].partition("<a id=")[0]
    assert re.findall("^Target `(.*?)`", section, re.MULTILINE) == [
        "hybrid-azure",
        "hybrid-openstack",
        "hybrid-aws",
        "hybrid-vmware",
    ]
    assert "| `ec2.secret.key` | `***` |" in section
    assert section.count(", the default") == 1


@pytest.mark.parametrize("path", [QUICKSTART, *APPLICATIONS], ids=lambda path: path.name)
def test_the_page_of_every_application_is_sound_and_loads_nothing(path, capsys, monkeypatch):
    monkeypatch.setattr("roboconf_core.cli.graphviz.PROGRAM", "no-such-program")  # layouts are tested elsewhere
    page = Page(described(capsys, path, "--format", "html"))
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= {f"#{each}" for each in page.ids}
    assert page.loaded == []
    assert "script" not in page.tags
    assert "Pictures need Graphviz" in page.text
    markdown = described(capsys, path)
    ids = set(re.findall('<a id="(.+?)">', markdown))
    assert set(re.findall(r"\]\(#(.+?)\)", markdown)) <= ids


def test_a_page_holds_its_pictures(capsys):
    require_program("dot", "graphviz")
    page = Page(described(capsys, QUICKSTART, "--format", "html"))
    pictures = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert [each["role"] for each in pictures] == ["img", "img"]
    for each in pictures:
        assert set(each["aria-labelledby"].split()) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.loaded == []
    assert "/web-vm1/web imports Store.ip, Store.port from /store-vm/store" in page.text


def test_a_page_suits_dark_and_light_screens_and_small_ones(capsys, monkeypatch):
    monkeypatch.setattr("roboconf_core.cli.graphviz.PROGRAM", "no-such-program")
    text = described(capsys, QUICKSTART, "--format", "html")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media (prefers-color-scheme: dark)" in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize(
    ("name", "begin"),
    [("x.md", "# "), ("x.Markdown", "# "), ("x.html", "<!DOCTYPE html>"), ("x.htm", "<!DOCTYPE html>")],
)
def test_the_name_of_the_output_says_the_format(tmp_path, name, begin, capsys):
    assert run(["docs", str(QUICKSTART), "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_text().startswith(begin)
    assert capsys.readouterr().out == ""


def test_a_name_that_says_no_format_is_refused(tmp_path, capsys):
    assert run(["docs", str(QUICKSTART), "-o", str(tmp_path / "x.pdf")]) == 2
    assert "give --format, or a name that ends with .md" in capsys.readouterr().err


def test_an_archive_is_described_as_its_directory_is(tmp_path, capsys):
    archive = shutil.make_archive(str(tmp_path / "quickstart"), "zip", QUICKSTART)
    assert described(capsys, archive) == described(capsys, QUICKSTART)


def test_an_application_with_errors_is_not_described(tmp_path, capsys):
    shutil.copytree(QUICKSTART, tmp_path / "q")
    (tmp_path / "q/instances/model.instances").write_text("instance of Vm {\n\tname: vm;\n}\n")
    assert run(["docs", str(tmp_path / "q"), "-o", str(tmp_path / "x.md")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "CO_INEXISTING_COMPONENT" in printed.err
    assert not (tmp_path / "x.md").exists()


def test_a_diagram_that_is_too_large_is_left_out_with_a_note(tmp_path, capsys):
    shutil.copytree(QUICKSTART, tmp_path / "q")
    model = (tmp_path / "q/instances/model.instances").read_text()
    (tmp_path / "q/instances/model.instances").write_text(model.replace("count: 2", "count: 600"))
    text = described(capsys, tmp_path / "q")
    assert "## Instances\n\nThere is no picture: the diagram is larger than Mermaid shows.\n" in text
    assert "- `web-vm001` to `web-vm600`, 600 instances of [`VM`](#component-VM)\n" in text


@pytest.mark.parametrize("path", ["nowhere", str(QUICKSTART / "graph" / "main.graph")])
def test_what_is_no_application_is_refused(path, capsys):
    assert run(["docs", path]) == 2
    assert "give the directory of an application" in capsys.readouterr().err


def test_commands_rules_and_probes_are_told(capsys):
    text = described(capsys, ROOT / "tests" / "applications" / "message-queue")
    assert (
        "| `tell-operators` | 3 | `the queue is long`, `the queue is short`, `a worker is stuck` |\n"
        "\n## Rules\n\n| rule | when | then | |\n|---|---|---|---|\n"
        "| `the queue is long` | `queue-long` | `add-worker`, `tell-operators` | at most every 120 s; within 60 s of the event |\n"
    ) in text
    assert "- Probe `rest` sends the event `queue-long`\n" in text
