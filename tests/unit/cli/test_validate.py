"""``roboconf validate``: text, JSON and exit statuses."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from roboconf_core.cli.excerpts import excerpt, print_problem, visible
from roboconf_core.cli.main import run
from roboconf_core.cli.validate import problems_of
from roboconf_core.errors import Code, Problem, Where

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
WRONG = "VM {\n\tinstaller: target\n\tcolor: red;\n}\n"


@pytest.fixture
def wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("main.graph").write_text(WRONG)
    return Path("main.graph")


def zipped(directory: Path, archive: Path, top: str = "") -> Path:
    with zipfile.ZipFile(archive, "w") as written:
        for file in sorted(directory.rglob("*")):
            if file.is_file():
                written.write(file, f"{top}{file.relative_to(directory).as_posix()}")
    return archive


def test_a_sound_application_has_no_problem(capsys):
    assert run(["validate", str(QUICKSTART)]) == 0
    assert capsys.readouterr().out == "no problem found\n"


def test_problems_are_shown_with_line_and_caret(wrong, capsys):
    assert run(["validate", str(wrong)]) == 1
    assert capsys.readouterr().out == (
        "main.graph:2:19: error P_PROPERTY_ENDS_WITH_SEMI_COLON: property 'installer' has no ';' at its end\n"
        "  2 |     installer: target\n"
        "    |                      ^\n"
        "  hint: add a ';' behind 'target'\n"
        "main.graph:3:2: error PM_PROPERTY_NOT_APPLIABLE: a component has no property 'color'\n"
        "  3 |     color: red;\n"
        "    |     ^\n"
        "  hint: the properties of a component are installer, extends, facets, children, exports, imports\n"
        "2 errors\n"
    )


def test_json_has_the_agreed_shape(wrong, capsys):
    assert run(["validate", str(wrong), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["problems"][1] == {
        "code": "PM_PROPERTY_NOT_APPLIABLE",
        "severity": "error",
        "file": "main.graph",
        "line": 3,
        "column": 2,
        "message": "a component has no property 'color'",
        "hint": "the properties of a component are installer, extends, facets, children, exports, imports",
    }


def test_json_of_a_sound_application(capsys):
    assert run(["validate", "--json", str(QUICKSTART)]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}


def test_warnings_alone_exit_with_0(tmp_path, capsys):
    (tmp_path / "x.graph").write_text("# later\n")
    assert run(["validate", str(tmp_path / "x.graph")]) == 0
    assert capsys.readouterr().out.endswith("1 warning\n")


@pytest.mark.parametrize("name", ["nope", "x.txt"])
def test_what_cannot_be_checked_is_a_wrong_usage(tmp_path, name, capsys):
    (tmp_path / "x.txt").write_text("")
    assert run(["validate", str(tmp_path / name)]) == 2
    assert "CLI_USAGE" in capsys.readouterr().err
    assert run(["validate", str(tmp_path / name), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problems"][0]["code"] == "CLI_USAGE"


@pytest.mark.parametrize("top", ["", "quickstart/"])
def test_an_archive_is_checked_like_its_directory(tmp_path, top, capsys):
    assert run(["validate", str(zipped(QUICKSTART, tmp_path / "app.zip", top))]) == 0
    assert capsys.readouterr().out == "no problem found\n"


def test_problems_in_an_archive_name_the_archive_and_show_the_line(tmp_path, capsys):
    source = tmp_path / "app"
    (source / "graph" / "VM").mkdir(parents=True)
    (source / "descriptor").mkdir()
    (source / "graph" / "VM" / "x").write_text("")
    (source / "descriptor" / "application.properties").write_text(
        "name = a\nversion = 1.0\ndsl-id = x\ngraph-entry-point = main.graph\n"
    )
    (source / "graph" / "main.graph").write_text(WRONG)
    archive = zipped(source, tmp_path / "app.zip")
    assert run(["validate", str(archive)]) == 1
    out = capsys.readouterr().out
    assert f"{archive}/graph/main.graph:2:19: error" in out
    assert "  2 |     installer: target\n" in out


def test_an_archive_that_leads_outside_is_refused(tmp_path):
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("../evil.graph", "x")
    assert {problem.severity for problem in problems_of(archive)} == {"error"}
    assert not (tmp_path / "evil.graph").exists()


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "app.zip").write_text("no archive")
    (problem,) = problems_of(tmp_path / "app.zip")
    assert problem.where.file == str(tmp_path / "app.zip")


def test_a_recipe_problem_of_a_plugin_is_shown(tmp_path, monkeypatch):
    class Plugins:
        def check_recipe(self, component, installer, directory):
            return [Problem(Code.REC_SCRIPT_NO_SCRIPTS_DIR, installer, Where(file=str(directory)))]

    monkeypatch.setattr("roboconf_core.hooks.manager.load_plugins", Plugins)
    found = {str(problem.where) for problem in problems_of(QUICKSTART)}
    assert found == {f"{QUICKSTART}/graph/{name}" for name in ("Store", "Web", "Balancer")}


def shown(problem: Problem, line: str | None, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    print_problem(Console(file=stream, force_terminal=terminal, highlight=False, markup=False), problem, line)
    return stream.getvalue()


def test_there_are_colours_on_a_terminal_only():
    problem = Problem(Code.P_IO_ERROR, "x", Where(file="f", line=1, column=1))
    assert "\x1b[" in shown(problem, "a", terminal=True)
    assert "\x1b[" not in shown(problem, "a")


def test_control_characters_of_files_do_not_reach_the_terminal():
    text = shown(Problem(Code.P_IO_ERROR, "\x1b[2J", Where(file="f\x07", line=1, column=2)), "a\x1b]0;x\x07")
    assert "\x1b" not in text
    assert "\x07" not in text


def test_the_caret_stands_below_its_column():
    assert excerpt("\tab", 2) == ("    ab", 4)
    assert excerpt("日本x", 3) == ("日本x", 4)
    assert excerpt("ab", 0) == ("ab", None)
    assert excerpt("ab", 9) == ("ab", 2)
    assert visible("a\tb\x00") == "a    b\N{REPLACEMENT CHARACTER}"


def test_only_a_part_of_a_long_line_is_shown():
    text, caret = excerpt("x" * 500 + "y" + "z" * 500, 501)
    assert len(text) < 120
    assert text[caret] == "y"
