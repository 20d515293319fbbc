"""Looks that are taken again and again while a world runs."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.dm.core import state
from roboconf_core.model.lifecycle import TRANSITIVE, Action, Desired, Status
from roboconf_core.simulation.actionchecks import ActionChecks
from roboconf_core.simulation.truth import Placed, Truth
from roboconf_core.simulation.world import World

LOST_S = 60.0
"""The longest that a started instance may lack a mandatory import, whatever goes wrong with messages."""
CALM_S = 20.0
"""After so long without anything wrong, agents know at once what happens."""
CALM_LOST_S = 4.0
"""The longest that a started instance may lack a mandatory import in a calm."""
TRANSIENT_S = 90.0
"""The longest that a transitive status may last; well above the sum of all time-outs of a scenario."""


class Watches:
    """Looks at one world: call ``sample`` about every virtual second."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calm_since = 0.0
        self._lacking: dict[str, tuple[float, float]] = {}
        """Instance to moment and beginning of the calm when it was first seen to lack an import."""
        ActionChecks(world)

    def sample(self) -> None:
        """Take a look."""
        world = self._world
        if not self._is_calm():
            self._calm_since = world.now
        truth = Truth(world)
        lacking = {p.record.id for p in truth.placed if self._lacks_imports(truth, p)}
        self._lacking = {i: since for i, since in self._lacking.items() if i in lacking}
        for placed in truth.placed:
            if placed.record.id in lacking:
                self._judge_lacking(placed, truth.missing(placed))
            self._judge_transient(placed)
        self._judge_ports()

    # --- promise 1

    def _lacks_imports(self, truth: Truth, placed: Placed) -> bool:
        agent, record = placed.host.agent, placed.record
        knows = self._world.manager is not None and self._world.network.is_connected(agent)
        stuck = record.failure is not None and record.failure.action is Action.STOP
        started = record.status is Status.DEPLOYED_STARTED
        return started and knows and not stuck and bool(truth.missing(placed))

    def _judge_lacking(self, placed: Placed, missing: list[str]) -> None:
        since, calm_since = self._lacking.setdefault(placed.record.id, (self._world.now, self._calm_since))
        lasts = self._world.now - since
        calm = calm_since == self._calm_since and since > calm_since + CALM_S
        if lasts > (CALM_LOST_S if calm else LOST_S):
            text = f"{placed.who} is started for {lasts:.0f} s without {missing}"
            self._world.chronicle.broke("not_started_without_imports", text)
            del self._lacking[placed.record.id]

    # --- promise 5

    def _judge_transient(self, placed: Placed) -> None:
        entered = placed.host.entered.get(placed.record.id)
        agent = self._world.agents.get(placed.host.agent)
        if entered is None or entered.status not in TRANSITIVE or agent is None:
            return
        lasts = self._world.now - max(entered.since, agent.began)
        if lasts > TRANSIENT_S:
            self._world.chronicle.broke("transient_states_end", f"{placed.who} is {entered.status} for {lasts:.0f} s")
            placed.host.entered[placed.record.id] = replace(entered, since=self._world.now)

    # --- ports

    def _judge_ports(self) -> None:
        """No two instances that are wanted on one host have the same random port (promise 8)."""
        owners: dict[int, str] = {}
        for instance in self._world.store.of_kind(state.INSTANCE):
            if instance.desired is Desired.NOT_DEPLOYED:
                continue
            for port in instance.ports.values():
                other = owners.setdefault(port, instance.path)
                if other != instance.path:
                    self._world.chronicle.broke("ports_are_given_once", f"{port}: {other} and {instance.path}")

    # --- the calm

    def _is_calm(self) -> bool:
        world, conditions = self._world, self._world.conditions
        if world.manager is None or not world.manager.is_awake:
            return False
        if conditions.lost or conditions.delayed or conditions.reordered:
            return False
        if any(machine.status is Status.PROBLEM for machine in world.machines().values()):
            return False
        return all(
            host.agent in world.agents
            and world.agents[host.agent].is_awake
            and world.network.is_connected(host.agent)
            and world.now - world.agents[host.agent].began > 1.0
            for host in world.hosts()
        )
