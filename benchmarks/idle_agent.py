"""Resident memory, processor time and start-up time of an idle agent, with the helper that forks its shims.

python benchmarks/idle_agent.py [SECONDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench_site import Site, children_of, memory_mib, percentile, processor_s, site, wait_for

GRAPH = "VM {\n\tinstaller: target;\n}\n"
INSTANCES = "instance of VM {\n\tname: vm;\n}\n"


def connected(one: Site) -> bool:
    """Tell whether the agent's connection is up."""
    return bool(one.client.get("/agents")["items"][0]["connected"])


def starts(one: Site, pid: int, rounds: int) -> list[float]:
    """Kill and start the agent; return the seconds from its start to its connection."""
    command = [w for w in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0") if w]
    os.kill(pid, 9)
    found = []
    for _ in range(rounds):
        wait_for(lambda: not connected(one))
        begun = time.monotonic()
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
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
        (pid,) = one.agents()
        (helper,) = children_of(pid)
        time.sleep(3)  # its first messages are not idleness
        before = processor_s([pid, helper])
        time.sleep(period)
        share = (processor_s([pid, helper]) - before) / period
        memory = {
            who: [memory_mib(p, kind) for kind in ("Rss", "Pss")] for who, p in (("agent", pid), ("helper", helper))
        }
        ready = starts(one, pid, 10)
    for who, (resident, proportional) in memory.items():
        print(f"{who}: resident {resident:.1f} MiB, in proportion to what it shares {proportional:.1f} MiB")
    print(f"both: {share * 100:.2f} % of a core over {period:.0f} s")
    print(f"from start to connected: p50 {percentile(ready, 0.5):.2f} s, worst of 10 {max(ready):.2f} s")


main()
