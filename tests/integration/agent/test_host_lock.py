"""One exclusive action at a time on the host, whatever the number of agents."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from roboconf_core.agent import actions, shim
from roboconf_core.agent.hostlock import AgentRunsAlreadyError, lock_directory, make_place
from roboconf_core.errors import LifecycleError

from .conftest import has_field, marked_processes, wait_for
from .test_adoption import start_agent

CRITICAL = """
if ! mkdir {place}/inside; then touch {place}/clash; fi
touch {place}/begun-{number}
sleep 0.05
rmdir {place}/inside
"""


def test_exclusive_actions_of_two_agents_never_overlap(make_hands, tmp_path):
    agents = [make_hands("one"), make_hands("two")]
    for number in range(10):
        script = CRITICAL.format(place=tmp_path, number=number)
        agents[number % 2].start(script, id=f"a{number}", exclusive=True)
    outcomes = [agents[number % 2].ended().outcome for number in range(10)]
    assert [outcome.reason for outcome in outcomes] == [""] * 10
    assert not (tmp_path / "clash").exists()


def test_waiting_for_the_lock_delays_no_other_action(make_hands, tmp_path):
    one, two = make_hands("one"), make_hands("two")
    one.start(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done", exclusive=True)
    wait_for(lambda: has_field(one.layout.action("a1"), "leader"), "lock held")
    for number in range(12):
        two.start("true", id=f"waits{number}", exclusive=True)
    assert two.outcome("true", id="quick").reason == ""
    assert one.outcome("true", id="quick").reason == ""
    (tmp_path / "go").touch()
    assert one.ended().outcome.reason == ""
    assert {two.ended().outcome.reason for _ in range(12)} == {""}


def test_lock_is_held_while_the_action_runs_even_if_its_agent_was_killed(make_hands, tmp_path):
    two = make_hands("two")
    lock = tmp_path / "host" / "lifecycle.lock"
    agent = start_agent(tmp_path, two.mark, "true")
    agent.kill()
    agent.wait()
    one = make_hands("one")
    one.start(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; sleep 1000 &", exclusive=True)
    wait_for(lambda: has_field(one.layout.action("a1"), "leader"), "lock held")
    two.start(f"touch {tmp_path}/ran", exclusive=True)
    assert one.outcome("true", id="quick").reason == ""
    assert not (tmp_path / "ran").exists()
    (tmp_path / "go").touch()
    assert two.ended().outcome.reason == "", "the service in the background does not hold the lock"
    os.close(shim.lock_file(str(lock)))


def test_killing_shim_and_action_frees_the_lock(make_hands, tmp_path):
    one = make_hands("one")
    one.start(f"echo $PPID > {tmp_path}/d; mv {tmp_path}/d {tmp_path}/shim; sleep 1000", exclusive=True)
    wait_for((tmp_path / "shim").exists, "script begun")
    os.kill(int((tmp_path / "shim").read_text()), signal.SIGKILL)
    for pid in marked_processes(one.mark):
        os.kill(pid, signal.SIGKILL)
    assert "result is lost" in one.ended().outcome.reason
    assert one.outcome("true", id="a2", exclusive=True).reason == ""


def test_action_that_waits_for_the_lock_can_be_cancelled(make_hands, tmp_path):
    one, two = make_hands("one"), make_hands("two")
    one.start(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done", exclusive=True)
    wait_for(lambda: has_field(one.layout.action("a1"), "leader"), "lock held")
    two.start(f"touch {tmp_path}/ran", exclusive=True)
    assert two.outcome("true", id="quick").reason == ""
    two.actions.cancel("a1")
    assert two.ended().outcome.reason == "cancelled"
    (tmp_path / "go").touch()
    assert one.ended().outcome.reason == ""
    assert one.outcome("true", id="a2", exclusive=True).reason == ""
    assert not (tmp_path / "ran").exists()


def test_waiting_for_the_lock_is_no_part_of_the_time_out(make_hands, tmp_path, monkeypatch):
    monkeypatch.setattr(actions, "SHIM_GRACE_S", -1.5)
    one, two = make_hands("one"), make_hands("two")
    one.start(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done", exclusive=True)
    wait_for(lambda: has_field(one.layout.action("a1"), "leader"), "lock held")
    two.start("true", exclusive=True, timeout_s=0.2)
    two.start(f"sleep 1; touch {tmp_path}/go", id="meanwhile")
    assert {two.ended().outcome.reason, two.ended().outcome.reason} == {""}


def test_action_that_waited_when_its_agent_died_never_runs(make_hands, tmp_path):
    one, two = make_hands("one"), make_hands("agent", started=False)
    one.start(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done", exclusive=True)
    wait_for(lambda: has_field(one.layout.action("a1"), "leader"), "lock held")
    agent = start_agent(tmp_path, two.mark, f"touch {tmp_path}/ran", exclusive=True)
    (shim_process,) = wait_for(lambda: waiting_shims(two.layout.action("a1")), "shim waits for the lock")
    agent.kill()
    agent.wait()
    assert two.actions.adopt(rebooted=False) == ({}, frozenset())
    (tmp_path / "go").touch()
    wait_for(lambda: shim.start_ticks(shim_process) is None, "shim left")
    assert one.outcome("true", id="a2", exclusive=True).reason == ""
    assert not (tmp_path / "ran").exists()


def waiting_shims(path: Path) -> list[int]:
    """Return the processes that wait for a lock, once the file of an action is there."""
    waiting = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return [int(words[5]) for words in waiting] if path.exists() else []


def test_lock_in_a_directory_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "host").symlink_to("elsewhere")
    with pytest.raises(LifecycleError, match="somebody else"):
        make_place(tmp_path / "host" / "lifecycle.lock")


def test_a_directory_has_one_agent_only(tmp_path):
    path = tmp_path / "state" / "lock"
    path.parent.mkdir()
    first = lock_directory(path)
    with pytest.raises(AgentRunsAlreadyError, match=rf"AGENT_RUNS_ALREADY.*pid {os.getpid()}"):
        lock_directory(path, patience_s=0.1)
    os.close(first)
    os.close(lock_directory(path))
