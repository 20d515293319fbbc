"""The recipe of the README works as pasted."""

import re
import select
import socket
import textwrap
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_bash.handler import BashHandler
from roboconf_core.dsl.loader import load_application
from roboconf_core.model.lifecycle import Action
from roboconf_core.testing.commands import run_command
from roboconf_core.testing.installers import action_context

README = Path(__file__).parents[1] / "README.md"
FILE = re.compile(r"^`([\w./-]+)`[^\n]*:\n\n((?:(?:    .*)?\n)+)", re.MULTILINE)


@pytest.fixture
def application(tmp_path):
    for name, text in FILE.findall(README.read_text()):
        path = tmp_path / "hello" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).strip() + "\n")
    return tmp_path / "hello"


def test_the_application_is_valid(application):
    loaded = load_application(application)
    assert loaded.problems == []
    assert BashHandler().supports(Action.STATUS, application / "graph" / "Hello")


def test_the_recipe_starts_answers_and_stops(application):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    exports = {"Hello.ip": "127.0.0.1", "Hello.port": str(port)}
    context = action_context(application / "graph" / "Hello", path="/vm/hello", exports=exports)
    handler = BashHandler()
    handler.initialize(context)

    def run(action):
        return run_command(handler.command_for(replace(context, action=action))).exit_status

    assert run(Action.START) == 0
    try:
        for _ in range(200):
            if run(Action.STATUS) == 0:
                break
            select.select([], [], [], 0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read().decode() == f"<h1>Hello from /vm/hello on port {port}</h1>\n"
    finally:
        assert run(Action.STOP) == 0
    assert run(Action.STOP) == 0


def test_every_variable_of_the_core_is_documented(tmp_path):
    from roboconf_bash.environment import environment_for

    text = README.read_text()
    names = environment_for(action_context(tmp_path, Action.UPDATE))
    assert [name for name in names if name.startswith("ROBOCONF_") and name not in text] == []
