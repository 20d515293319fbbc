"""Resident memory, processor time and start-up time of an idle agent.

python benchmarks/idle_agent.py [SECONDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench_site import Site, percentile, processes_named, site, wait_for

GRAPH = "VM {\n\tinstaller: target;\n}\n"
INSTANCES = "instance of VM {\n\tname: vm;\n}\n"


def resident_mib(pid: int) -> float:
    """Return VmRSS."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} has no VmRSS")


def processor_s(pid: int) -> float:
    """Return user and system time used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connected(one: Site) -> bool:
    """Tell whether the agent's connection is up."""
    return bool(one.client.get("/agents")["items"][0]["connected"])


def starts(one: Site, pid: int, rounds: int) -> list[float]:
    """Kill and start the agent; return the seconds from its start to its connection."""
    command = [w for w in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0") if w]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    os.kill(pid, 9)
    found = []
    for _ in range(rounds):
        wait_for(lambda: not connected(one))
        begun = time.monotonic()
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(lambda: connected(one))
        found.append(time.monotonic() - begun)
        process.kill()
        process.wait()
    return found


def main() -> None:
    """Measure and print."""
    period = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with site() as one:
        one.create("idle", GRAPH, INSTANCES, {})
        one.want("idle", "start", path="", all=True)
        one.settle("idle")
        (pid,) = processes_named(f"roboconf_core.agent {one.home.directory}")
        time.sleep(3)  # its first messages are not idleness
        before = processor_s(pid)
        time.sleep(period)
        share = (processor_s(pid) - before) / period
        memory = resident_mib(pid)
        ready = starts(one, pid, 10)
    print(f"resident {memory:.1f} MiB, {share * 100:.2f} % of a core over {period:.0f} s")
    print(f"from start to connected: p50 {percentile(ready, 0.5):.2f} s, worst of 10 {max(ready):.2f} s")


main()
