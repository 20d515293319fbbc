"""What deployment managers of one host tell each other of the ports that they drew."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from roboconf_core.dm.reservations import Reservations, default_directory


class Site:
    """A host: managers with homes of their own, and the directory in which they meet."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.directory = tmp_path / "user" / "ports"
        self.held = {}

    def manager(self, name, *, home=None, **options):
        home = home or self.tmp_path / f"home-{name}"
        home.mkdir(exist_ok=True)
        self.held.setdefault(name, set())
        held = lambda: frozenset(self.held[name])  # noqa: E731 - one line says it
        return Reservations(dm_id=name, home=home, held=held, directory=self.directory, **options)

    def files(self):
        return sorted(path.name for path in self.directory.glob("*.json"))

    def hold(self, name, *ports):
        """Have a manager draw ports; return what it found reserved."""
        with self.manager(name).drawing() as used:
            self.held[name].update(ports)
        return reserved(used)


def reserved(used):
    return {port for port in used if port in range(20000, 20100)}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "user").mkdir(mode=0o700)
    return Site(tmp_path)


def test_what_one_manager_drew_is_reserved_for_the_others_and_not_for_itself(site):
    assert site.hold("a", 20000, 20001) == set()
    assert site.hold("b", 20002) == {20000, 20001}
    assert site.hold("a") == {20002}


def test_ports_that_are_listened_on_are_in_use_as_well(site):
    with socket.create_server(("127.0.0.1", 0)) as listener, site.manager("a").drawing() as used:
        assert listener.getsockname()[1] in used


def test_a_port_that_is_held_no_more_is_free_again(site):
    site.hold("a", 20000, 20001)
    site.held["a"] = {20001}
    site.hold("a")
    assert site.hold("b") == {20001}
    site.held["a"] = set()
    site.hold("a")
    assert site.files() == []
    assert site.hold("b") == set()


def test_the_ports_of_a_manager_that_was_killed_stay_reserved_for_its_agents(site):
    program = (
        "import sys, os, signal; from pathlib import Path; from roboconf_core.dm.reservations import Reservations\n"
        "home, directory = map(Path, sys.argv[1:])\n"
        "with Reservations(dm_id='a', home=home, held=lambda: {20000}, directory=directory).drawing(): pass\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    home = site.tmp_path / "home-a"
    home.mkdir()
    subprocess.run([sys.executable, "-c", program, home, site.directory], check=False)
    assert site.hold("b") == {20000}


def test_the_reservations_of_a_home_that_is_gone_are_void(site):
    site.hold("a", 20000)
    (site.tmp_path / "home-a").rmdir()
    assert site.hold("b") == set()
    assert site.files() == []


def test_the_reservations_of_a_former_manager_of_the_same_home_are_void(site):
    site.hold("a", 20000)
    with site.manager("new", home=site.tmp_path / "home-a").drawing() as used:
        assert reserved(used) == set()
    assert site.files() == []


def test_a_home_whose_state_is_unknown_keeps_its_reservations(site):
    site.hold("a", 20000)
    file = site.directory / "a.json"
    body = json.loads(file.read_text())
    file.write_text(json.dumps(body | {"home": "/" + "x" * 5000}))
    assert site.hold("b") == set()
    assert site.files() == ["a.json"]


def test_only_the_user_may_look(site):
    site.hold("a", 20000)
    assert site.directory.stat().st_mode & 0o777 == 0o700
    assert (site.directory / "a.json").stat().st_mode & 0o777 == 0o600
    assert (site.directory / "lock").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_writing_is_made_good(site):
    site.hold("a", 20000)
    (site.directory / ".a.json.new").write_text("{")
    assert site.hold("b") == {20000}
    site.hold("a", 20001)
    assert site.hold("b") == {20000, 20001}


# --- what must not be believed


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"home": "/", "ports": 20000}',
        b'{"home": "/", "ports": ["20000"]}',
        b'{"home": "/", "ports": [true]}',
        b'{"home": "/", "ports": [20000.0]}',
        b'{"home": "/", "ports": [20000, 9999]}',
        b'{"home": "/", "ports": [32768]}',
        b'{"home": "/", "ports": [' + b"9" * 5000 + b"]}",
        b'{"home": "relative", "ports": [20000]}',
        b'{"home": "/\\u0000", "ports": [20000]}',
        b'{"home": "/\\ud800", "ports": [20000]}',
        b'{"home": 1, "ports": [20000]}',
        b'{"ports": [20000]}',
        b'{"home": "/", "ports": [20000]}' + b" " * 600_000,
    ],
)
def test_a_file_that_is_no_reservation_is_ignored_and_told(site, caplog, text):
    site.hold("a", 20001)
    (site.directory / "x.json").write_bytes(text)
    assert site.hold("b") == {20001}
    assert "x.json" in caplog.text
    assert (site.directory / "x.json").exists()


def test_what_is_no_file_is_ignored(site, caplog):
    site.hold("a", 20000)
    (site.directory / "link.json").symlink_to(site.directory / "a.json")
    (site.directory / "directory.json").mkdir()
    os.mkfifo(site.directory / "fifo.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(site.directory / "socket.json"))
    (site.directory / "other.txt").write_text('{"home": "/", "ports": [20001]}')
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    assert site.hold("b") == {20000}
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    for name in ("link", "directory", "fifo", "socket"):
        assert f"{name}.json" in caplog.text


def test_a_trouble_is_told_once(site, caplog):
    site.hold("a", 20000)
    (site.directory / "x.json").write_text("{")
    manager = site.manager("b")
    for _ in range(3):
        with manager.drawing() as used:
            assert 20000 in used
    assert len(caplog.records) == 1


# --- a directory that is of no use


def spoil_by_a_file(site):
    site.directory.write_text("")


def spoil_by_a_link(site):
    (site.tmp_path / "elsewhere").mkdir()
    site.directory.symlink_to(site.tmp_path / "elsewhere")


def spoil_by_rights(site):
    site.directory.mkdir()
    site.directory.chmod(0o777)


def spoil_above(site):
    site.directory.parent.chmod(0o770)


def spoil_the_lock(site):
    site.directory.mkdir(mode=0o700)
    (site.directory / "lock").mkdir()


def remove_above(site):
    site.directory = site.tmp_path / "not" / "there" / "ports"


@pytest.mark.parametrize(
    "spoil", [spoil_by_a_file, spoil_by_a_link, spoil_by_rights, spoil_above, spoil_the_lock, remove_above]
)
def test_without_a_usable_directory_ports_are_drawn_as_if_alone(site, caplog, spoil):
    spoil(site)
    with socket.create_server(("127.0.0.1", 0)) as listener, site.manager("a").drawing() as used:
        site.held["a"].add(20000)
        assert listener.getsockname()[1] in used
    assert "without knowing those that others reserved" in caplog.text
    assert not list(site.tmp_path.rglob("a.json"))


def test_a_reservation_that_cannot_be_written_is_told(site, caplog):
    site.hold("b", 20001)
    (site.directory / "a.json").mkdir()
    assert site.hold("a", 20000) == {20001}
    assert "ports cannot be reserved" in caplog.text


def test_an_error_of_the_one_who_draws_is_his_and_lets_go_of_the_lock(site):
    with pytest.raises(OSError, match="mine"), site.manager("a").drawing():
        raise OSError("mine")
    with (site.directory / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


# --- one at a time


DRAW = """
import sys
from pathlib import Path
from roboconf_core.dm.reservations import Reservations

name, home, directory = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
mine = set()
reservations = Reservations(dm_id=name, home=home, held=lambda: frozenset(mine), directory=directory, patience_s=60)
print("ready", flush=True)
input()
for _ in range(25):
    with reservations.drawing() as used:
        mine.add(next(port for port in range(20000, 32768) if port not in used and port not in mine))
print(*sorted(mine))
"""


def test_managers_that_draw_at_the_same_moment_draw_different_ports(site):
    managers = []
    for name in ("a", "b", "c"):
        (site.tmp_path / name).mkdir()
        arguments = [sys.executable, "-c", DRAW, name, site.tmp_path / name, site.directory]
        managers.append(subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for manager in managers:
        assert manager.stdout.readline() == "ready\n"
    for manager in managers:
        manager.stdin.write("\n")
        manager.stdin.flush()
    drawn = [manager.communicate(timeout=60)[0].split() for manager in managers]
    assert [len(ports) for ports in drawn] == [25, 25, 25]
    assert len({port for ports in drawn for port in ports}) == 75


def test_a_manager_that_never_lets_go_is_waited_for_once(site, caplog):
    site.hold("a", 20000)
    manager = site.manager("b", patience_s=0.3)
    with (site.directory / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for port in range(20001, 20011):
            with manager.drawing() as used:
                assert reserved(used) == {20000}
                site.held["b"].add(port)
    assert caplog.text.count("others may draw the same") == 1
    assert site.hold("a") == set(range(20001, 20011))


def test_the_directory_is_the_users_and_the_hosts(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert default_directory() == Path(f"/somewhere/roboconf-{os.getuid()}/ports")
    monkeypatch.delenv("TMPDIR")
    assert default_directory() == Path(f"/tmp/roboconf-{os.getuid()}/ports")
