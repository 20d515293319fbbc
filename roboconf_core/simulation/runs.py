"""Many scenarios, one after the other or on several processors."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from roboconf_core.simulation.chronicle import Tally
from roboconf_core.simulation.scenario import Result, play

_CHUNK = 50


@dataclass(slots=True)
class Summary:
    """What came of many scenarios."""

    played: int = 0
    counted: int = 0
    """Rich enough: three agents, twenty events, two faults."""
    tally: Tally = field(default_factory=Tally)
    broken: list[Result] = field(default_factory=list)
    """Those in which a promise was broken."""
    wall_s: float = 0.0

    def add(self, result: Result) -> None:
        """Add one scenario."""
        self.played += 1
        self.counted += result.counts
        self.tally.add(result.tally)
        if result.violations:
            self.broken.append(result)

    def lines(self) -> list[str]:
        """Return it as text: figures, counts, and how to see each broken promise again."""
        head = f"{self.counted} scenarios of {self.played} counted, {self.wall_s:.0f} s"
        shown = [
            f"seed {result.seed}: {violation}\n  python -m roboconf_core.simulation --seed {result.seed}"
            for result in self.broken[:20]
            for violation in result.violations[:3]
        ]
        return [head, *self.tally.lines(), *shown]


def run(count: int, *, first_seed: int = 0, processes: int = 1) -> Summary:
    """Play scenarios until so many counted, from a seed on.

    Args:
        count: How many are to count; a few more may, since processes finish what they began.
        first_seed: Where the seeds begin.
        processes: On how many processors, at least 1.
    """
    summary, began = Summary(), time.monotonic()
    for result in _results(_seeds_from(first_seed), processes):
        summary.add(result)
        if summary.counted >= count:
            break
    summary.wall_s = time.monotonic() - began
    return summary


def _seeds_from(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1


def _results(seeds: Iterable[int], processes: int) -> Iterator[Result]:
    if processes == 1:
        yield from map(play, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        chunks = _chunks(seeds)
        waiting = [pool.apply_async(_play_all, (next(chunks),)) for _ in range(2 * processes)]
        while True:
            results = waiting.pop(0).get()
            waiting.append(pool.apply_async(_play_all, (next(chunks),)))
            yield from results


def _chunks(seeds: Iterable[int]) -> Iterator[list[int]]:
    chunk: list[int] = []
    for seed in seeds:
        chunk.append(seed)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []


def _play_all(seeds: list[int]) -> list[Result]:
    return [play(seed) for seed in seeds]
