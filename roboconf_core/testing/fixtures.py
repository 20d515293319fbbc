"""Fixtures for tests of plugins: import those that you use into a ``conftest.py``."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from roboconf_core.testing.commands import end_process, end_within

_MARK = "TEST_PROCESS_MARK"


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread, a process, a changed environment or another working directory.

    Processes are known by a variable that they inherit, however often they fork; those
    that are left are ended, so that the next test is not disturbed.
    """
    threads, environment, directory = set(threading.enumerate()), dict(os.environ), Path.cwd()
    os.environ[_MARK] = mark = uuid.uuid4().hex
    yield
    del os.environ[_MARK]
    left = _left(f"{_MARK}={mark}".encode())
    for pid in left:
        end_process(pid)
    assert not left, "processes are left behind"
    assert [thread for thread in threading.enumerate() if thread not in threads] == []
    changed = {name for name, _ in dict(os.environ).items() ^ environment.items()} - {"PYTEST_CURRENT_TEST"}
    assert changed == set(), "the environment has changed"
    assert Path.cwd() == directory


def _left(variable: bytes) -> list[int]:
    """Return the processes that do not end within two seconds; what ends may have started others meanwhile."""
    deadline = time.monotonic() + 2.0
    while pids := _pids_with(variable) or _pids_with(variable):  # one look may miss what is started meanwhile
        if not end_within(pids, deadline - time.monotonic()):
            return [pid for pid in pids if not end_within([pid], 0.0)]
    return []


def _pids_with(variable: bytes) -> list[int]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != os.getpid():
            try:
                variables = (path / "environ").read_bytes().split(b"\0")
            except OSError:  # gone, or somebody else's
                continue
            if variable in variables:
                found.append(int(path.name))
    return found
