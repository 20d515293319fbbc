"""Which script serves an action, and how it is run."""

import logging
import stat

import pytest

from roboconf_bash.scripts import argv_for, candidates, make_all_executable, script_for
from roboconf_core.errors import LifecycleError
from roboconf_core.model.lifecycle import Action


@pytest.fixture
def recipe(tmp_path):
    """Write scripts by name."""

    def write(*names, text="#!/bin/sh\n"):
        for name in names:
            path = tmp_path / "scripts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["start.sh", "start", "start.py"], "start.sh"),
        (["start.py", "start-db.rb"], "start.py"),
        (["start", "start.py"], "start"),
        (["start-db.rb", "start_all"], "start-db.rb"),
        (["start.tar.gz", "start.pl"], "start.pl"),
        (["start.py.j2"], "start.py"),
        (["start.sh.j2", "start.py"], "start.sh"),
        (["startup-lib.sh"], None),
        (["restart.sh"], None),
        (["Start.sh"], None),
        ([".start.sh"], None),
        (["start.sh~", "start.sh.bak", "start.sh.orig", "start.swp"], None),
        (["start.d/one.sh"], None),
        (["stop.sh"], None),
        ([], None),
    ],
)
def test_the_script_of_an_action_is_chosen_by_name(recipe, names, chosen):
    assert script_for(Action.START, recipe(*names)) == chosen


def test_the_choice_does_not_depend_on_the_order_of_the_directory(recipe):
    names = ["start-b", "start-a", "start.rb", "start.pl", "start_c"]
    assert candidates(Action.START, recipe(*names)) == ["start.pl", "start.rb", "start-a", "start-b", "start_c"]


@pytest.mark.parametrize(("name", "chosen"), [("status", True), ("status.py", True), ("status-report.sh", False)])
def test_only_a_script_called_status_is_polled(recipe, name, chosen):
    assert (script_for(Action.STATUS, recipe(name)) is not None) is chosen


def test_several_candidates_are_a_warning_that_names_them(recipe, caplog):
    with caplog.at_level(logging.WARNING):
        script_for(Action.STOP, recipe("stop.py", "stop.rb"))
    assert "stop.py, stop.rb; stop.py is taken" in caplog.text


def test_helpers_beside_the_usual_script_are_no_warning(recipe, caplog):
    with caplog.at_level(logging.WARNING):
        script_for(Action.STOP, recipe("stop.sh", "stop-lib.sh"))
    assert caplog.text == ""


def executable(path):
    return bool(path.stat().st_mode & stat.S_IXUSR)


def test_all_visible_scripts_become_executable_and_nothing_else(recipe):
    directory = recipe("start.sh", "lib/deep/tool", ".hidden", ".git/hook")
    (directory / "files").mkdir()
    (directory / "files" / "data").touch()
    make_all_executable(directory)
    made = {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file() and executable(p)}
    assert made == {"scripts/start.sh", "scripts/lib/deep/tool"}


def test_who_may_not_read_a_script_may_not_execute_it(recipe):
    script = recipe("start.sh") / "scripts" / "start.sh"
    script.chmod(0o640)
    make_all_executable(script.parents[1])
    assert stat.S_IMODE(script.stat().st_mode) == 0o750


def test_links_do_not_spread_the_execute_bit(recipe, tmp_path):
    directory = recipe("start.sh")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (directory / "scripts" / "link").symlink_to(outside / "file")
    (directory / "scripts" / "directory").symlink_to(outside)
    make_all_executable(directory)
    assert not executable(outside / "file")


def test_a_script_with_a_first_line_runs_by_itself(recipe):
    script = recipe("start.sh") / "scripts" / "start.sh"
    assert argv_for(script) == (str(script),)


def test_a_script_without_a_first_line_is_run_by_a_shell(recipe):
    script = recipe("start.sh", text="echo hello\n") / "scripts" / "start.sh"
    shell, name = argv_for(script)
    assert shell.endswith(("/bash", "/sh"))
    assert name == str(script)


def test_a_program_runs_by_itself(recipe):
    script = recipe("start") / "scripts" / "start"
    script.write_bytes(b"\x7fELF\x02\x01\x01\0\0\0")
    assert argv_for(script) == (str(script),)


def test_a_missing_interpreter_is_named(recipe):
    script = recipe("start.lua", text="#!/opt/no/lua -x\n") / "scripts" / "start.lua"
    with pytest.raises(LifecycleError, match=r"scripts/start\.lua.*'/opt/no/lua'"):
        argv_for(script)


@pytest.mark.parametrize("text", ["#!/bin/sh\r\necho\r\n", "#!/usr/bin/env bash\r\n"])
def test_windows_line_ends_are_named(recipe, text):
    script = recipe("start.sh") / "scripts" / "start.sh"
    script.write_bytes(text.encode())
    with pytest.raises(LifecycleError, match="Windows line ends"):
        argv_for(script)
