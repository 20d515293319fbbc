from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from roboconf_core.agent.process import main
from roboconf_core.agent.settings import AgentSettingsError, read_settings

GOOD = {
    "agent": "shop/web-vm",
    "generation": "3",
    "dm_id": "dm-1",
    "machine_id": "m-1",
    "transport": "http",
    "transport.url": "http://127.0.0.1:1",
    "transport.token": "s3cret",
    "address": "127.0.0.1",
    "shared_host": "true",
    "directory": "/var/lib/agent",
}


@pytest.fixture
def file(tmp_path):
    def write(**changes):
        path = tmp_path / "settings.json"
        path.write_text(json.dumps({k: v for k, v in (GOOD | changes).items() if v is not None}))
        return path

    return write


def test_settings_are_read(file):
    settings = read_settings(file())
    assert (settings.agent, settings.generation, settings.shared_host) == ("shop/web-vm", 3, True)
    assert settings.directory == Path("/var/lib/agent")
    assert settings.transport_settings == {"url": "http://127.0.0.1:1", "token": "s3cret"}


def test_credential_is_not_shown(file):
    assert "s3cret" not in repr(read_settings(file()))


def test_what_may_be_left_out_has_defaults(file):
    settings = read_settings(file(dm_id=None, machine_id=None, address=None, shared_host=None))
    assert (settings.shared_host, settings.address) == (False, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agent": None}, "'agent' is missing"),
        ({"agent": "shop"}, "'agent' is 'shop', expected an application"),
        ({"generation": "-1"}, "'generation' is '-1'"),
        ({"generation": "٣"}, "'generation' is"),
        ({"transport": ""}, "'transport' is missing"),
        ({"directory": "here"}, "expected an absolute path"),
        ({"shared_host": "yes"}, "expected true or false"),
    ],
)
def test_each_fault_is_told(file, changes, said):
    with pytest.raises(AgentSettingsError, match="AGENT_SETTINGS") as caught:
        read_settings(file(**changes))
    assert said in str(caught.value)


def test_all_faults_are_told_at_once(file):
    with pytest.raises(AgentSettingsError) as caught:
        read_settings(file(agent=None, generation="x"))
    assert "'agent' is missing" in str(caught.value)
    assert "'generation' is 'x'" in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"agent": 1}'])
def test_files_that_are_no_object_of_texts_are_refused(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(AgentSettingsError):
        read_settings(path)


def test_wrong_command_lines_and_files_get_one_line_and_a_status(tmp_path, capsys):
    assert main([]) == 2
    assert main(["--help"]) == 2
    assert main([str(tmp_path / "none.json")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "none.json' cannot be read: No such file" in said[-1]


def test_old_interpreter_gets_one_clear_line():
    code = (
        "import runpy, sys\nsys.version_info = (3, 10, 2)\nrunpy.run_module('roboconf_core.agent', run_name='__main__')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr.startswith("roboconf agent: Python 3.11 or newer is needed")
    assert len(found.stderr.splitlines()) == 1
