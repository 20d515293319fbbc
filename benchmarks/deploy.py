"""Deploy and start instances on many machines, against the same scripts forked directly.

    python benchmarks/deploy.py [MACHINES] [INSTANCES_PER_MACHINE] [ROUNDS]

Machines and their agents are there and connected before the clock starts. The floor runs
the same deploy and start scripts in a loop, with no tool at all, right after each round.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench_site import Site, processor_s, site

GRAPH = """
VM {
	installer: target;
	children: Thing;
}
Thing {
	installer: bash;
	exports: key = value;
}
"""
SCRIPTS = {"Thing/deploy": "mkdir -p data && echo deployed >data/state", "Thing/start": "echo started >>data/state"}


def instances(machines: int, each: int) -> str:
    """Return the instances file."""
    things = "\n".join(f"\tinstance of Thing {{\n\t\tname: thing{i};\n\t}}" for i in range(each))
    return "\n".join(f"instance of VM {{\n\tname: vm{m};\n{things}\n}}" for m in range(machines))


def floor(directory: Path, count: int) -> float:
    """Run the scripts one after the other."""
    scripts = []
    for action in ("deploy", "start"):
        script = directory / f"floor-{action}.sh"
        script.write_text(f"#!/bin/bash\n{SCRIPTS[f'Thing/{action}']}\n")
        script.chmod(0o755)
        scripts.append(script)
    begun = time.monotonic()
    for number in range(count):
        place = directory / f"floor{number}"
        place.mkdir()
        for script in scripts:
            subprocess.run([script], check=True, cwd=place)
    took = time.monotonic() - begun
    for number in range(count):
        shutil.rmtree(directory / f"floor{number}")
    return took


def deployed(one: Site, machines: int, each: int) -> float:
    """Deploy and start everything, say what it took, and undeploy it; return the ratio to the floor."""
    before = [processor_s(pids) for pids in (one.agents(), one.manager())]
    begun = time.monotonic()
    one.want("many", "start", path="", all=True)
    one.settle("many")
    ours = time.monotonic() - begun
    agents, manager = (processor_s(p) - b for p, b in zip((one.agents(), one.manager()), before, strict=True))
    base = floor(one.directory, machines * each)
    print(
        f"{machines} x {each} instances deployed and started: {ours:.2f} s, floor {base:.2f} s, ratio {ours / base:.1f}; "
        f"processor time: agents {agents:.2f} s, deployment manager {manager:.2f} s"
    )
    for machine in range(machines):
        for thing in range(each):
            one.want("many", "undeploy", path=f"/vm{machine}/thing{thing}")
    one.settle("many")
    return ours / base


def main() -> None:
    """Measure and print."""
    machines = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    each = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with site() as one:
        one.create("many", GRAPH, instances(machines, each), SCRIPTS)
        begun = time.monotonic()
        for machine in range(machines):
            one.want("many", "start", path=f"/vm{machine}")
        one.settle("many")
        print(f"{machines} machines created in {time.monotonic() - begun:.2f} s")
        ratios = []
        for _ in range(rounds):
            time.sleep(2)  # idle: nothing of what went before is left in the measurement
            ratios.append(deployed(one, machines, each))
    print(f"median ratio {statistics.median(ratios):.1f}")


main()
