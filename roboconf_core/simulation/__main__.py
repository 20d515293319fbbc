"""``python -m roboconf_core.simulation``: play one scenario again, or many."""

from __future__ import annotations

import argparse
import os
import sys

from roboconf_core.simulation.runs import run
from roboconf_core.simulation.scenario import play


def main(arguments: list[str] | None = None) -> int:
    """Play what the arguments say; return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(
        prog="python -m roboconf_core.simulation",
        description="Plays random deployments under random faults, and tells which promises were broken.",
    )
    parser.add_argument("--seed", type=int, help="play the scenario of this seed, and show all that happens in it")
    parser.add_argument("--messages", action="store_true", help="show messages too")
    parser.add_argument("--count", type=int, default=1000, help="play so many scenarios (default: 1000)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one (default: 0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="processors to use (default: all)")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _show(options.seed, messages=options.messages)
    summary = run(options.count, first_seed=options.first, processes=options.processes)
    sys.stdout.write("\n".join(summary.lines()) + "\n")
    return 1 if summary.broken else 0


def _show(seed: int, *, messages: bool) -> int:
    result = play(seed, trace=True)
    lines = [line for line in result.trace if messages or line[11:18] != "message"]
    lines.append(f"{result.agents} agents, {result.tally.events} events, {result.faults} faults")
    lines += [f"broken: {violation}" for violation in result.violations]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
