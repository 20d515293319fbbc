"""One home, one owner; what is secret is readable by its user only."""

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from roboconf_core.dm.home import DmInfo, Home, default_directory
from roboconf_core.dm.ports import ports_in_use
from roboconf_core.errors import ConflictError, InvalidRequestError

INFO = DmInfo(url="http://127.0.0.1:8181", token="secret", pid=17, started=1.5, dm_id="d", version="0.1")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def test_the_default_home_follows_the_environment():
    assert default_directory({"ROBOCONF_HOME": "/a"}) == Path("/a")
    assert default_directory({"XDG_STATE_HOME": "/b"}) == Path("/b/roboconf")
    assert default_directory({}) == Path("~/.local/state/roboconf").expanduser()


def test_everything_secret_is_private(home):
    home.write(INFO)
    secret = (home.directory, home.dm_file, home.database, home.messages)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in secret}
    assert modes == {"home": 0o700, "dm.json": 0o600, "database.sqlite3": 0o600, "messages.sqlite3": 0o600}


def test_dm_json_comes_back_as_it_was_written(home):
    assert home.read() is None
    home.write(INFO)
    assert home.read() == INFO
    assert [file.name for file in home.directory.iterdir() if "new" in file.name] == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_damaged_dm_json_counts_as_absent(home, text):
    home.dm_file.write_text(text)
    assert home.read() is None


def test_a_token_is_not_shown():
    assert "secret" not in repr(INFO)


def test_a_home_has_one_owner(home):
    assert not home.is_running()
    lock = home.own()
    assert home.is_running()
    home.write(INFO)
    with pytest.raises(ConflictError, match="process 17"):
        Home(home.directory).own()
    os.close(lock)
    assert not home.is_running()


def test_a_killed_owner_owns_no_more(home):
    program = textwrap.dedent(
        """
        import sys, pathlib
        from roboconf_core.dm.home import Home
        Home(pathlib.Path(sys.argv[1])).own()
        print("owned", flush=True)
        sys.stdin.read()
        """
    )
    command = [sys.executable, "-c", program, str(home.directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "owned\n"
        assert home.is_running()
        os.kill(child.pid, signal.SIGKILL)
    assert not home.is_running()


def test_a_place_that_cannot_be_a_home_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequestError, match="cannot be used as home"):
        Home(tmp_path / "file").prepare()


def test_names_of_machines_become_one_directory_each(home):
    assert home.machine_directory("lamp", "/vm/docker") == home.machines / "lamp" / "%2Fvm%2Fdocker"
    assert home.machine_directory("../x", "/..").relative_to(home.machines).parts == ("%2E.%2Fx", "%2F..")
    assert home.machine_directory("..", "").relative_to(home.machines).parts[0] == "%2E."


def test_a_port_that_is_listened_on_is_in_use():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[1] in ports_in_use()


def test_an_absent_table_counts_as_empty(tmp_path):
    table = tmp_path / "tcp"
    table.write_text("  sl  local_address rem_address   st\n   0: 0100007F:1F90 00000000:0000 0A 0\n")
    assert ports_in_use((table, tmp_path / "tcp6")) == frozenset({8080})
