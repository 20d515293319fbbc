"""What a restarted agent finds of the actions that its earlier life began."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from roboconf_core.agent import actionfile, shim
from roboconf_core.agent.actionfile import About
from roboconf_core.hooks.lifecycle import Command

from .conftest import MARK, all_marked_processes, has_field, marked_processes, wait_for

AGENT = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from tests.integration.agent.conftest import Hands
hands = Hands(Path({directory!r}), {mark!r}, lock=Path({lock!r}))
hands.loop.start()
for number, script in enumerate(sys.argv[1:], 1):
    hands.start(script, id=f"a{{number}}", exclusive={exclusive})
time.sleep(1000)
"""
ROOT = Path(__file__).parents[3]


def start_agent(tmp_path: Path, mark: str, *scripts: str, exclusive: bool = False) -> subprocess.Popen[bytes]:
    program = AGENT.format(
        tests=str(ROOT),
        directory=str(tmp_path / "agent"),
        mark=mark,
        lock=str(tmp_path / "host" / "lifecycle.lock"),
        exclusive=exclusive,
    )
    return subprocess.Popen([sys.executable, "-c", program, *scripts], cwd=ROOT, env=os.environ | {MARK: ""})


def write_action(hands, action_id: str, script: str) -> Path:
    """Leave what an agent leaves that dies just before it starts the shim."""
    path = hands.layout.action(action_id)
    about = About(
        id=action_id,
        instance="i-1",
        action="start",
        timeout_s=30.0,
        grace_s=1.0,
        success=(0,),
        has_status=False,
        outputs=str(hands.layout.outputs("i-1")),
    )
    command = Command(argv=("/bin/bash", "-c", script), directory=hands.layout.work)
    actionfile.write(path, about, command, {MARK: hands.mark}, 100_000)
    return path


def run_shim(path: Path) -> int:
    return start_shim(path).wait()


def start_shim(path: Path) -> subprocess.Popen[bytes]:
    code = "import sys; from roboconf_core.agent import shim; shim.main(sys.argv[1])"
    return subprocess.Popen([sys.executable, "-c", code, str(path)])


def test_action_goes_on_when_the_agent_is_killed_and_is_adopted(make_hands, tmp_path):
    hands = make_hands(started=False)
    script = f"echo x >> {tmp_path}/runs; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo done; exit 4"
    agent = start_agent(tmp_path, hands.mark, script)
    wait_for((tmp_path / "runs").exists, "script begun")
    agent.kill()
    agent.wait()
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset({"a1"}))
    hands.loop.start()
    (tmp_path / "go").touch()
    ended = hands.ended()
    assert (ended.id, ended.outcome.reason, ended.outcome.stdout) == ("a1", "exit status 4", "done\n")
    assert (tmp_path / "runs").read_text() == "x\n", "it ran once"


def test_action_that_ended_meanwhile_is_read(make_hands, tmp_path):
    hands = make_hands(started=False)
    agent = start_agent(tmp_path, hands.mark, f"touch {tmp_path}/begun; sleep 0.5; echo late; exit 0")
    wait_for((tmp_path / "begun").exists, "script begun")
    agent.kill()
    agent.wait()
    wait_for(lambda: has_field(hands.layout.action("a1"), "status"), "result")
    outcomes, running = hands.actions.adopt(rebooted=False)
    assert running == frozenset()
    assert (outcomes["a1"].reason, outcomes["a1"].stdout) == ("", "late\n")


def test_adopted_action_can_be_cancelled(make_hands, tmp_path):
    hands = make_hands(started=False)
    agent = start_agent(tmp_path, hands.mark, f"touch {tmp_path}/begun; sleep 1000")
    wait_for((tmp_path / "begun").exists, "script begun")
    agent.kill()
    agent.wait()
    hands.actions.adopt(rebooted=False)
    hands.loop.start()
    hands.actions.cancel("a1")
    assert hands.ended().outcome.reason == "cancelled"
    assert marked_processes(hands.mark) == []


def test_time_out_holds_while_there_is_no_agent(make_hands, tmp_path):
    hands = make_hands(started=False)
    hands.layout.make()
    path = write_action(hands, "a1", "sleep 1000 & sleep 1000")
    command = shim.read_fields(str(path))
    shim.write_fields(str(path), [(k, "0.5" if k == "timeout" else v) for k, v in command])
    assert run_shim(path) == 0
    outcomes, _ = hands.actions.adopt(rebooted=False)
    assert outcomes["a1"].reason == "timed out after 0.5 s"
    assert marked_processes(hands.mark) == []


def test_services_survive_the_agent(make_hands, tmp_path):
    hands = make_hands(started=False)
    agent = start_agent(tmp_path, hands.mark, "sleep 1000 & echo started")
    wait_for(lambda: has_field(hands.layout.action("a1"), "status"), "result")
    os.killpg(os.getpgid(agent.pid), 0)
    agent.kill()
    agent.wait()
    wait_for(lambda: len(all_marked_processes(hands.mark)) == 1, "only the service left")


def test_action_that_never_began_is_taken_back_and_a_late_shim_leaves_it(make_hands, tmp_path):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", f"touch {tmp_path}/ran")
    about = actionfile.read_about(path)
    assert actionfile.look(path, about) is None
    assert run_shim(path) == 0
    assert not (tmp_path / "ran").exists()
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset())
    assert list(hands.layout.actions.iterdir()) == []


def test_shim_runs_an_action_once_however_often_it_is_started(make_hands, tmp_path):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", f"echo x >> {tmp_path}/runs; sleep 0.2")
    shims = [start_shim(path) for _ in range(5)]
    assert [process.wait() for process in shims] == [0] * 5
    assert (tmp_path / "runs").read_text() == "x\n"


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_action_that_was_not_written_whole_is_removed(make_hands, share):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", "true")
    os.truncate(path, int(path.stat().st_size * share))
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset())
    assert list(hands.layout.actions.iterdir()) == []


def test_action_that_was_cut_by_a_reboot_is_lost_even_if_its_pid_is_in_use(make_hands):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", "true")
    shim.claim(str(path), os.getpid())
    assert hands.actions.adopt(rebooted=True) == ({}, frozenset())


def test_claim_that_was_cut_short_does_not_keep_an_agent_from_starting(make_hands):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", "true")
    with path.open("ab") as file:
        file.write(b"began=123")
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset())
    assert not path.exists()


def test_pid_that_is_in_use_again_is_not_taken_for_the_action(make_hands):
    hands = make_hands(started=False)
    path = write_action(hands, "a1", "true")
    shim.write_fields(str(path), [("began", f"{os.getpid()} 1")], more=True)
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset())


def test_result_of_before_a_reboot_still_counts(make_hands):
    hands = make_hands(started=False)
    run_shim(write_action(hands, "a1", "exit 7"))
    outcomes, _ = hands.actions.adopt(rebooted=True)
    assert outcomes["a1"].exit_status == 7


def test_leader_without_shim_is_adopted_and_its_end_is_a_failure(make_hands, tmp_path):
    hands = make_hands(started=False)
    agent = start_agent(
        tmp_path, hands.mark, f"echo $PPID > {tmp_path}/d; mv {tmp_path}/d {tmp_path}/shim; exec sleep 1000"
    )
    wait_for((tmp_path / "shim").exists, "script begun")
    agent.kill()
    agent.wait()
    shim_pid = int((tmp_path / "shim").read_text())
    os.kill(shim_pid, signal.SIGKILL)
    wait_for(lambda: shim.start_ticks(shim_pid) is None, "shim gone")
    assert hands.actions.adopt(rebooted=False) == ({}, frozenset({"a1"}))
    hands.loop.start()
    wait_for(lambda: len(marked_processes(hands.mark)) == 1, "the script's 'mv' gone")
    (leader,) = marked_processes(hands.mark)
    os.kill(leader, signal.SIGTERM)
    assert "result is lost" in hands.ended().outcome.reason
