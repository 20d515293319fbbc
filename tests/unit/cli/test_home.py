"""Whom a command talks to, and what ``--purge`` takes away."""

import os

import pytest

from roboconf_core.cli import connection, manager, purge
from roboconf_core.cli.client import NoManagerError, location
from roboconf_core.dm.home import DmInfo, Home
from roboconf_core.errors import InvalidRequestError


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def refusal(home):
    with pytest.raises(NoManagerError) as caught:
        connection.connected(home)
    return caught.value.problems[0]


def test_a_home_where_none_ever_ran_says_how_to_start_one(tmp_path):
    problem = refusal(Home(tmp_path / "new"))
    assert problem.message == f"no deployment manager runs in {tmp_path / 'new'}"
    assert "roboconf up" in problem.hint


def test_one_that_was_killed_is_told_with_how_to_bring_it_back(home):
    home.write(DmInfo(url="http://127.0.0.1:9", token="t", pid=2**22 + 1))
    problem = refusal(home)
    assert "ended unexpectedly" in problem.message
    assert "roboconf dm --background" in problem.hint


def test_the_token_is_not_sent_where_nobody_owns_the_home(home):
    """Whoever listens on the port of a dead deployment manager must not learn its token."""
    home.write(DmInfo(url="http://127.0.0.1:9", token="t", pid=os.getpid()))
    assert refusal(home).message.startswith("the deployment manager of")


def test_one_that_starts_is_not_asked_before_it_serves(home):
    home.write(DmInfo(url="http://127.0.0.1:9", token="t", pid=None))
    descriptor = home.own()
    try:
        assert "is starting or ending" in refusal(home).message
    finally:
        os.close(descriptor)


def test_the_one_that_owns_the_home_is_asked(home):
    home.write(DmInfo(url="http://127.0.0.1:9", token="t", pid=os.getpid()))
    descriptor = home.own()
    try:
        with connection.connected(home):
            pass
    finally:
        os.close(descriptor)


def test_a_home_of_another_user_is_told_as_such(home, monkeypatch):
    def refusing(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(home.dm_file), "open", refusing)
    with pytest.raises(InvalidRequestError, match="belongs to another user"):
        connection.connected(home)


def test_a_home_that_is_no_directory_is_no_error_in_itself(tmp_path):
    (tmp_path / "file").write_text("")
    assert refusal(Home(tmp_path / "file")).message.startswith("no deployment manager runs")
    assert not manager.was_here(Home(tmp_path / "file"))


def test_a_working_directory_that_is_gone_is_told(monkeypatch):
    monkeypatch.setenv("ROBOCONF_HOME", "relative")

    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    with pytest.raises(InvalidRequestError, match="working directory"):
        connection.the_home()


def test_only_what_a_manager_made_is_purged(home, capsys):
    (home.machines / "shop").mkdir()
    for name in ("dm.json", "dm.log", "dm.log.1", "database.sqlite3-wal", "mine.txt"):
        (home.directory / name).write_text("")
    purge.purge_home(home)
    assert [file.name for file in home.directory.iterdir()] == ["mine.txt"]
    assert "other files are in it" in capsys.readouterr().out
    (home.directory / "mine.txt").unlink()
    purge.purge_home(home)
    assert not home.directory.exists()
    purge.purge_home(home)


def test_purging_one_application_leaves_the_others(home):
    for application in ("a b", "c"):
        (home.machine_directory(application, "/vm")).mkdir(parents=True)
    purge.purge_application(home, "a b")
    assert [directory.name for directory in home.machines.iterdir()] == ["c"]


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (("applications", "a b"), "/applications/a%20b"),
        (("applications", "../templates/x"), "/applications/..%2Ftemplates%2Fx"),
        (("applications", "x?y#z"), "/applications/x%3Fy%23z"),
    ],
)
def test_no_name_leads_to_another_resource(parts, path):
    assert location(*parts) == path
