"""Deploy and start instances on many machines, against the same scripts forked directly.

    python benchmarks/deploy.py [MACHINES] [INSTANCES_PER_MACHINE]

Machines and their agents are there and connected before the clock starts. The floor runs
the same deploy and start scripts in a loop, with no tool at all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench_site import site

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
    return time.monotonic() - begun


def main() -> None:
    """Measure and print."""
    machines = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    each = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with site() as one:
        one.create("many", GRAPH, instances(machines, each), SCRIPTS)
        begun = time.monotonic()
        for machine in range(machines):
            one.want("many", "start", path=f"/vm{machine}")
        one.settle("many")
        created = time.monotonic() - begun
        time.sleep(2)  # idle: nothing of the creation is left in the measurement
        begun = time.monotonic()
        one.want("many", "start", path="", all=True)
        one.settle("many")
        ours = time.monotonic() - begun
        base = floor(one.directory, machines * each)
    print(f"{machines} machines created in {created:.2f} s")
    print(
        f"{machines} x {each} instances deployed and started: {ours:.2f} s, floor {base:.2f} s, ratio {ours / base:.1f}"
    )


main()
