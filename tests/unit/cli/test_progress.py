"""Progress: a line per change where it is piped, a tree that is drawn again on a terminal."""

import io

import pytest
from cli_views import application, failure, instance
from rich.console import Console

from roboconf_core.cli import progress


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch):
    monkeypatch.setattr(progress.time, "monotonic", lambda: 5.0)


def shown(capsys, *views):
    with progress.Lines() as lines:
        for view in views:
            lines.show(view)
    return [line.strip() for line in capsys.readouterr().out.splitlines()]


def test_what_rests_from_the_start_is_left_out(capsys):
    assert shown(capsys, application(instance("/vm", children=[instance("/vm/web", "NOT_DEPLOYED")]))) == []


def test_each_change_is_a_line_with_its_reason(capsys):
    wanted = {"desired": "DEPLOYED_STARTED"}
    views = [
        application(instance("/vm", "DEPLOYING", waits=["waits for its agent"], **wanted)),
        application(instance("/vm", "DEPLOYING", waits=["waits for its agent"], **wanted)),
        application(instance("/vm")),
    ]
    assert shown(capsys, *views) == ["0.0 s  /vm  DEPLOYING  waits for its agent", "0.0 s  /vm  DEPLOYED_STARTED"]


def test_an_action_that_goes_on_is_one_line(capsys):
    views = [
        application(instance("/vm/db", "DEPLOYING", action="deploy", action_since=since, desired="DEPLOYED_STARTED"))
        for since in (1.0, 2.0)
    ]
    assert shown(capsys, *views) == ["0.0 s  /vm/db  DEPLOYING  deploy runs"]


def test_a_failure_and_its_repetition_are_told(capsys):
    failed = failure(stderr="no room")
    views = [
        application(instance("/vm/db", "DEPLOYED_STOPPED", failure=failed)),
        application(instance("/vm/db", "STARTING", failure=failed, action="start")),
        application(instance("/vm/db", "DEPLOYED_STOPPED", failure=failed | {"attempt": 2, "exhausted": True})),
    ]
    assert shown(capsys, *views) == [
        "0.0 s  /vm/db  DEPLOYED_STOPPED  start failed: exit status 3: no room (attempt 1; it will be tried again)",
        "0.0 s  /vm/db  STARTING  start failed: exit status 3: no room (attempt 1; it is tried again now)",
        "0.0 s  /vm/db  DEPLOYED_STOPPED  start failed: exit status 3: no room (attempt 2, given up)",
    ]


def test_a_failed_status_is_told_once(capsys):
    failed = failure("status", "status failed: exit status 1")
    (line,) = shown(capsys, application(instance("/vm/db", "STARTING", failure=failed)))
    assert "STARTING  status failed: exit status 1 (attempt 1" in line


def test_what_was_removed_is_told_children_first(capsys):
    before = application(instance("/vm2", children=[instance("/vm2/web")]), instance("/vm3"))
    assert shown(capsys, before, application()) == [
        "0.0 s  /vm3  removed",
        "0.0 s  /vm2/web  removed",
        "0.0 s  /vm2  removed",
    ]


def test_the_tree_never_wraps_a_line_while_it_moves_and_ends_whole():
    screen = Console(file=io.StringIO(), force_terminal=True, width=40, height=8, color_system=None)
    waits = ["waits for Store.ip, Store.port: no started instance exports Store"]
    roots = [instance(f"/vm{i}", "UNRESOLVED", desired="DEPLOYED_STARTED", waits=waits) for i in range(20)]
    with progress.LiveTree(screen) as tree:
        tree.show(application(*roots))
        moving = screen.file.getvalue()
    assert moving.count("UNRESOLVED") < 8
    assert "…" in moving
    final = screen.file.getvalue().rpartition("shop  ")[2]
    assert final.startswith("0 of 20 as wanted, after 0.0 s")
    assert final.count("UNRESOLVED") == 20


def test_nothing_is_shown_to_programs(capsys):
    with progress.progress_for(quiet=True) as silent:
        silent.show(application(instance("/vm", "DEPLOYING")))
    assert capsys.readouterr().out == ""


def test_a_pipe_gets_lines():
    assert isinstance(progress.progress_for(), progress.Lines)
