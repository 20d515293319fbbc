"""How long from "the provider is started" until the dependents' update script runs on another agent.

    python benchmarks/reaction.py [ROUNDS]

The provider's start script writes the time at its very end, the consumer's update script at
its very beginning. The floor is the same update script, forked directly by a loop: from the
moment before the fork to the time that the script writes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench_site import Site, percentile, site, wait_for

GRAPH = """
VM {
	installer: target;
	children: Provider, Consumer;
}
Provider {
	installer: bash;
	exports: key = value;
}
Consumer {
	installer: bash;
	imports: Provider.key (optional);
}
"""
INSTANCES = """
instance of VM {
	name: provider-vm;
	instance of Provider {
		name: provider;
	}
}
instance of VM {
	name: consumer-vm;
	instance of Consumer {
		name: consumer;
	}
}
"""


def times(file: Path) -> list[float]:
    """Return the moments that scripts wrote, in seconds."""
    return [float(line) for line in file.read_text().split()] if file.exists() else []


def scripts(directory: Path) -> dict[str, str]:
    """Return the recipes: bash writes the time without a fork."""
    return {
        "Provider/start": f"echo $EPOCHREALTIME >>{directory}/started",
        "Consumer/update": f"echo $EPOCHREALTIME >>{directory}/updated",
    }


def floor(directory: Path, rounds: int) -> list[float]:
    """Fork the update script directly."""
    file = directory / "floor"
    script = directory / "floor.sh"
    script.write_text(f"#!/bin/bash\necho $EPOCHREALTIME >>{file}\n")
    script.chmod(0o755)
    begun = []
    for _ in range(rounds):
        begun.append(time.time())
        subprocess.run([script], check=True)
    return [written - before for before, written in zip(begun, times(file), strict=True)]


def measure(one: Site, rounds: int) -> list[float]:
    """Stop and start the provider again and again, with a calm in between."""
    started, updated = one.directory / "started", one.directory / "updated"
    delays = []
    for _ in range(rounds):
        one.want("reaction", "stop", path="/provider-vm/provider")
        one.settle("reaction")
        time.sleep(5)  # a calm longer than the quiet period: the next change counts as a first one
        seen, begun = len(times(updated)), len(times(started))
        one.want("reaction", "start", path="/provider-vm/provider")
        wait_for(lambda seen=seen: len(times(updated)) > seen)  # type: ignore[misc]  # binds the loop's value
        delays.append(times(updated)[seen] - times(started)[begun])
        one.settle("reaction")
    return delays


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with site() as one:
        one.create("reaction", GRAPH, INSTANCES, scripts(one.directory))
        one.want("reaction", "start", path="", all=True)
        one.settle("reaction")
        ours, base = measure(one, rounds), floor(one.directory, max(rounds, 100))
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        a, b = percentile(ours, share) * 1000, percentile(base, share) * 1000
        print(f"{name}: {a:.1f} ms, floor {b:.1f} ms, difference {a - b:.1f} ms ({len(ours)} rounds)")


main()
