"""The file of one action, as the agent writes and reads it; ``shim`` is the other side."""

# ruff: noqa: PTH102, PTH108, PTH112 - every action waits for this, and pathlib takes several times as long

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from roboconf_core.agent import shim
from roboconf_core.agent.events import Outcome
from roboconf_core.agent.processes import ProcessId
from roboconf_core.hooks.lifecycle import Command

_WHOLE = ("whole", "")
"""The last field that the agent writes."""
TAIL_BYTES = 16 * 1024
"""How much of the end of an output goes into an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the agent must know of an action that it did not start itself."""

    id: str
    instance: str
    action: str
    timeout_s: float
    grace_s: float
    success: tuple[int, ...]
    has_status: bool
    outputs: str
    """Directory of what the instance's actions print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How an action stands, as its file and the processes tell."""

    outcome: Outcome | None = None
    """It ended."""
    process: ProcessId | None = None
    """It runs: the end of this process is worth another look."""
    orphan: bool = False
    """The process is the leader itself, because the shim was killed."""


def write(
    path: Path, about: About, command: Command, environment: dict[str, str], limit_bytes: int, lock: Path | None = None
) -> None:
    """Write all that the shim is to know; ``lock`` is what it is to hold while the action runs."""
    out, err = outputs_of(about)
    _empty(about.outputs, (out, err))
    fields = [
        ("about", json.dumps({name: getattr(about, name) for name in About.__slots__})),
        ("directory", str(command.directory)),
        ("timeout", repr(about.timeout_s)),
        ("grace", repr(about.grace_s)),
        ("limit", str(limit_bytes)),
        ("stdout", out),
        ("stderr", err),
        *([("lock", str(lock))] if lock else []),
        *(("arg", argument) for argument in command.argv),
        *(("env", f"{name}={value}") for name, value in environment.items()),
        _WHOLE,
    ]
    shim.write_fields(str(path), _without_nul(fields))


def read_about(path: Path) -> About | None:
    """Return what was written, or None when the agent died before it could."""
    fields = shim.read_fields(str(path))
    if _WHOLE not in fields:
        return None
    values = json.loads(dict(fields)["about"])
    return About(**values | {"success": tuple(values["success"])})


def look(path: Path, about: About, *, rebooted: bool = False) -> Found | None:
    """Return how an action stands; None when it never began (and never will) or its result is lost."""
    if not rebooted and shim.claim(str(path), 0):
        return None
    fields = _fields(path)
    if outcome := _outcome(fields, about):
        return Found(outcome=outcome)
    began = None if rebooted else _process(fields, "began")
    if began is None:
        return None
    if began.alive:
        return Found(process=began)
    fields = _fields(path)
    if outcome := _outcome(fields, about):  # written while we looked
        return Found(outcome=outcome)
    leader = _process(fields, "leader")
    return Found(process=leader, orphan=True) if leader is not None and leader.alive else None


def ran_s(path: Path) -> float:
    """Return for how long an action has run; 0 while it waits for the host's lock."""
    if "began" not in _fields(path):
        return 0.0
    return time.time() - path.stat().st_mtime  # nothing is added until it ends


def leader_of(path: Path) -> ProcessId | None:
    """Return the process that the action is, once it was started."""
    return _process(_fields(path), "leader")


def said_by_shim(path: Path) -> str:
    """Return what the shim itself said: it does so only in trouble."""
    return _fields(path).get("said", "")


def outputs_of(about: About) -> tuple[str, str]:
    """Return the files of what an action prints: standard output and standard error."""
    return f"{about.outputs}/{about.action}.stdout", f"{about.outputs}/{about.action}.stderr"


def tails(about: About) -> tuple[str, str]:
    """Return the ends of both outputs."""
    out, err = outputs_of(about)
    return tail(out), tail(err)


def tail(path: str, size_bytes: int = TAIL_BYTES) -> str:
    """Return the end of an output as text, with what was moved aside when the file grew too long."""
    data = _end(path, size_bytes)
    if len(data) < size_bytes:
        data = _end(f"{path}.1", size_bytes - len(data)) + data
    return data.replace(b"\0", b"").decode("utf-8", "replace")


def _empty(directory: str, outputs: tuple[str, str]) -> None:
    """Empty outputs in place: a service of an earlier action may still write to them."""
    if not os.path.isdir(directory):
        os.mkdir(directory, mode=0o700)
    for path in outputs:
        with suppress(FileNotFoundError):
            os.truncate(path, 0)
        with suppress(FileNotFoundError):
            os.unlink(f"{path}.1")


def _without_nul(fields: shim.Fields) -> shim.Fields:
    for key, value in fields:
        if "\0" in value:
            raise ValueError(f"an argument or variable holds a NUL: {key} {value!r}")
    return fields


def _end(path: str, size_bytes: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return b""
    try:
        return os.pread(descriptor, size_bytes, max(0, os.fstat(descriptor).st_size - size_bytes))
    finally:
        os.close(descriptor)


def _fields(path: Path) -> dict[str, str]:
    return dict(shim.read_fields(str(path)))


def _process(fields: dict[str, str], name: str) -> ProcessId | None:
    pid, _, start = fields.get(name, "").partition(" ")
    return ProcessId(int(pid), start) if pid.isdecimal() and int(pid) else None


def _outcome(fields: dict[str, str], about: About) -> Outcome | None:
    if "status" not in fields and "reason" not in fields:
        return None
    status = int(fields["status"]) if "status" in fields else None
    stdout, stderr = tails(about)
    failed = f"exit status {status}" if status not in about.success else ""
    return Outcome(
        exit_status=status,
        reason=fields.get("reason", failed),
        started=float(fields["started"]),
        duration_s=float(fields["duration"]),
        stdout=stdout,
        stderr=stderr,
        has_status=about.has_status and status in about.success,
    )
