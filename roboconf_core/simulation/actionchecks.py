"""Looks at each action the moment it begins, and at each publication the moment it is made."""

from __future__ import annotations

from roboconf_core.agent.core.state import INSTANCE_PREFIX
from roboconf_core.agent.events import Run
from roboconf_core.messages.types import Publication
from roboconf_core.model.lifecycle import Action, Status, Trigger
from roboconf_core.simulation.chronicle import whole
from roboconf_core.simulation.conditions import Fault
from roboconf_core.simulation.host import Content, Host, Software, content_of
from roboconf_core.simulation.world import World

HELD_S = 6.0
"""After so long in touch, an exporter has heard who uses its exports."""


_CLEANUPS = frozenset({Trigger.DIED, Trigger.NOT_READY})
"""What is stopped because of these is tidied up; that is no further attempt at a stop that somebody wanted."""


class ActionChecks:
    """Watches the actions of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._failed: dict[str, tuple[Action, int, Content, int]] = {}
        """Instance to action, generation, imports and count of its failures in a row."""
        world.watch_actions(self._begins)

    def _begins(self, host: Host, run: Run, software: Software) -> None:
        if run.action is Action.UPDATE:
            self._check_difference(host, run, software)
        if run.action in (Action.START, Action.UPDATE):
            self._check_order(host, run)
            self._check_mandatory(host, run)
        if run.action is Action.STOP:
            self._check_drain(host, run)
        self._check_attempts(host, run)

    def _broke(self, promise: str, host: Host, run: Run, text: str) -> None:
        self._world.chronicle.broke(promise, f"{whole(host.agent, run.instance.path)}: {text}")

    def _check_difference(self, host: Host, run: Run, software: Software) -> None:
        now, saw = content_of(run.imports), software.saw or frozenset()
        if now == saw and not software.failed_update:
            self._broke("no_update_without_a_difference", host, run, f"{sorted(map(str, now))}")
        before = {(row[0], row[2]): row for row in saw}
        after = {(row[0], row[2]): row for row in now}
        expected = (
            after.keys() - before.keys(),
            before.keys() - after.keys(),
            {key for key in after.keys() & before.keys() if after[key] != before[key]},
        )
        told = (_keys(run.joined), _keys(run.left), _keys(run.changed))
        if told != expected:
            text = f"joined, left, changed are {expected}, and the recipe was told {told}"
            self._broke("updates_tell_the_real_difference", host, run, text)

    def _check_order(self, host: Host, run: Run) -> None:
        """What is older than what the agent heard since it lives is not used (promise 6)."""
        agent = self._world.agents.get(host.agent)
        if agent is None or agent.is_batch:
            return
        for publication in run.imports:
            if publication.agent == host.agent:
                continue
            if agent.heard.is_stale(publication):
                text = f"{run.action} sees {publication}, which was superseded"
                self._broke("late_messages_change_nothing", host, run, text)
            if agent.heard.is_ended(publication):
                text = f"{run.action} sees {publication}, whose agent was said farewell to"
                self._broke("farewells_are_final", host, run, text)

    def _check_mandatory(self, host: Host, run: Run) -> None:
        present = {publication.prefix for publication in run.imports}
        missing = [i.prefix for i in run.instance.imports if not i.optional and i.prefix not in present]
        if missing:
            self._broke("not_started_without_imports", host, run, f"{run.action} without {missing}")

    def _check_drain(self, host: Host, run: Run) -> None:
        """A planned stop begins once nobody who can answer uses the exports, or the deadline has passed."""
        entered, now = host.entered.get(run.instance.id), self._world.now
        if entered is None or not entered.planned or not self._is_in_touch(host, entered.since):
            return
        since = entered.since
        if now - since >= run.instance.settings.drain_timeout_s - 0.001:
            return
        users = [
            f"{whole(other.agent, software.path)}"
            for other in self._world.hosts()
            if self._is_in_touch(other, since)
            for software in other.software.values()
            if software.running
            and software.saw_at < since - HELD_S
            and any(row[2] == run.instance.id for row in software.saw or ())
        ]
        if users:
            text = f"stops after {now - since:.1f} s, and {users} still use it"
            self._broke("importers_let_go_before_a_planned_stop", host, run, text)

    def _is_in_touch(self, host: Host, moment: float) -> bool:
        """Tell whether an agent heard and was heard for some time before a moment, and still does."""
        world, agent = self._world, self._world.agents.get(host.agent)
        since = world.network.connected_since(host.agent)
        machine = world.machines().get(host.agent)
        faults = world.chronicle.tally.faults
        if world.conditions.delayed or faults[Fault.MESSAGE_LOST] or faults[Fault.QUEUE_OVERFLOWED]:
            return False
        if agent is None or not agent.is_awake or since is None or machine is None or machine.status is Status.PROBLEM:
            return False
        return max(agent.began, agent.awake_since, since) < moment - HELD_S

    def _check_attempts(self, host: Host, run: Run) -> None:
        """What fails again and again is given up, unless what it is given changed (promise 5)."""
        record = host.disk.get(INSTANCE_PREFIX + run.instance.id)
        last = self._world.chronicle.last_of(run.instance.id)
        content = content_of(run.imports) if run.action is Action.UPDATE else frozenset()
        kind = (run.action, run.instance.generation, content)
        known = self._failed.get(run.instance.id)
        cleanup = record is not None and record.trigger in _CLEANUPS
        forgotten = cleanup or (last is not None and last.began < host.booted)
        if last is None or forgotten or last.action is not run.action or not last.output:
            self._failed[run.instance.id] = (*kind, 0)
            return
        count = known[3] + 1 if known is not None and known[:3] == kind else 0
        if record is not None and record.source in (Status.UNRESOLVED, Status.WAITING_FOR_ANCESTOR):
            count = min(count, record.failure.attempt if record.failure is not None else 0)  # what was missing forgave
        self._failed[run.instance.id] = (*kind, count)
        if record is not None and not record.vanished and count >= run.instance.settings.attempts:
            self._broke("failures_are_given_up", host, run, f"{run.action} failed {count} times, and is tried again")


def _keys(publications: tuple[Publication, ...]) -> set[tuple[object, object]]:
    return {(p.prefix, p.instance) for p in publications}
