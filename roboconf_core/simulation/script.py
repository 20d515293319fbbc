"""What happens in a scenario, and when: drawn before the world begins, so that it can be played twice.

A step names its subject by numbers from 0 to below 1; what they stand for is decided when
the step is taken, from what there is then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from roboconf_core.simulation.conditions import Conditions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens."""

    at: float
    """Virtual seconds."""
    what: str
    """Name of a function of ``requests`` or ``mishaps``."""
    dice: tuple[float, ...]

    def pick(self, things: Sequence[T], die: int = 0) -> T | None:
        """Return one of some things, or None when there are none."""
        return things[int(self.dice[die] * len(things))] if things else None

    def between(self, least: float, greatest: float, die: int = 1) -> float:
        """Return a number between two limits."""
        return least + self.dice[die] * (greatest - least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """All steps in order, and the weather."""

    steps: tuple[Step, ...]
    until: float
    """When everything stops to go wrong, in virtual seconds."""
    conditions: Callable[[], Conditions]
    """Makes the rates at which things go wrong, anew for each world."""


REQUESTS = (
    "start_everything",
    "start_everything",
    "start_subtree",
    "start_one",
    "stop_subtree",
    "stop_subtree",
    "undeploy_subtree",
    "undeploy_machine",
    "deploy_subtree",
    "scale",
    "create_instance",
    "replicate_machine",
    "remove_instance",
    "retry_everything",
    "restart_agent",
)
"""Functions of ``requests`` that are drawn, the more frequent ones twice."""

MISHAPS = (
    "isolate_agents",
    "isolate_agents",
    "crash_agent",
    "crash_agent_at_a_point",
    "crash_agent_at_a_point",
    "agent_sleeps",
    "reboot_host",
    "lose_machine",
    "crash_manager",
    "crash_manager_at_a_point",
    "crash_manager_at_a_point",
    "manager_sleeps",
    "kill_process",
    "kill_process",
    "kill_process",
    "lose_result",
    "overflow_agent",
    "overflow_manager",
    "forge",
)
"""Functions of ``mishaps`` that are drawn, the more frequent ones several times."""


def draw_script(random: Random) -> Script:
    """Draw what happens within about half a minute."""
    until = random.uniform(12.0, 26.0)
    last = until if random.random() < 0.7 else until / 3.0
    first = ("start_everything",) if random.random() < 0.95 else ("start_subtree", "start_subtree")
    steps = [_step(random, random.uniform(0.0, 1.0), what) for what in first]
    steps += [_step(random, random.uniform(2.0, until), random.choice(REQUESTS)) for _ in range(random.randint(3, 6))]
    steps += [_step(random, random.uniform(0.5, last), random.choice(MISHAPS)) for _ in range(random.randint(3, 6))]
    steps.sort(key=lambda step: step.at)
    return Script(steps=tuple(steps), until=until, conditions=_draw_weather(random))


def _step(random: Random, at: float, what: str) -> Step:
    return Step(at, what, tuple(random.random() for _ in range(4)))


def _draw_weather(random: Random) -> Callable[[], Conditions]:
    messages = {
        name: rate
        for name, rate in (("lost", 0.04), ("doubled", 0.1), ("delayed", 0.06), ("reordered", 0.15))
        if random.random() < 0.3
    }
    troubles = {
        name: rate
        for name, rate in (
            ("action_failed", 0.12),
            ("action_hangs", 0.04),
            ("never_ready", 0.1),
            ("port_taken", 0.15),
            ("machine_step_failed", 0.15),
            ("machine_step_hangs", 0.06),
            ("agent_never_started", 0.08),
        )
        if random.random() < 0.35
    }
    embedded = random.random() < 0.6
    slow = random.choice((0.5, 2.0, 5.0))
    batch_s = random.choice((0.0, 0.0, 0.05))

    def make() -> Conditions:
        return Conditions(**messages, **troubles, embedded_hub=embedded, action_s=(0.05, slow), batch_s=batch_s)  # type: ignore[arg-type]  # all rates are floats

    return make
