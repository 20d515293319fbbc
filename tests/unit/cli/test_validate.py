"""``roboconf validate``: text, JSON and exit statuses."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from roboconf_core.cli.excerpts import excerpt, print_problem, visible
from roboconf_core.cli.main import run
from roboconf_core.cli.validate import problems_of
from roboconf_core.dsl.files import MAX_FILE_BYTES
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


@pytest.mark.parametrize("name", ["nope", "x.txt", "n" * 5000])
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


def test_several_paths_are_one_array_in_the_order_of_the_arguments(wrong, tmp_path, capsys):
    (tmp_path / "x.graph").write_text("# later\n")
    assert run(["validate", "--json", "x.graph", "nope", str(wrong), str(QUICKSTART)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [(each["path"], each["ok"], [problem["code"] for problem in each["problems"]]) for each in found] == [
        ("x.graph", True, ["P_EMPTY_FILE"]),
        ("nope", False, ["CLI_USAGE"]),
        ("main.graph", False, ["P_PROPERTY_ENDS_WITH_SEMI_COLON", "PM_PROPERTY_NOT_APPLIABLE"]),
        (str(QUICKSTART), True, []),
    ]


def test_a_path_that_cannot_be_checked_does_not_hide_the_problems_of_others(wrong, capsys):
    assert run(["validate", "nope", str(wrong), str(QUICKSTART)]) == 2
    shown = capsys.readouterr()
    assert "CLI_USAGE: there is no file or directory 'nope'" in shown.err
    assert "main.graph:2:19: error" in shown.out
    assert shown.out.endswith("2 errors in 2 paths\n")
    assert run(["validate", "nope"]) == 2
    assert capsys.readouterr().out == ""


def test_warnings_fail_where_that_is_asked_for(tmp_path, capsys):
    (tmp_path / "x.graph").write_text("# later\n")
    assert run(["validate", "--strict", str(tmp_path / "x.graph")]) == 1
    assert capsys.readouterr().out.endswith("1 warning\n")
    assert run(["validate", "--strict", "--json", str(tmp_path / "x.graph")]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert run(["validate", "--strict", str(QUICKSTART)]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-"], "standard input is not read"),
        ([], "Missing argument"),
        (["--json", "--sarif", "x"], "--json and --sarif are two formats"),
    ],
)
def test_a_wrong_usage_is_explained(words, told, capsys):
    assert run(["validate", *words]) == 2
    assert told in capsys.readouterr().err


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


TARGET = "id = a\nhandler = local\nname = A\n"
RECIPE = {"graph/a.graph": "S {\n\tinstaller: logger;\n}\n", "graph/S/x": "", "readme.md": ""}


def as_given(source: Path, form: str, tmp_path: Path) -> str:
    return str(source if form == "directory" else zipped(source, tmp_path / "given.zip"))


@pytest.mark.parametrize("form", ["directory", "archive"])
def test_a_recipe_is_recognised_and_that_is_told(tmp_path, form, capsys):
    given = as_given(write(tmp_path / "recipe", RECIPE), form, tmp_path)
    assert run(["validate", given]) == 0
    assert capsys.readouterr().out == (
        f"{given} is checked as a reusable recipe: it has neither a descriptor nor instances\nno problem found\n"
    )
    assert run(["validate", "--recipe", given]) == 0
    assert capsys.readouterr().out == "no problem found\n"


def test_a_recipe_with_a_descriptor_has_to_be_declared_one(tmp_path, capsys):
    descriptor = "name = r\nversion = 1.0\ndsl-id = x\ngraph-entry-point = a.graph\n"
    source = write(tmp_path / "recipe", RECIPE | {"descriptor/application.properties": descriptor})
    assert run(["validate", str(source)]) == 1
    assert "RM_ROOT_INSTALLER_MUST_BE_TARGET" in capsys.readouterr().out
    assert run(["validate", "--recipe", "--strict", str(source), str(source / "graph" / "a.graph")]) == 0


@pytest.mark.parametrize("form", ["directory", "archive"])
def test_a_set_of_targets_is_recognised_and_checked(tmp_path, form, capsys):
    files = {"a.properties": TARGET, "a/agent.script.sh": "", "b.properties": TARGET, "c.properties": "id = c\n"}
    given = as_given(write(tmp_path / "targets", files), form, tmp_path)
    assert run(["validate", "--json", given]) == 1
    found = json.loads(capsys.readouterr().out)["problems"]
    assert [(each["code"], each["file"]) for each in found] == [
        ("REC_TARGET_NO_HANDLER", f"{given}/c.properties"),
        ("REC_TARGET_NO_NAME", f"{given}/c.properties"),
        ("REC_TARGET_CONFLICTING_ID", f"{given}/b.properties"),
    ]


def test_an_application_to_be_started_is_never_taken_for_a_recipe(tmp_path, capsys):
    assert run(["up", str(write(tmp_path / "recipe", RECIPE))]) == 1
    assert "PROJ_NO_DESC_DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("r.drl", 'rule "r" when e then c end', []),
        ("r.DRL", 'rule "r"', ["RULE_INVALID_SYNTAX"]),
        ("VM.measures", "[EVENT a b]\n{{ x }}\n", ["PROBE_UNKNOWN_PARAMETER"]),
        ("VM.measures.properties", "x = \\u12\n", ["PROBE_IO_ERROR"]),
        ("recipe.properties", "x = 1\n", ["REC_INVALID_SETTINGS"]),
        ("t.properties", TARGET, []),
    ],
)
def test_single_files_are_checked_for_what_needs_no_application(tmp_path, name, text, told, capsys):
    (tmp_path / name).write_text(text)
    run(["validate", "--json", str(tmp_path / name)])
    assert [each["code"] for each in json.loads(capsys.readouterr().out)["problems"]] == told


def test_parameters_of_probes_are_looked_up_beside_them(tmp_path, capsys):
    write(tmp_path, {"VM.measures": "[EVENT a b]\n{{ x }}\n", "VM.measures.properties": "x = 1\n"})
    assert run(["validate", str(tmp_path / "VM.measures")]) == 0
    assert capsys.readouterr().out == "no problem found\n"


def test_lines_are_only_shown_of_files_that_can_be_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = write(Path("app"), RECIPE)
    os.mkfifo(source / "graph" / "pipe.graph")
    (source / "graph" / "link.graph").symlink_to("nowhere")
    (source / "graph" / "binary.graph").write_bytes(b"\x1b[2J\xff\x00\n")
    with (source / "graph" / "large.graph").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert run(["validate", "app"]) == 0
    out = capsys.readouterr().out
    assert out.count("PROJ_UNREACHABLE_FILE") == 4
    assert "\x1b" not in out
    monkeypatch.chdir("app")
    assert run(["validate", "."]) == 0
    assert "  1 | \N{REPLACEMENT CHARACTER}[2J" in capsys.readouterr().out


def test_a_file_whose_name_is_no_text_is_told_all_the_same(tmp_path, capsys):
    source = write(tmp_path / "app", RECIPE)
    Path(os.fsdecode(os.fsencode(source / "graph") + b"/\xff.graph")).write_text("")
    for option in ("--json", "--sarif", "--strict"):
        run(["validate", option, str(source)])
        assert "PROJ_UNREACHABLE_FILE" in capsys.readouterr().out


def test_no_room_for_an_archive_is_a_problem_of_this_path_only(tmp_path, monkeypatch, capsys):
    def full(**_):
        raise OSError(28, "No space left on device")

    zipped(QUICKSTART, tmp_path / "app.zip")
    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    assert run(["validate", "--json", str(tmp_path / "app.zip"), str(QUICKSTART)]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert [(each["code"], each["file"]) for each in first["problems"]] == [("P_IO_ERROR", str(tmp_path / "app.zip"))]
    assert second["ok"]


def test_a_hostile_archive_is_a_problem_and_nothing_else(tmp_path, capsys):
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("graph/main.graph", "#" * 50_000_000)
    assert run(["validate", str(archive)]) == 1
    assert f"{archive}/graph/main.graph: error DM_INVALID_ARCHIVE" in capsys.readouterr().out


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


def test_the_caret_stands_below_its_column_in_a_narrow_terminal():
    stream = io.StringIO()
    screen = Console(file=stream, force_terminal=True, color_system=None, highlight=False, markup=False, width=60)
    line = "x" * 80 + "Y" + "z" * 80
    print_problem(screen, Problem(Code.P_IO_ERROR, "m " * 50, Where(file="f", line=7, column=81), "h " * 50), line)
    message, shown_line, caret, hint = stream.getvalue().splitlines()
    assert len(shown_line) <= 60
    assert shown_line[caret.index("^")] == "Y"
    assert "m m" in message
    assert "hint: h h" in hint


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
