"""Wrong input gets a clear error, a fitting exit status, and harms nothing."""

import os
import shutil
import socket

import pytest
from command_line import QUICKSTART, processes_of


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(QUICKSTART, tmp_path / "copy")
    return tmp_path / "copy"


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_an_unknown_component_is_reported_with_its_place_and_a_suggestion(user, copy):
    edit(copy / "instances" / "model.instances", "instance of Store", "instance of Stor")
    result = user.run("up", copy, status=1)
    assert "CO_INEXISTING_COMPONENT" in result.err
    assert "model.instances:4" in result.err
    assert "did you mean 'Store'" in result.err
    assert processes_of(user.home) == {}, "nothing was started"


def test_a_missing_bracket_is_reported_with_its_place(user, copy):
    edit(copy / "graph" / "main.graph", "imports: Web.ip, Web.port;\n}", "imports: Web.ip, Web.port;\n")
    result = user.run("up", copy, status=1)
    assert "P_C_C_BRACKET_MISSING" in result.err
    assert "main.graph" in result.err


def test_a_directory_that_cannot_be_read_is_a_problem_not_a_traceback(user, tmp_path):
    result = user.run("up", tmp_path / "nothing", status=2)
    assert str(tmp_path / "nothing") in result.err
    assert "hint" in result.err
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0)
        assert "closed" in user.run("up", closed, status=1).err


def test_a_taken_port_is_named(user, copy):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = user.run("up", copy, "--port", port, status=1)
    assert str(port) in result.err
    assert processes_of(user.home) == {}


def test_a_script_that_fails_is_shown_with_what_it_printed(user, copy):
    (copy / "graph" / "Store" / "scripts" / "start.sh").write_text("#!/bin/bash\necho the disk is full >&2\nexit 3\n")
    (copy / "graph" / "Store" / "recipe.properties").write_text("attempts = 2\nretry.delay = 0.2\n")
    result = user.run("up", copy, status=1)
    assert "/store-vm/store" in result.err
    assert "exit status 3" in result.err
    assert "the disk is full" in result.err + result.out
    assert "the disk is full" in user.run("logs", "/store-vm/store").out
    assert user.status_of("/store-vm/store") == "DEPLOYED_STOPPED"


def test_a_script_that_hangs_is_ended_by_its_time_out(user, copy):
    (copy / "graph" / "Store" / "scripts" / "start.sh").write_text("#!/bin/bash\nsleep 4711 & sleep 4712\n")
    (copy / "graph" / "Store" / "recipe.properties").write_text("attempts = 1\nstart.timeout = 1\n")
    result = user.run("up", copy, status=1)
    assert "timed out after 1 s" in result.err
    assert not [1 for command in processes_of(user.home).values() if "sleep 471" in command]


def test_an_application_deployed_twice_is_refused(user, copy):
    user.run("up", copy)
    result = user.run("up", copy, status=1)
    assert "exists already" in result.err
    assert "--name" in result.err
    assert set(user.statuses().values()) == {"DEPLOYED_STARTED"}


def test_a_name_that_is_a_path_is_refused(user, copy):
    result = user.run("up", copy, "--name", "../../etc", status=1)
    assert "../../etc" in result.err
    assert processes_of(user.home) == {}, "nothing was started"


def test_a_missing_plugin_gives_the_line_to_type(user, copy):
    edit(copy / "graph" / "main.graph", "Store {\n\tinstaller: bash;", "Store {\n\tinstaller: salt;")
    result = user.run("up", copy, status=1)
    assert "pip install roboconf-salt" in result.err + result.out


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["status"], 1, "no deployment manager"),
        (["explain", "no-slash"], 1, "no deployment manager"),
        (["frobnicate"], 2, "No such command"),
        (["scale"], 2, "Missing"),
        (["plugin", "show", "bsh"], 1, "did you mean 'bash'"),
    ],
)
def test_wrong_words_are_explained(user, words, status, text):
    assert text in user.run(*words, status=status).err
