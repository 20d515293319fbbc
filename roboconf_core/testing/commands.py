"""Runs commands of lifecycle handlers as the agent does, and programs that tell what became of them."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roboconf_core.hooks.lifecycle import Command

MACHINE_ID = "ROBOCONF_MACHINE_ID"

_PROBE = """
import json, os, subprocess, sys, time
address, behaviour, argument = sys.argv[1:]
children = []
if behaviour == "hang":
    children = [subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]).pid]
told = {"pid": os.getpid(), "children": children, "directory": os.getcwd(), "environment": dict(os.environ)}
with open(f"{address}-{os.getpid()}", "w") as file:
    json.dump(told, file)
with open(address, "w") as channel:
    channel.write(f"{os.getpid()}\\n")
if behaviour == "hang":
    time.sleep(600)
sys.exit(int(argument))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended."""

    exit_status: int | None
    """None when it was ended by its time-out or by a signal."""
    stdout: str
    stderr: str


class Session:
    """A command that runs in a session of its own, as the agent runs it."""

    def __init__(self, command: Command, *, machine_id: str, output: Path) -> None:
        self._output = output
        with (output / "stdout").open("wb") as stdout, (output / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=command.directory,
                env={**os.environ, MACHINE_ID: machine_id, **command.environment},
                start_new_session=True,
            )

    def wait(self, timeout_s: float) -> Finished:
        """Wait for the leader; what exceeds the time-out is ended with its whole session."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            status = -1
        texts = [(self._output / name).read_text(errors="replace") for name in ("stdout", "stderr")]
        return Finished(exit_status=status if status >= 0 else None, stdout=texts[0], stderr=texts[1])

    def end(self) -> None:
        """End every process of the session, as the agent does after a time-out."""
        for pid in _pids_of_session(self._process.pid):
            end_process(pid)
        self._process.wait(10)


def run_command(command: Command, *, machine_id: str = "", timeout_s: float = 30.0) -> Finished:
    """Run a command as the agent does: its own session, no input, output to files, a time-out."""
    with tempfile.TemporaryDirectory() as output:
        return Session(command, machine_id=machine_id, output=Path(output)).wait(timeout_s)


def end_process(pid: int) -> None:
    """Kill a process; one that is gone is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_within(pids: Iterable[int], timeout_s: float) -> bool:
    """Tell whether processes have all ended, or do so within a time."""
    deadline = time.monotonic() + timeout_s
    return all(_ends(pid, max(0.0, deadline - time.monotonic())) for pid in pids)


def _ends(pid: int, timeout_s: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout_s)[0])
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class Probes:
    """Makes programs that tell over a FIFO that they run, and how."""

    directory: Path
    told: list[dict[str, Any]] = field(default_factory=list)
    """What programs told so far: ``pid``, ``children``, ``directory``, ``environment``."""
    _descriptor: int = -1

    def open(self) -> None:
        """Make the files that programs need."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "probe.py").write_text(_PROBE)
        os.mkfifo(self.directory / "channel")
        self._descriptor = os.open(self.directory / "channel", os.O_RDWR | os.O_NONBLOCK)

    def close(self) -> None:
        """End all that programs left behind."""
        self.end_all()
        os.close(self._descriptor)

    def end_all(self) -> None:
        """End every program that told that it runs, and its children."""
        self.told_within(0.0)
        for one in self.told:
            for pid in (one["pid"], *one["children"]):
                end_process(pid)

    def program(self, *, exit_status: int = 0, hangs: bool = False) -> Path:
        """Make a program that tells that it runs, then ends with a status or hangs with a child of its own."""
        behaviour = ("hang", "0") if hangs else ("end", str(exit_status))
        words = (sys.executable, "-I", "-S", self.directory / "probe.py", self.directory / "channel", *behaviour)
        path = self.directory / "-".join(("program", *behaviour))
        path.write_text(f"#!/bin/sh\nexec {shlex.join(map(str, words))}\n")
        path.chmod(0o755)
        return path

    def told_within(self, timeout_s: float, *others: int) -> list[dict[str, Any]]:
        """Wait until a program tells something, or a descriptor among ``others`` is readable; return all that is new."""
        readable = select.select([self._descriptor, *others], [], [], timeout_s)[0]
        if self._descriptor not in readable:
            return []
        pids = os.read(self._descriptor, 1 << 16).decode().split()  # a line is short, so it is written at once
        new = [json.loads((self.directory / f"channel-{pid}").read_text()) for pid in pids]
        self.told += new
        return new


@contextmanager
def probes(directory: Path) -> Iterator[Probes]:
    """Lend a maker of programs; what they leave behind is ended."""
    made = Probes(directory)
    made.open()
    try:
        yield made
    finally:
        made.close()


def files_below(directory: Path) -> Mapping[str, tuple[int, bytes]]:
    """Return every file below a directory with its mode and content, to see what changed."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(directory.rglob("*"))
    }


def _pids_of_session(session: int) -> Sequence[int]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with suppress(ProcessLookupError, PermissionError):
                if os.getsid(int(path.name)) == session:
                    found.append(int(path.name))
    return found
