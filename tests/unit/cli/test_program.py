"""Exit statuses, help texts, and errors that nobody foresaw."""

import subprocess
import sys

import pytest
import typer.main

from roboconf_core.cli import main, program


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("ROBOCONF_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["statsu"], 2, "Did you mean 'status'"),
        (["scale", "/vm"], 2, "--to"),
        (["scale", "/vm", "--to", "many"], 2, "--to"),
        (["status"], 1, "no deployment manager runs in"),
        (["plugin", "show", "bsh"], 1, "did you mean 'bash'"),
        (["instance", "create", "/vm", "--component", "VM", "--set", "port"], 2, "expected NAME=VALUE"),
        (["up", "nowhere"], 2, "there is no file or directory 'nowhere'"),
        (["up", "x", "--name", "../etc"], 1, "it is a path"),
    ],
)
def test_wrong_words_have_a_fitting_exit_status_and_are_explained(nowhere, capsys, words, status, text):
    assert main.run(words) == status
    assert text in capsys.readouterr().err


def test_an_error_of_the_system_is_a_problem_not_a_traceback(nowhere, monkeypatch, capsys):
    def failing():
        raise PermissionError(13, "Permission denied", "/home/x")

    monkeypatch.setattr("roboconf_core.cli.connection.default_directory", failing)
    assert main.run(["status"]) == 1
    assert capsys.readouterr().err == "/home/x: error P_IO_ERROR: Permission denied\n"


def test_ctrl_c_while_the_program_is_still_loading_is_no_traceback():
    code = (
        "import builtins\n"
        "load = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'typer':\n"
        "        raise KeyboardInterrupt\n"
        "    return load(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "from roboconf_core.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def groups(command, words=()):
    if hasattr(command, "commands"):
        yield words
        for name, child in command.commands.items():
            yield from groups(child, (*words, name))


@pytest.mark.parametrize("words", list(groups(typer.main.get_command(program.app))), ids=" ".join)
def test_no_summary_of_a_command_is_cut_in_80_columns(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main.run([*words, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["explain"], "roboconf explain [OPTIONS] [APP] [PATH]"),
        (["scale"], "roboconf scale [OPTIONS] [APP] PATH"),
        (["up"], "roboconf up [OPTIONS] DIR"),
        (["status"], "roboconf status [OPTIONS] [APP]"),
        (["template", "delete"], "roboconf template delete [OPTIONS] NAME [VERSION]"),
    ],
)
def test_usage_is_shown_as_it_is_typed(words, usage, capsys):
    assert main.run([*words, "--help"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"Usage: {usage}"
