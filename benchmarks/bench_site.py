"""A deployment manager and applications in a temporary home, driven over REST for measurements."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from roboconf_core.cli import manager
from roboconf_core.cli.archives import archive_of
from roboconf_core.cli.client import Client
from roboconf_core.cli.connection import connected
from roboconf_core.dm.home import Home


class Site:
    """One home with its deployment manager."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = Home(directory / "home")
        manager.ensure(self.home)
        self.client: Client = connected(self.home).__enter__()

    def create(self, name: str, graph: str, instances: str, scripts: dict[str, str]) -> None:
        """Make an application: scripts are ``Component/action`` to bash text."""
        template = self.directory / name
        for place, text in {
            "descriptor/application.properties": f"name = {name}\nversion = 1.0\ndsl-id = roboconf-1.0\n"
            "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n",
            "graph/main.graph": graph,
            "instances/model.instances": instances,
        }.items():
            (template / place).parent.mkdir(parents=True, exist_ok=True)
            (template / place).write_text(text)
        for place, text in scripts.items():
            component, action = place.split("/")
            file = template / "graph" / component / "scripts" / f"{action}.sh"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"#!/bin/bash\n{text}\n")
            file.chmod(0o755)
        made = self.client.post("/templates", archive_of(template))
        body = {"name": name, "template": made["name"], "version": made["version"]}
        self.client.post("/applications", body | {"default_target": {"handler": "local", "id": "local"}})

    def want(self, application: str, verb: str, **body: Any) -> None:  # noqa: ANN401 - JSON values
        """Ask for another state."""
        self.client.post(f"/applications/{application}/{verb}", body)

    def settle(self, application: str, timeout_s: float = 300.0) -> None:
        """Wait until the application is at rest."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.client.get(f"/applications/{application}/settled", wait_s=5)
            if found["settled"]:
                return
            if time.monotonic() > deadline or any(blocker["exhausted"] for blocker in found["blockers"]):
                raise SystemExit(f"not settled: {json.dumps(found, indent=1)}")

    def agents(self) -> list[int]:
        """Return the pids of the agents."""
        return processes_named("-m roboconf_core.agent", str(self.home.directory))

    def manager(self) -> list[int]:
        """Return the pid of the deployment manager, in a list."""
        return processes_named("-m roboconf_core.rest", str(self.home.directory))

    def close(self) -> None:
        """Remove all applications and end the deployment manager."""
        self.client.__exit__(None, None, None)
        environment = dict(os.environ, ROBOCONF_HOME=str(self.home.directory))
        subprocess.run(
            [Path(sys.executable).with_name("roboconf"), "down"], env=environment, check=True, stdout=subprocess.DEVNULL
        )


@contextmanager
def site() -> Iterator[Site]:
    """Lend a site, and remove it afterwards with all of its processes, whatever happened."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling everything at each start is not what is measured
    directory = Path(tempfile.mkdtemp(prefix="roboconf-benchmark-"))
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    try:
        one = Site(directory)
        try:
            yield one
        finally:
            one.close()
    finally:
        for pid in processes_named(str(directory)):
            kill(pid)
        shutil.rmtree(directory, ignore_errors=True)


def wait_for(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("a condition did not come true in time")
        time.sleep(0.002)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which the share of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def processes_named(*texts: str) -> list[int]:
    """Return the pids whose command line contains all of some texts."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if all(text in command for text in texts) and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def children_of(pid: int) -> list[int]:
    """Return the pids of the children of a process."""
    return [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def processor_s(pids: list[int]) -> float:
    """Return the user and system time that processes used so far."""
    return sum(sum(map(int, _stat_of(pid)[11:13])) for pid in pids) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, kind: str) -> float:
    """Return what a process has in memory: ``Rss``, or ``Pss`` where pages shared by N processes count one Nth."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} has no {kind}")


def kill(pid: int) -> None:
    """End a process that this measurement started."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _stat_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
