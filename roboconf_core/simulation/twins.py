"""Scenarios that are played twice, once with something added that must change nothing.

Messages take the same time always, and all that goes wrong is drawn beforehand: two runs
differ by what was added only.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from roboconf_core.model.lifecycle import Action, Status
from roboconf_core.simulation.scenario import Scenario, take_step
from roboconf_core.simulation.script import Step
from roboconf_core.simulation.world import World

LATENCY_S = 0.01

Story = dict[str, tuple[object, ...]]
"""Path to all actions of an instance but updates, what it works with in the end, and its last status.

How many updates it takes is a matter of moments: answers to requests are put together.
"""


def replays_change_nothing(seed: int, make: Callable[[int], Scenario] = Scenario) -> list[str]:
    """Return what differs when every message comes twice (promise 6)."""
    return _differences(seed, make, _double_everything)


def forgeries_change_nothing(seed: int, make: Callable[[int], Scenario] = Scenario) -> list[str]:
    """Return what differs when somebody uses agents' credentials to speak for others (promise 10)."""
    return _differences(seed, make, _forge_often)


def _differences(seed: int, make: Callable[[int], Scenario], change: Callable[[World, int], None]) -> list[str]:
    plain, changed = _told(make(seed), seed, None), _told(make(seed), seed, change)
    return [
        f"{path}: {plain.get(path)} became {changed.get(path)}"
        for path in sorted(plain.keys() | changed.keys())
        if plain.get(path) != changed.get(path)
    ]


def _told(scenario: Scenario, seed: int, change: Callable[[World, int], None] | None) -> Story:
    world = scenario.make_world()
    conditions = world.conditions
    conditions.lost = conditions.doubled = conditions.delayed = conditions.reordered = 0.0
    conditions.latency_s = (LATENCY_S, LATENCY_S)
    scenario.schedule_steps(world)
    if change is not None:
        change(world, seed)
    world.run(scenario.script.until)
    scenario.make_peace(world)
    world.run(30.0)
    return _story_of(world)


def _double_everything(world: World, seed: int) -> None:
    world.conditions.double_everything = True


def _forge_often(world: World, seed: int) -> None:
    random = Random(seed)
    for _ in range(12):
        step = Step(random.uniform(2.0, 30.0), "forge", tuple(random.random() for _ in range(4)))
        world.schedule.at(step.at, lambda step=step: take_step(world, step))  # type: ignore[misc]  # a default binds it


def _story_of(world: World) -> Story:
    told: dict[str, list[object]] = {}
    for fact in world.chronicle.actions:
        if fact.action is not Action.UPDATE:
            told.setdefault(fact.path, []).append((str(fact.action), fact.succeeded))
    for host in world.hosts():
        for software in host.software.values():
            told.setdefault(software.path, []).append(software.saw)
    statuses = world.statuses()
    paths = told.keys() | {path.removeprefix("app") for path in statuses}
    return {path: (*told.get(path, ()), statuses.get(f"app{path}", Status.NOT_DEPLOYED)) for path in paths}
