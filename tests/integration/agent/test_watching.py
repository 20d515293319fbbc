"""Pid files, and the processes that they name."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time

import pytest

from roboconf_core.agent import shim
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.loop import Loop
from roboconf_core.agent.watcher import Watcher

from .conftest import wait_for


class World:
    def __init__(self, directory):
        self.layout = Layout(directory)
        self.layout.make()
        self.loop = Loop("watching")
        self.died = queue.SimpleQueue()
        self.restarting = threading.Event()
        self.watcher = Watcher(
            self.layout, self.loop, restarting=lambda _: self.restarting.is_set(), died=self.died.put
        )
        self.pid_file = self.layout.pid_file("i-1")
        self.processes = []

    def process(self):
        process = subprocess.Popen(["sleep", "1000"])
        self.processes.append(process)
        return process

    def write(self, pid):
        draft = self.pid_file.with_suffix(".draft")
        draft.write_text(f"{pid}\n")
        draft.replace(self.pid_file)

    def settled(self):
        """Return once the loop has done all that was asked of it."""
        done = threading.Event()
        self.loop.call(done.set)
        assert done.wait(10)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "agent")
    world.loop.start()
    yield world
    world.loop.stop()
    for process in world.processes:
        process.kill()
        process.wait()


def test_death_is_noticed_at_once_and_told_once(world):
    process = world.process()
    world.write(process.pid)
    world.watcher.watch("i-1")
    world.settled()
    process.kill()
    begun = time.monotonic()
    assert world.died.get(timeout=10) == "i-1"
    assert time.monotonic() - begun < 1
    process.wait()
    world.settled()
    assert world.died.empty()


def test_process_that_is_dead_already_is_told(world):
    process = world.process()
    process.kill()
    process.wait()
    world.write(process.pid)
    world.watcher.watch("i-1")
    assert world.died.get(timeout=10) == "i-1"


def test_pid_file_that_appears_late_is_picked_up(world):
    world.watcher.watch("i-1")
    world.settled()
    process = world.process()
    world.write(process.pid)
    wait_for(world.layout.seen("i-1").exists, "pid file seen")
    process.kill()
    assert world.died.get(timeout=10) == "i-1"


def test_unwatched_process_may_die(world):
    process = world.process()
    world.write(process.pid)
    world.watcher.watch("i-1")
    world.watcher.unwatch("i-1")
    world.watcher.unwatch("unknown")
    world.settled()
    process.kill()
    process.wait()
    world.settled()
    assert world.died.empty()


def test_restart_by_an_action_is_no_death(world):
    old, new = world.process(), world.process()
    world.write(old.pid)
    world.watcher.watch("i-1")
    world.settled()
    world.restarting.set()
    old.kill()
    old.wait()
    world.settled()
    world.write(new.pid)
    wait_for(lambda: f"pid={new.pid}\0" in world.layout.seen("i-1").read_text(), "successor seen")
    world.restarting.clear()
    assert world.died.empty()
    new.kill()
    assert world.died.get(timeout=10) == "i-1"


def test_action_that_leaves_no_successor_is_followed_by_the_death(world):
    process = world.process()
    world.write(process.pid)
    world.watcher.watch("i-1")
    world.settled()
    world.restarting.set()
    process.kill()
    process.wait()
    world.settled()
    assert world.died.empty()
    world.restarting.clear()
    assert world.died.get(timeout=10) == "i-1"


def test_after_a_restart_of_the_agent_a_reused_pid_is_a_death(world):
    world.write(os.getpid())
    stamp = str(world.pid_file.stat().st_mtime_ns)
    noted = [("pid", str(os.getpid())), ("start", "1"), ("stamp", stamp)]
    shim.write_fields(str(world.layout.seen("i-1")), noted)
    world.watcher.watch("i-1")
    assert world.died.get(timeout=10) == "i-1"


def test_after_a_reboot_no_pid_is_believed(tmp_path):
    world = World(tmp_path)
    world.write(os.getpid())
    world.watcher.forget_boot()
    assert not world.pid_file.exists()
