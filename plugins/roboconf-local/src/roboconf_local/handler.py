"""The target handler ``local``: a machine is an agent process on this host, with a directory of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from roboconf_core.errors import Code, Problem, TargetError
from roboconf_core.hooks.properties import PropertySpec, PropertyType
from roboconf_core.hooks.targets import Machine, TargetHandler, Termination
from roboconf_local import addresses, detach
from roboconf_local.directory import MachineDirectory
from roboconf_local.processes import MARK, Process, argv_of, end, end_marked, living, mark_of, marked

_LAUNCH_TIMEOUT_S = 30.0


class LocalTarget(TargetHandler):
    """Runs each machine's agent as a process that outlives the deployment manager.

    Whatever an agent and its recipes start carries the machine's mark in its environment
    (``ROBOCONF_MACHINE_ID``); that is how a machine is found, and how all of it is ended.
    """

    names: ClassVar[tuple[str, ...]] = ("local", "embedded")
    purpose: ClassVar[str] = "Machines on this host: each is an agent process with a directory of its own."
    properties: ClassVar[tuple[PropertySpec, ...]] = (
        PropertySpec(
            name="local.address",
            description="address that the machine exports as ip: 127.0.0.1 for all, or one of 127.0.0.0/8 for each",
            type=PropertyType.CHOICE,
            choices=("loopback", "pool"),
            default="loopback",
            example="pool",
        ),
    )
    shared_host: ClassVar[bool] = True

    def __init__(self, *, grace_s: float = 3.0, agent_grace_s: float = 5.0, deadline_s: float = 20.0) -> None:
        """Make a handler.

        Args:
            grace_s: Seconds from ``SIGTERM`` to ``SIGKILL`` for what runs on a machine.
            agent_grace_s: The same for the agent, which is ended first.
            deadline_s: Seconds after which processes that cannot be ended are given up.
        """
        self._grace_s = grace_s
        self._agent_grace_s = agent_grace_s
        self._deadline_s = deadline_s

    def check(self, properties: Mapping[str, str]) -> list[Problem]:
        """Return what is wrong; hosts over SSH, which the original's handler knows, are named as such."""
        remote = sorted(n for n in properties if n.startswith(("embedded.", "scp.", "hostkey.")))
        rest = {name: text for name, text in properties.items() if name not in remote}
        hint = "remove it to run the machines as processes of this host"
        return super().check(rest) + [
            Problem(
                Code.TARGET_INVALID_PROPERTIES, f"'{name}' is for hosts over SSH, which this version cannot", hint=hint
            )
            for name in remote
        ]

    def address_for(self, machine: Machine) -> str:
        """Return 127.0.0.1, or the machine's own loopback address."""
        if machine.properties.get("local.address", "loopback") != "pool":
            return addresses.LOOPBACK
        with _as_target_error(machine):
            return addresses.claimed(*_address_key(machine))

    def create_machine(self, machine: Machine) -> str:
        """Write the agent's settings and start it, unless it runs already."""
        mark, directory = machine_mark(machine), MachineDirectory(machine.directory)
        with _as_target_error(machine), directory.locked():
            if directory.settings().get("machine_id") != mark:
                self._make_room(machine, directory)
            if _agent(directory, mark) is None:
                self._launch(machine, directory)
        return mark

    def find_machine(self, machine: Machine) -> str | None:
        """Return the machine's mark if any living process carries it; without one, it has yet to be created."""
        mark = machine_mark(machine)
        return mark if marked(mark) else None

    def configure_machine(self, machine: Machine, machine_id: str) -> bool:
        """Tell that nothing is left to do, or why the agent did not even start."""
        if self.is_machine_running(machine, machine_id):
            return True
        tail = MachineDirectory(machine.directory).log_tail()
        raise TargetError(f"the agent of {machine.path} ended by itself; the end of its log is:\n{tail}")

    def is_machine_running(self, machine: Machine, machine_id: str) -> bool:
        """Tell whether the agent's process lives."""
        mark = machine_mark(machine)
        return machine_id == mark and _agent(MachineDirectory(machine.directory), mark) is not None

    def restart_agent(self, machine: Machine, machine_id: str) -> None:
        """End the agent's process, if there is one, and start it again; all else on the machine goes on."""
        mark, directory = _own_mark(machine, machine_id), MachineDirectory(machine.directory)
        with _as_target_error(machine), directory.locked():
            if directory.settings().get("machine_id") != mark:
                raise TargetError(f"machine {machine.path} does not exist", hint="deploy it")
            agent = _agent(directory, mark)
            if agent is not None:
                end(agent, self._agent_grace_s)
            self._launch(machine, directory)

    def terminate_machine(self, machine: Machine, machine_id: str) -> Termination:
        """End the agent, then all processes that carry the machine's mark; the logs stay."""
        mark, directory = _own_mark(machine, machine_id), MachineDirectory(machine.directory)
        with _as_target_error(machine), directory.locked(make=False):
            termination = self._end(directory, mark)
            if not termination.left:
                if not directory.is_of_another(mark):
                    directory.clear()
                addresses.release(*_address_key(machine))
        return termination

    def _launch(self, machine: Machine, directory: MachineDirectory) -> None:
        own = {
            "directory": str(directory.agent),
            "address": self.address_for(machine),
            "shared_host": "true",
            "machine_id": machine_mark(machine),
        }
        directory.write_settings(directory.settings() | dict(machine.launch.settings) | own)
        argv = (*machine.launch.command, str(directory.settings_file))
        directory.pid_file.unlink(missing_ok=True)
        directory.write_pid(_detached(argv, directory, _environment(own["machine_id"])))

    def _make_room(self, machine: Machine, directory: MachineDirectory) -> None:
        """Remove what an earlier generation of the same machine left, its processes included."""
        earlier = directory.settings().get("machine_id")
        if earlier is not None:
            left = self._end(directory, earlier).left
            if left:
                raise TargetError(f"processes of an earlier {machine.path} cannot be ended: {'; '.join(left)}")
        directory.clear()

    def _end(self, directory: MachineDirectory, mark: str) -> Termination:
        agent = _agent(directory, mark)
        before = marked(mark)
        if agent is not None:
            end(agent, self._agent_grace_s)
        ended, left = end_marked(mark, before, grace_s=self._grace_s, deadline_s=self._deadline_s)
        return Termination(ended=tuple(ended), left=tuple(left))


def machine_mark(machine: Machine) -> str:
    """Return the text that all processes of a machine carry, and no other machine's."""
    return f"rbcf-{hashlib.sha256(machine.identity.encode()).hexdigest()[:32]}"


def _own_mark(machine: Machine, machine_id: str) -> str:
    mark = machine_mark(machine)
    if machine_id not in (mark, ""):
        raise TargetError(f"'{machine_id}' is not the machine of {machine.path}; it is left alone")
    return mark


def _agent(directory: MachineDirectory, mark: str) -> Process | None:
    """Return the agent's process: the one that was started with the machine's settings."""
    pid = directory.pid()
    if pid is None:  # not started, or the deployment manager died before it could note the pid
        candidates = marked(mark)
    else:
        process = living(pid)
        candidates = [process] if process is not None and mark_of(pid) == mark else []
    return next((p for p in candidates if argv_of(p.pid)[-1:] == [str(directory.settings_file)]), None)


def _address_key(machine: Machine) -> tuple[str, Path]:
    """Return the name under which a machine's address is kept, and where: beside all machines' directories."""
    register = machine.directory.absolute().parents[1] / "local-addresses.json"
    return f"{machine.dm_id}/{machine.application}{machine.path}", register


def _environment(mark: str) -> dict[str, str]:
    """Return the agent's environment: the own one, without what is meant for the deployment manager."""
    dropped = ("PYTHONDONTWRITEBYTECODE",)
    return {n: v for n, v in os.environ.items() if not n.startswith("ROBOCONF_") and n not in dropped} | {MARK: mark}


def _detached(argv: tuple[str, ...], directory: MachineDirectory, environment: Mapping[str, str]) -> int:
    with directory.open_log() as log:
        launched = subprocess.run(
            (sys.executable, "-I", "-S", detach.__file__, *argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=directory.path,
            env=environment,
            timeout=_LAUNCH_TIMEOUT_S,
            check=False,
        )
    answer = launched.stdout.decode(errors="replace")
    if launched.returncode != 0:
        raise TargetError(f"the agent cannot be started: {argv[0]}: {answer or directory.log_tail()}")
    return int(answer)


@contextmanager
def _as_target_error(machine: Machine) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise TargetError(f"machine {machine.path}: {error}") from error
