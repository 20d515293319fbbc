"""Several ``up``, interrupted ones, and what ``down`` leaves behind: nothing."""

import json
import os
import shutil
import signal

import pytest
from command_line import QUICKSTART, Terminal, address_in, eventually, fetch, processes_of, user_in


@pytest.fixture
def tiny(tmp_path):
    """An application of one machine with one service; its recipe can be changed by the tests."""
    application = tmp_path / "tiny"
    (application / "descriptor").mkdir(parents=True)
    (application / "descriptor" / "application.properties").write_text(
        "name = tiny\nversion = 1.0\ndsl-id = roboconf-1.0\n"
        "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n"
    )
    (application / "graph").mkdir()
    (application / "graph" / "main.graph").write_text(
        "VM {\ninstaller: target;\nchildren: Thing;\n}\nThing {\ninstaller: bash;\n}\n"
    )
    (application / "instances").mkdir()
    (application / "instances" / "model.instances").write_text(
        "instance of VM {\nname: vm;\ninstance of Thing {\nname: thing;\n}\n}\n"
    )
    script(application, "start", "echo started")
    return application


def script(application, action, text):
    file = application / "graph" / "Thing" / "scripts" / f"{action}.sh"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/bash\n{text}\n")


def read_until(process, text):
    line = ""
    while text not in line:
        line = process.stdout.readline()
        assert line, f"ended before {text!r}"


def test_up_on_a_running_manager_adds_only_its_application(user, tiny):
    user.run("up", tiny)
    pid = user.dm_pid()
    second = user.run("up", tiny, "--name", "second")
    assert "found at" in second.out
    assert user.dm_pid() == pid
    assert [one["name"] for one in user.json("app", "list")] == ["second", "tiny"]
    user.run("down", "second")
    assert user.statuses("tiny") == {"/vm": "DEPLOYED_STARTED", "/vm/thing": "DEPLOYED_STARTED"}


def test_of_two_ups_at_once_one_starts_the_manager_and_the_other_waits(user, tiny):
    both = [user.start("up", tiny, "--name", name) for name in ("one", "two")]
    outputs = [process.communicate(timeout=90) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted("started at" in out for out, _ in outputs) == [False, True]
    assert len([1 for command in processes_of(user.home).values() if "roboconf_core.rest" in command]) == 1
    assert user.statuses("one") == user.statuses("two")


def test_up_without_a_target_says_that_it_takes_this_computer(user, tiny):
    assert "/vm brings no target" in user.run("up", tiny).out


def test_ctrl_c_undoes_what_this_up_made(user, tiny):
    script(tiny, "start", "sleep 600")
    up = user.start("up", tiny)
    eventually(lambda: any("start.sh" in command for command in processes_of(user.home).values()), within=60)
    up.send_signal(signal.SIGINT)
    out, err = up.communicate(timeout=60)
    assert up.returncode == 130
    assert "undone" in out, out + err
    eventually(lambda: not processes_of(user.home), within=10)


def test_up_in_the_foreground_stays_and_follows_until_ctrl_c(user, tiny):
    up = user.start("up", tiny, "--foreground")
    read_until(up, "tiny is up")
    user.run("instance", "stop", "/vm/thing", "--wait")
    read_until(up, "/vm/thing went from STOPPING to DEPLOYED_STOPPED")
    assert up.poll() is None
    up.send_signal(signal.SIGINT)
    out, err = up.communicate(timeout=60)
    assert up.returncode == 130
    assert "undone" in out, out + err
    assert processes_of(user.home) == {}


def test_ctrl_c_keeps_what_was_there_before(user, tiny):
    user.run("up", tiny)
    script(tiny, "start", "sleep 600")
    (tiny / "descriptor" / "application.properties").write_text(
        (tiny / "descriptor" / "application.properties").read_text().replace("name = tiny", "name = slow")
    )
    up = user.start("up", tiny)
    eventually(lambda: any("start.sh" in command for command in processes_of(user.home).values()), within=60)
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=60)
    assert [one["name"] for one in user.json("app", "list")] == ["tiny"]
    assert [one["name"] for one in user.json("template", "list")] == ["tiny"]
    assert user.status_of("/vm/thing", "tiny") == "DEPLOYED_STARTED"


def test_a_second_ctrl_c_leaves_it_and_says_how_to_go_on(user, tiny):
    script(tiny, "start", "sleep 600")
    script(tiny, "stop", "sleep 600")
    (tiny / "graph" / "Thing" / "recipe.properties").write_text("stop.timeout = 4\nattempts = 1\n")
    up = user.start("up", tiny)
    eventually(lambda: any("start.sh" in command for command in processes_of(user.home).values()), within=60)
    up.send_signal(signal.SIGINT)
    read_until(up, "undoing")
    up.send_signal(signal.SIGINT)
    out, _ = up.communicate(timeout=30)
    assert up.returncode == 130
    assert "left as it is" in out
    assert "roboconf down tiny" in out
    assert "stop of /vm/thing failed (attempt 1): timed out after 4 s" in user.run("down").out


def test_ctrl_c_at_the_question_leaves_everything_and_says_how_to_go_on(user, tiny):
    script(tiny, "start", "sleep 600")
    with Terminal(user, "up", tiny) as terminal:
        terminal.read_until("start runs")
        terminal.type("\x03")
        terminal.read_until("undo what this `up` made?")
        terminal.type("\x03")
        terminal.read_until("left as it is")
        assert "roboconf down tiny" in terminal.read_until("removes it")
        assert terminal.status() == 130
    assert user.status_of("/vm/thing", "tiny") == "STARTING"


def test_an_edited_application_comes_up_again_under_a_name_with_accents(user, tiny):
    user.run("up", tiny, "--name", "Été 1")
    user.run("down", "Ete 1")
    script(tiny, "start", "echo edited")
    assert "is replaced" in user.run("up", tiny, "--name", "Été 1").out
    assert "edited" in user.run("logs", "/vm/thing").out
    script(tiny, "start", "echo edited again")
    assert "Ete 1 still uses it" in user.run("up", tiny, "--name", "two", status=1).err
    assert user.statuses("Ete 1") == {"/vm": "DEPLOYED_STARTED", "/vm/thing": "DEPLOYED_STARTED"}


def test_down_names_what_could_not_be_undeployed(user, tiny):
    script(tiny, "undeploy", "echo it is in use; exit 7")
    (tiny / "graph" / "Thing" / "recipe.properties").write_text("attempts = 1\n")
    user.run("up", tiny)
    down = user.run("down", status=1)
    assert "/vm/thing was not undeployed" in down.err
    assert "exit status 7" in down.err
    assert processes_of(user.home) == {}


def test_down_ends_and_reports_whatever_a_machine_started(user, tiny):
    script(tiny, "start", "setsid -f bash -c 'setsid -f sleep 7171; sleep 7172'")
    user.run("up", tiny)
    assert any("sleep 7171" in command for command in processes_of(user.home).values())
    down = user.run("down")
    assert "sleep 7171" in down.out
    assert "sleep 7172" in down.out
    assert processes_of(user.home) == {}
    assert (user.home / "dm.log").exists()
    user.run("down", "--purge")
    assert not user.home.exists()


def test_down_after_a_killed_manager_still_removes_everything(user, tiny):
    user.run("up", tiny)
    os.kill(user.dm_pid(), signal.SIGKILL)
    user.run("down")
    assert processes_of(user.home) == {}


def test_two_homes_side_by_side_do_not_disturb_each_other(tmp_path):
    with user_in(tmp_path / "one") as one, user_in(tmp_path / "two") as two:
        ups = [user.start("up", QUICKSTART) for user in (one, two)]
        outputs = [up.communicate(timeout=120) for up in ups]
        assert [up.returncode for up in ups] == [0, 0], outputs
        first, second = (address_in(out) for out, _ in outputs)
        assert first != second
        one.run("down")
        assert "Hello from" in fetch(second)
        assert two.json("wait")["settled"]


def test_the_nouns_make_an_application_step_by_step(user, tiny):
    user.run("dm", "--background")
    user.run("template", "add", tiny)
    assert "tiny 1.0" in user.run("template", "list").out.replace("  ", " ")
    user.run("app", "create", "mine", "tiny", "--default-target", "local")
    user.run("instance", "deploy", "mine", "/vm", "--wait")
    user.run("instance", "start", "/vm/thing", "--wait")
    user.run("instance", "replicate", "/vm", "--name", "vm-b")
    user.run("instance", "create", "/vm-b/other", "--component", "Thing")
    user.run("instance", "start", "mine", "/vm-b", "--all", "--wait")
    assert set(user.statuses("mine").values()) == {"DEPLOYED_STARTED"}
    user.run("instance", "stop", "/vm-b/other", "--wait")
    assert user.status_of("/vm-b/other", "mine") == "DEPLOYED_STOPPED"
    user.run("instance", "undeploy", "/vm-b", "--wait")
    user.run("instance", "delete", "/vm-b")
    user.run("app", "delete", "mine", status=1)
    user.run("instance", "undeploy", "mine", "--wait")
    user.run("app", "delete", "mine")
    user.run("template", "delete", "tiny")
    assert user.json("app", "list") == user.json("template", "list") == []


def test_the_history_outlives_down(user, tiny):
    user.run("up", tiny)
    user.run("down")
    user.run("dm", "--background")
    kinds = {one["kind"] for one in user.json("events", "--limit", "1000")}
    assert {"application-created", "application-removed"} <= kinds, json.dumps(sorted(kinds))
    shutil.rmtree(tiny)
