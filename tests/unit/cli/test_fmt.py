"""``roboconf fmt``: which files are formatted, how they are written, what is shown."""

import io
import os
import pty
import subprocess
from pathlib import Path

import pytest
from command_line import ROBOCONF

from roboconf_core.cli import rewriting
from roboconf_core.cli.main import run

MESSY, TIDY = "VM{\n  installer : target;   # it\n}\n\n\n", "VM {\n\tinstaller: target;   # it\n}\n"
BROKEN = "VM {\n  installer: target\n}\n"
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text, *names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(text.encode())


def type_in(monkeypatch, content):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_all_files_below_the_current_directory_are_formatted_and_those_that_changed_are_named(here, capsys):
    write(MESSY, "app/graph/main.graph", "app/graph/A.GRAPH")
    write(TIDY, "app/graph/tidy.graph")
    write("INSTANCE OF VM {\nname: vm ;\n}", "app/instances/model.instances")
    assert run(["fmt"]) == 0
    assert capsys.readouterr().out.split() == [
        "app/graph/A.GRAPH",
        "app/graph/main.graph",
        "app/instances/model.instances",
    ]
    assert Path("app/graph/main.graph").read_text() == TIDY
    assert Path("app/instances/model.instances").read_text() == "instance of VM {\n\tname: vm ;\n}\n"
    assert run(["fmt"]) == 0
    assert capsys.readouterr() == ("", "")


def test_hidden_files_other_kinds_and_links_are_left_alone(here, capsys):
    write(MESSY, ".git/a.graph", ".b.graph", "c.commands", "d.drl", "e.properties", "f.measures", "graph/g.txt")
    write(MESSY, "outside/elsewhere.graph")
    write(TIDY, "app/h.graph")
    Path("app/linked.graph").symlink_to("../outside/elsewhere.graph")
    Path("app/directory").symlink_to("../outside")
    Path("app/loop").symlink_to(".")
    assert run(["fmt", "app"]) == 0
    assert Path("outside/elsewhere.graph").read_text() == MESSY
    Path("outside/elsewhere.graph").unlink()
    assert run(["fmt"]) == 0
    assert capsys.readouterr().out == ""
    assert {path.read_text() for path in Path().rglob("*") if path.is_file() and path.name != "h.graph"} == {MESSY}


def test_what_is_named_is_formatted_even_if_it_is_hidden_or_a_link(here, capsys):
    write(MESSY, ".a.graph", "real.graph")
    Path("link.graph").symlink_to("real.graph")
    assert run(["fmt", "link.graph", ".a.graph", "real.graph"]) == 0
    assert capsys.readouterr().out == "link.graph\n.a.graph\n"
    assert Path("link.graph").is_symlink()
    assert Path("real.graph").read_text() == Path(".a.graph").read_text() == TIDY


def test_permissions_stay(here):
    write(MESSY, "a.graph")
    Path("a.graph").chmod(0o640)
    assert run(["fmt", "a.graph"]) == 0
    assert Path("a.graph").stat().st_mode & 0o777 == 0o640
    assert [str(path) for path in Path().iterdir()] == ["a.graph"]


def test_a_file_that_cannot_be_replaced_stays_whole_and_the_others_are_formatted(here, monkeypatch, capsys):
    write(MESSY, "a.graph", "b.graph")
    replace = Path.replace

    def failing(self, target):
        if target.name == "a.graph":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(rewriting.Path, "replace", failing)
    assert run(["fmt"]) == 1
    out, err = capsys.readouterr()
    assert out == "b.graph\n"
    assert "a.graph: error P_IO_ERROR: a.graph cannot be written: No space left on device" in err
    assert Path("a.graph").read_text() == MESSY
    assert sorted(str(path) for path in Path().iterdir()) == ["a.graph", "b.graph"]


def test_a_file_that_may_not_be_written_is_not_replaced(here, monkeypatch, capsys):
    write(MESSY, "a.graph")
    read_only = Path.open

    def refusing(self, mode="r", *rest, **options):
        if "+" in mode or "w" in mode:
            raise PermissionError(13, "Permission denied")
        return read_only(self, mode, *rest, **options)

    monkeypatch.setattr(rewriting.Path, "open", refusing)
    assert run(["fmt"]) == 1
    assert "a.graph cannot be written: Permission denied" in capsys.readouterr().err
    assert Path("a.graph").read_text() == MESSY


def test_check_names_what_would_change_and_writes_nothing(here, capsys):
    write(MESSY, "a.graph")
    write(TIDY, "b.graph")
    assert run(["fmt", "--check"]) == 1
    assert capsys.readouterr().out == "a.graph\n"
    assert Path("a.graph").read_text() == MESSY
    assert run(["fmt", "--check", "b.graph"]) == 0
    assert capsys.readouterr().out == ""


def test_diff_is_a_patch_and_writes_nothing(here, capsys):
    write("VM{\n}", "a.graph")
    assert run(["fmt", "--diff"]) == 1
    patch = capsys.readouterr().out
    assert patch == "--- a.graph\n+++ a.graph\n@@ -1,2 +1,2 @@\n-VM{\n-}\n\\ No newline at end of file\n+VM {\n+}\n"
    assert Path("a.graph").read_text() == "VM{\n}"
    assert run(["fmt", "a.graph"]) == 0
    assert run(["fmt", "--diff", "a.graph"]) == 0


def test_differences_have_colours_on_a_terminal_only(here):
    write("VM{\n}\n", "a.graph")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    on_terminal = subprocess.run([ROBOCONF, "fmt", "--diff"], stdout=theirs, env=environment, check=False, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    piped = subprocess.run(
        [ROBOCONF, "fmt", "--diff"], stdout=subprocess.PIPE, env=environment, check=False, timeout=60
    )
    assert (on_terminal.returncode, piped.returncode) == (1, 1)
    assert b"\x1b[31m-VM{" in shown
    assert b"\x1b[32m+VM {" in shown
    assert b"\x1b" not in piped.stdout


def test_files_with_problems_are_left_alone_and_the_others_are_formatted(here, capsys):
    write(BROKEN, "a.graph")
    write(MESSY, "b.graph")
    Path("c.graph").write_bytes(b"VM {\n\xff\n}\n")
    assert run(["fmt"]) == 1
    out, err = capsys.readouterr()
    assert out == "b.graph\n"
    assert "a.graph:2:20: error P_PROPERTY_ENDS_WITH_SEMI_COLON" in err
    assert "  2 |   installer: target\n" in err
    assert "c.graph:2:1: error P_IO_ERROR: c.graph is no UTF-8 text" in err
    assert Path("a.graph").read_text() == BROKEN


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (MESSY, TIDY),
        ("INSTANCE OF VM{\nname : a;\nINSTANCE OF B{\nname:b;\n}\n}", None),
        ("", ""),
        ("# only this\n\n", "# only this\n"),
    ],
)
def test_standard_input_is_formatted_to_standard_output(monkeypatch, capsysbinary, typed, written):
    type_in(monkeypatch, typed.encode())
    assert run(["fmt", "-"]) == 0
    expected = "instance of VM {\n\tname: a;\n\tinstance of B {\n\t\tname: b;\n\t}\n}\n" if written is None else written
    assert capsysbinary.readouterr().out.decode() == expected


def test_standard_input_can_be_checked(monkeypatch, capsys):
    type_in(monkeypatch, MESSY.encode())
    assert run(["fmt", "--check", "-"]) == 1
    assert capsys.readouterr().out == "<stdin>\n"
    type_in(monkeypatch, TIDY.encode())
    assert run(["fmt", "--check", "-"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [(BROKEN.encode(), "<stdin>:2:20: error P_PROPERTY_ENDS_WITH_SEMI_COLON"), (b"\xff", "is no UTF-8 text")],
)
def test_nothing_is_written_of_a_standard_input_with_problems(monkeypatch, capsys, content, text):
    type_in(monkeypatch, content)
    assert run(["fmt", "-"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nowhere"], "there is no file or directory 'nowhere'"),
        (["a.commands"], "only directories and files that end with .graph or .instances are formatted"),
        (["-", "b.graph"], "'-' stands for standard input and stands alone"),
        (["--chek"], "--check"),
    ],
)
def test_wrong_words_are_explained_and_nothing_is_formatted(here, capsys, words, text):
    write(MESSY, "a.commands", "b.graph")
    assert run(["fmt", "b.graph", *words] if words[0] != "-" else ["fmt", *words]) == 2
    assert text in capsys.readouterr().err
    assert Path("b.graph").read_text() == MESSY


def test_a_directory_with_nothing_to_format_is_said(here, capsys):
    assert run(["fmt"]) == 0
    assert "there is no .graph and no .instances in ." in capsys.readouterr().err


def test_the_examples_are_formatted(capsys):
    assert run(["fmt", "--check", str(EXAMPLES)]) == 0
    assert capsys.readouterr() == ("", "")
