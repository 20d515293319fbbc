"""Looks that are taken again and again while a world runs, and at each action that begins."""

from __future__ import annotations

from roboconf_core.agent.events import Run
from roboconf_core.agent.state import INSTANCE_PREFIX, InstanceRecord
from roboconf_core.messages.types import Publication
from roboconf_core.model.lifecycle import TRANSITIVE, Action, Desired, Status
from roboconf_core.simulation.host import Host, Software, content_of
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
HELD_S = 6.0
"""After so long in a calm, an exporter has heard who uses its exports."""


class Watches:
    """Looks at one world: call ``sample`` about every virtual second."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calm_since = 0.0
        self._lacking: dict[str, tuple[float, float]] = {}
        """Instance to moment and beginning of the calm when it was first seen to lack an import."""
        world.watch_actions(self._begins)

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
        status, since = placed.host.entered.get(placed.record.id, (Status.NOT_DEPLOYED, 0.0))
        agent = self._world.agents.get(placed.host.agent)
        if status not in TRANSITIVE or agent is None:
            return
        lasts = self._world.now - max(since, agent.began)
        if lasts > TRANSIENT_S:
            self._world.chronicle.broke("transient_states_end", f"{placed.who} is {status} for {lasts:.0f} s")
            placed.host.entered[placed.record.id] = (status, self._world.now)

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

    # --- actions that begin

    def _begins(self, host: Host, run: Run, software: Software) -> None:
        if run.action is Action.UPDATE:
            self._check_update(host, run, software)
        elif run.action is Action.STOP:
            self._check_drain(host, run)

    def _check_update(self, host: Host, run: Run, software: Software) -> None:
        who, now, saw = f"{host.agent}{run.instance.path}", content_of(run.imports), software.saw or frozenset()
        if now == saw and not software.failed_update:
            self._world.chronicle.broke("no_update_without_a_difference", who)
        before = {(row[0], row[2]): row for row in saw}
        after = {(row[0], row[2]): row for row in now}
        expected = (
            after.keys() - before.keys(),
            before.keys() - after.keys(),
            {key for key in after.keys() & before.keys() if after[key] != before[key]},
        )
        told = (_keys(run.joined), _keys(run.left), _keys(run.changed))
        if told != expected:
            text = f"{who}: joined, left, changed are {expected}, and the recipe was told {told}"
            self._world.chronicle.broke("updates_tell_the_real_difference", text)

    def _check_drain(self, host: Host, run: Run) -> None:
        """In a calm, a planned stop begins once nobody uses the exports, or the deadline has passed."""
        record = host.disk.get(INSTANCE_PREFIX + run.instance.id)
        since = host.entered.get(run.instance.id, (Status.STOPPING, 0.0))[1]
        now = self._world.now
        if record is None or not _is_planned(record) or since < self._calm_since + CALM_S or not self._is_calm():
            return
        if now - since >= record.spec.settings.drain_timeout_s - 0.001:
            return
        users = [
            f"{other.agent}{software.path}"
            for other in self._world.hosts()
            for software in other.software.values()
            if software.running
            and software.saw_at < since - HELD_S
            and any(row[2] == run.instance.id for row in software.saw or ())
        ]
        if users:
            text = f"{host.agent}{run.instance.path} stops after {now - since:.1f} s, and {users} still use it"
            self._world.chronicle.broke("importers_let_go_before_a_planned_stop", text)


def _is_planned(record: InstanceRecord) -> bool:
    return record.vanished or record.spec.desired is not Desired.DEPLOYED_STARTED


def _keys(publications: tuple[Publication, ...]) -> set[tuple[object, object]]:
    return {(p.prefix, p.instance) for p in publications}
