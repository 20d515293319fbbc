"""Random deployments under random faults: no promise is broken.

``ROBOCONF_SIMULATION_SCENARIOS`` says how many scenarios are played; ``tox -e simulation``
plays ten thousand on all processors, and then everything that can happen must have happened.
``python -m roboconf_core.simulation --seed N`` shows one again.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_core.simulation import promises
from roboconf_core.simulation.runs import run
from roboconf_core.simulation.scenario import Scenario, play
from roboconf_core.simulation.twins import forgeries_change_nothing, replays_change_nothing

SCENARIOS = int(os.environ.get("ROBOCONF_SIMULATION_SCENARIOS", "300"))
MANY = 10_000
OFTEN = 100
"""So often everything must have occurred in so many scenarios."""

SEEDS = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "seeds.txt").read_text().splitlines()
    if line[:1].isdigit()
]


def test_no_promise_is_broken(capsys):
    processes = (os.cpu_count() or 1) if SCENARIOS > 1000 else 1
    summary = run(SCENARIOS, processes=processes)
    with capsys.disabled():
        print("", *summary.lines(), sep="\n")  # noqa: T201 - the counts are a result of this run
    assert not [str(violation) for result in summary.broken for violation in result.violations]
    assert summary.counted >= SCENARIOS
    if SCENARIOS >= MANY:
        assert not summary.tally.rare(OFTEN)


def test_every_promise_that_can_be_broken_is_listed():
    sources = [path.read_text() for path in Path(promises.__file__).parent.glob("*.py")]
    noted = {name for text in sources for name in re.findall(r"broke\(\s*\"([a-z_]+)\"", text)}
    judged = {promise.__name__ for promise in (*promises.AT_REST, *promises.AT_THE_END)}
    twins = {replays_change_nothing.__name__, forgeries_change_nothing.__name__}
    assert noted | twins == set(promises.SEEN_AT_ONCE)
    assert not judged & (noted - {"no_machine_is_leaked_or_made_twice"})


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_broken_once_holds(seed):
    assert not [str(violation) for violation in play(seed).violations]


@pytest.mark.parametrize("first", range(0, max(40, SCENARIOS // 50), 40))
def test_replays_change_nothing(first):
    assert {seed: found for seed in range(first, first + 40) if (found := replays_change_nothing(seed))} == {}


@pytest.mark.parametrize("first", range(0, max(40, SCENARIOS // 50), 40))
def test_forgeries_change_nothing(first):
    assert {seed: found for seed in range(first, first + 40) if (found := forgeries_change_nothing(seed))} == {}


@pytest.mark.parametrize("seed", [3, 40, 119])
def test_a_seed_replays_to_the_last_message(seed):
    one, other = Scenario(seed, trace=True).play(), Scenario(seed, trace=True).play()
    assert one.trace == other.trace
    assert len(one.trace) > 100


@pytest.mark.parametrize("seed", range(0, 30, 3))
def test_what_is_written_down_and_read_again_changes_nothing(seed):
    plain, written = (
        Scenario(seed, trace=True, weather=replace(Scenario(seed).script.conditions(), serialized=serialized)).play()
        for serialized in (False, True)
    )
    assert plain.trace == written.trace
