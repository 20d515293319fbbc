"""Real actions with scripted handlers: no core, no transport."""

from __future__ import annotations

import logging
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_core.agent import shim
from roboconf_core.agent.actions import Actions
from roboconf_core.agent.events import ActionEnded, Outcome, Run
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.loop import Loop, Workers
from roboconf_core.agent.preparation import Prepared
from roboconf_core.hooks.lifecycle import Command
from roboconf_core.messages.types import InstanceSpec
from roboconf_core.model.lifecycle import Action

MARK = "ROBOCONF_TEST_MARK"


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Have each line that is logged made up, as it is in an agent of a user."""
    caplog.set_level(logging.DEBUG)


def wait_for(condition: Callable[[], object], what: str, patience_s: float = 20.0) -> object:
    """Return what a condition returns once that is true; looks often, fails with a name."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"did not happen within {patience_s} s: {what}")


def marked_processes(mark: str) -> list[int]:
    """Return the live processes that carry a mark in their environment, but for those that start shims."""
    return [pid for pid in all_marked_processes(mark) if not starts_shims(pid)]


def all_marked_processes(mark: str) -> list[int]:
    """Return the live processes that carry a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid() and shim.start_ticks(int(entry.name)):
            try:
                environment = (entry / "environ").read_bytes()
            except (OSError, ProcessLookupError):
                continue
            if f"{MARK}={mark}\0".encode() in environment:
                found.append(int(entry.name))
    return found


def starts_shims(pid: int) -> bool:
    """Tell whether a process forks shims, or is gone by now; they lead a session each, it does not."""
    try:
        command, session = Path(f"/proc/{pid}/cmdline").read_bytes(), os.getsid(pid)
    except (FileNotFoundError, ProcessLookupError):
        return True
    return session != pid and shim.__file__.encode() in command


def has_field(path: Path, key: str) -> bool:
    """Tell whether the file of an action says something already."""
    return path.exists() and key in dict(shim.read_fields(str(path)))


def services(agent: Path) -> list[int]:
    """Return the live processes that pid files of an agent name."""
    pids = [int(path.read_text()) for path in sorted((agent / "run").glob("*.pid"))]
    return [pid for pid in pids if shim.start_ticks(pid)]


def make_run(action: Action = Action.START, *, id: str = "a1", **changes: object) -> Run:
    instance = InstanceSpec(
        id="i-1", path="/vm/web", component="Web", installer="scripted", parent="/vm", exports={"Web.port": "1"}
    )
    run = Run(id=id, instance=instance, action=action, ancestors=(), imports=(), timeout_s=30.0)
    return replace(run, **changes)


class Hands:
    """The actions of one agent, with a script in place of its handler."""

    def __init__(self, directory: Path, mark: str, *, lock: Path, output_limit_bytes: int = 1024 * 1024) -> None:
        self.layout = Layout(directory)
        self.layout.make()
        self.mark = mark
        self.loop = Loop("actions")
        self.events: queue.SimpleQueue[ActionEnded] = queue.SimpleQueue()
        self.scripts: dict[str, str] = {}
        self.actions = Actions(
            self.layout,
            self.loop,
            Workers(4, "worker"),
            prepare=self.prepare,
            lock=lock,
            ended=self.events.put,
            environment={MARK: mark},
            output_limit_bytes=output_limit_bytes,
        )

    def prepare(self, run: Run) -> Prepared:
        script = self.scripts[run.id]
        return Prepared(command=Command(argv=("/bin/bash", "-c", script), directory=self.layout.work))

    def start(self, script: str, **changes: object) -> Run:
        run = make_run(**changes)
        self.scripts[run.id] = script
        self.actions.run(run)
        return run

    def ended(self, patience_s: float = 20.0) -> ActionEnded:
        return self.events.get(timeout=patience_s)

    def outcome(self, script: str, **changes: object) -> Outcome:
        self.start(script, **changes)
        return self.ended().outcome


@pytest.fixture
def make_hands(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Hands]]:
    mark = f"{request.node.name}-{os.getpid()}"
    made: list[Hands] = []

    def make(name: str = "agent", *, started: bool = True, **options: object) -> Hands:
        hands = Hands(tmp_path / name, mark, lock=tmp_path / "host" / "lifecycle.lock", **options)
        made.append(hands)
        if started:
            hands.loop.start()
        return hands

    yield make
    for hands in made:
        hands.loop.stop()
        hands.actions.close()
    for pid in marked_processes(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def hands(make_hands: Callable[..., Hands]) -> Hands:
    return make_hands()
