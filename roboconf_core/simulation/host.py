"""A virtual machine: its disk, its software, the actions that run on it.

What is here is ground truth: whether an instance is really deployed, whether it really
runs, and what its recipe really saw. Agents learn of it through actions only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from roboconf_core.agent.core.state import records_from_plain, records_to_plain
from roboconf_core.agent.events import Outcome, Run
from roboconf_core.messages.types import Publication
from roboconf_core.model.lifecycle import Action, Status
from roboconf_core.simulation.chronicle import ActionFact, Chronicle, whole
from roboconf_core.simulation.conditions import Conditions, Fault
from roboconf_core.simulation.dice import Dice
from roboconf_core.simulation.schedule import Appointment, Schedule

Content = frozenset[tuple[object, ...]]


def content_of(imports: tuple[Publication, ...]) -> Content:
    """Return what a recipe can tell of imports: who exports what, under which prefix."""
    return frozenset((p.prefix, p.path, p.instance, tuple(sorted((p.variables or {}).items()))) for p in imports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the scripts of a component are like."""

    has_status: bool = True
    has_pid_file: bool = False
    ready_s: float = 0.0
    """How long after ``start`` the software begins to serve."""


@dataclass(slots=True)
class Software:
    """What is really there of one instance."""

    path: str
    recipe: Recipe
    deployed: bool = False
    running: bool = False
    ready_at: float = 0.0
    saw: Content | None = None
    """What the last successful start or update since the deployment saw; None when there was none."""
    saw_at: float = 0.0
    failed_update: bool = False
    """An update after the last success failed, or its result is unknown."""
    hidden: bool = False
    """A ``stop`` failed while nothing could tell that it still runs."""

    def serves_by(self, now: float) -> bool:
        """Tell whether its ``status`` action, if it has one, succeeds while it runs."""
        return self.recipe.has_status and now >= self.ready_at


@dataclass(frozen=True, slots=True)
class Entered:
    """A status that an instance took."""

    status: Status
    since: float
    """Virtual seconds."""
    planned: bool
    """It was started, and is not wanted to be so any more."""


class _Process:
    """An action under way."""

    __slots__ = ("appointment", "fact", "run", "waiting")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.fact: ActionFact | None = None
        self.appointment: Appointment | None = None
        self.waiting = False
        """It waits for the host's lock: nothing of it is on the disk yet."""


class Host:
    """One machine, from its creation until it is gone; it outlives its agents."""

    def __init__(
        self,
        agent: str,
        generation: int,
        machine_id: str,
        *,
        schedule: Schedule,
        conditions: Conditions,
        dice: Dice,
        chronicle: Chronicle,
        recipes: Callable[[str], Recipe],
        begins: Callable[[Host, Run, Software], None],
    ) -> None:
        self.agent = agent
        self.generation = generation
        self.machine_id = machine_id
        self.alive = True
        self.disk: dict[str, Any] = {}
        """The agent's journal: key to record."""
        self.bundles: set[str] = set()
        self.software: dict[str, Software] = {}
        """By identifier of the instance."""
        self.outcomes: dict[str, Outcome] = {}
        """Actions that ended and whose outcome was not yet taken in for good."""
        self.booted = schedule.now
        """When it was booted last: its monotonic clock counts from then."""
        self.rebooted = False
        """Since its agent last looked."""
        self.entered: dict[str, Entered] = {}
        """Status of each instance as the agent journalled it, and how it came there."""
        self.watched: set[str] = set()
        self.ended: Callable[[str, Outcome], None] | None = None
        """The agent's ear for actions that end; None while there is no agent."""
        self.died: Callable[[str], None] | None = None
        self._schedule = schedule
        self._conditions = conditions
        self._dice = dice
        self._chronicle = chronicle
        self._recipes = recipes
        self._begins = begins
        self._processes: dict[str, _Process] = {}
        self._lock: _Process | None = None
        self._counts: dict[tuple[str, Action], int] = {}

    # --- for the agent

    def read_disk(self) -> dict[str, Any]:
        """Return the agent's journal, as an agent that starts reads it."""
        if not self._conditions.serialized:
            return dict(self.disk)
        return dict(records_from_plain(json.loads(json.dumps(records_to_plain(self.disk)))))

    def run(self, run: Run) -> None:
        """Begin an action, or have it wait for the lock of the host."""
        if run.id in self._processes or run.id in self.outcomes:
            self._chronicle.broke("at_most_one_action_at_a_time", f"{self.agent}: action {run.id} was asked for twice")
            return
        process = self._processes[run.id] = _Process(run)
        if run.exclusive and self._lock is not None:
            process.waiting = True
        else:
            self._begin(process)

    def cancel(self, action_id: str) -> None:
        """End an action; one that ended is fine."""
        process = self._processes.get(action_id)
        if process is None:
            return
        if process.appointment is not None:
            process.appointment.cancel()
        end = partial(self._end, process, _failed("cancelled"), completed=False)
        process.appointment = self._schedule.after(0.05, end)

    def forget_outcome(self, action_id: str) -> None:
        """Drop an outcome that was taken in for good."""
        self.outcomes.pop(action_id, None)

    def watch(self, instance: str) -> None:
        """Watch the process of an instance, if its recipe leaves a pid file."""
        software = self.software.get(instance)
        if software is None or not software.recipe.has_pid_file:
            return
        self.watched.add(instance)
        if not software.running:
            self._schedule.after(0.05, partial(self._tell_death, instance))

    def unwatch(self, instance: str) -> None:
        """Watch it no more."""
        self.watched.discard(instance)

    def adopt(self) -> tuple[dict[str, Outcome], frozenset[str]]:
        """Return the outcomes of what ended while there was no agent, and what still runs; what never began is gone."""
        for action_id in [i for i, p in self._processes.items() if p.waiting]:
            del self._processes[action_id]
        return dict(self.outcomes), frozenset(self._processes)

    def discard(self, instance: str, path: str) -> None:
        """Remove the working directory of an instance; directories are by path."""
        other = [i for i, s in self.software.items() if s.path == path and s.deployed and i != instance]
        if other:
            self._chronicle.broke(
                "never_a_start_without_deploy", f"{whole(self.agent, path)}: the directory of {other} is removed"
            )
        self.software.pop(instance, None)

    # --- what happens to it

    def runs_action(self, instance: str) -> bool:
        """Tell whether an action of an instance is under way."""
        return any(p.run.instance.id == instance for p in self._processes.values())

    def kill(self, instance: str) -> bool:
        """End the process of an instance; False when it does not run or nobody could notice."""
        software = self.software.get(instance)
        if software is None or not software.running or not (software.recipe.has_status or software.recipe.has_pid_file):
            return False
        software.running = False
        self._chronicle.fault(Fault.PROCESS_DIED, self.agent, software.path)
        self._tell_death(instance)
        return True

    def lose_result(self, index: int) -> bool:
        """Kill an action with its shim, so that nobody learns its result; False when none runs."""
        begun = [p for p in self._processes.values() if p.fact is not None]
        if not begun:
            return False
        process = begun[index % len(begun)]
        self._chronicle.fault(Fault.RESULT_LOST, self.agent, f"{process.run.instance.path} {process.run.action}")
        self._abandon(process)
        if self.ended is not None:
            self.ended(process.run.id, _failed("its result is lost: the shim was killed"))
        return True

    def reboot(self) -> None:
        """Lose everything that runs, keep the disk."""
        for process in list(self._processes.values()):
            self._abandon(process)
        self._lock = None
        for software in self.software.values():
            software.running = False
        self.watched.clear()
        self.booted = self._schedule.now
        self.rebooted = True

    def vanish(self) -> None:
        """Be gone for good."""
        self.reboot()
        self.alive = False

    # --- actions

    def _begin(self, process: _Process) -> None:
        run = process.run
        process.waiting = False
        if run.exclusive:
            self._lock = process
        software = self._software_of(run)
        fact = process.fact = ActionFact(
            agent=self.agent,
            machine=self.machine_id,
            id=run.id,
            instance=run.instance.id,
            path=run.instance.path,
            action=run.action,
            began=self._schedule.now,
            imports=run.imports,
        )
        self._check(process, software)
        if run.action is not Action.STATUS:
            self._begins(self, run, software)
        self._chronicle.began(fact)
        self._schedule_end(process, software)

    def _schedule_end(self, process: _Process, software: Software) -> None:
        run, conditions = process.run, self._conditions
        if run.action is Action.STATUS:
            serves = software.running and self._schedule.now >= software.ready_at
            outcome = Outcome() if serves else _failed("exit status 1", 1)
            process.appointment = self._schedule.after(0.02, partial(self._end, process, outcome))
            return
        count = self._counts[run.instance.id, run.action] = self._counts.get((run.instance.id, run.action), 0) + 1
        name = f"{run.instance.path}/{run.action}/{count}"
        duration = self._dice.between(name, conditions.action_s)
        chance = self._dice.number(f"fate/{name}")
        outcome = self._outcome_of(process, chance, name)
        if outcome.ports_taken:
            duration = 0.0
        elif outcome.reason.startswith("timed out"):
            duration = run.timeout_s
        elif duration >= run.timeout_s:
            duration, outcome = run.timeout_s, _failed(f"timed out after {run.timeout_s:g} s", None, name)
        outcome = replace(outcome, duration_s=duration, started=self._schedule.now)
        process.appointment = self._schedule.after(duration, partial(self._end, process, outcome))

    def _outcome_of(self, process: _Process, chance: float, name: str) -> Outcome:
        run, conditions = process.run, self._conditions
        who = f"{run.instance.path} {run.action}"
        if run.action is Action.START and run.instance.ports and chance < conditions.port_taken:
            self._chronicle.fault(Fault.PORT_TAKEN, self.agent, who)
            return replace(_failed("port taken"), ports_taken=tuple(sorted(run.instance.ports))[:1])
        chance -= conditions.port_taken
        if 0 <= chance < conditions.action_failed:
            self._chronicle.fault(Fault.ACTION_FAILED, self.agent, who)
            return _failed("exit status 3", 3, name)
        chance -= conditions.action_failed
        if 0 <= chance < conditions.action_hangs:
            self._chronicle.fault(Fault.ACTION_HANGS, self.agent, who)
            return _failed(f"timed out after {run.timeout_s:g} s", None, name)
        return Outcome(stdout=name, has_status=self._recipes(run.instance.component).has_status)

    def _end(self, process: _Process, outcome: Outcome, *, completed: bool = True) -> None:
        run = process.run
        self._release(process)
        if process.fact is not None:
            self._conclude(process.fact, outcome)
            self._take_effect(run, succeeded=not outcome.reason, completed=completed)
        self.outcomes[run.id] = outcome
        if self.ended is not None:
            self.ended(run.id, outcome)

    def _conclude(self, fact: ActionFact, outcome: Outcome) -> None:
        fact.ended, fact.succeeded, fact.output = self._schedule.now, not outcome.reason, outcome.stderr
        self._chronicle.ended(fact)

    def _abandon(self, process: _Process) -> None:
        """End an action so that no result is left."""
        self._release(process)
        if process.appointment is not None:
            process.appointment.cancel()
        if process.fact is not None:
            process.fact.ended = self._schedule.now
            self._chronicle.ended(process.fact)
            self._take_effect(process.run, succeeded=False, completed=False)

    def _release(self, process: _Process) -> None:
        self._processes.pop(process.run.id, None)
        if self._lock is process:
            self._lock = None
            following = next((p for p in self._processes.values() if p.waiting), None)
            if following is not None:
                self._begin(following)

    def _take_effect(self, run: Run, *, succeeded: bool, completed: bool) -> None:
        software = self._software_of(run)
        match run.action:
            case Action.DEPLOY:
                software.deployed, software.saw = succeeded, None
            case Action.START:
                software.running = succeeded
                self._start_effect(run, software)
                self._note_seen(run, software, succeeded)
            case Action.UPDATE:
                self._note_seen(run, software, succeeded)
            case Action.STOP:
                software.running = software.running and not succeeded
                software.hidden = software.running and not software.serves_by(self._schedule.now)
            case Action.UNDEPLOY if succeeded:
                software.deployed = software.running = False
                software.saw = None
            case _:
                pass

    def _start_effect(self, run: Run, software: Software) -> None:
        count = self._counts[run.instance.id, Action.START]
        never = self._dice.number(f"ready/{run.instance.path}/{count}") < self._conditions.never_ready
        software.ready_at = self._schedule.now + software.recipe.ready_s
        if never and software.running and software.recipe.has_status:
            self._chronicle.fault(Fault.NEVER_READY, self.agent, run.instance.path)
            software.ready_at = float("inf")

    def _note_seen(self, run: Run, software: Software, succeeded: bool) -> None:
        software.failed_update = not succeeded
        if succeeded:
            software.saw, software.saw_at = content_of(run.imports), self._schedule.now

    def _software_of(self, run: Run) -> Software:
        software = self.software.get(run.instance.id)
        if software is None:
            software = Software(run.instance.path, self._recipes(run.instance.component))
            self.software[run.instance.id] = software
        return software

    def _tell_death(self, instance: str) -> None:
        software = self.software.get(instance)
        if self.died is not None and instance in self.watched and (software is None or not software.running):
            self.watched.discard(instance)
            self.died(instance)

    # --- promises that are seen here first

    def _check(self, process: _Process, software: Software) -> None:
        run, who = process.run, f"{whole(self.agent, process.run.instance.path)}"
        others = [
            p.run.action for p in self._processes.values() if p is not process and p.run.instance.id == run.instance.id
        ]
        if others:
            self._chronicle.broke("at_most_one_action_at_a_time", f"{who}: {run.action} begins while {others} runs")
        if run.action is Action.DEPLOY and software.deployed:
            self._chronicle.broke("what_is_there_is_not_deployed_again", who)
        if run.action is Action.DEPLOY and any(
            s.path == software.path and s.deployed for s in self.software.values() if s is not software
        ):
            self._chronicle.broke("never_a_start_without_deploy", f"{who}: its directory belongs to another instance")
        if run.action in (Action.START, Action.UPDATE) and not software.deployed:
            self._chronicle.broke("never_a_start_without_deploy", f"{who}: {run.action}")
        if run.action is Action.START and software.running and software.serves_by(self._schedule.now):
            self._chronicle.broke("what_runs_is_not_started_again", who)


def _failed(reason: str, exit_status: int | None = None, name: str = "") -> Outcome:
    return Outcome(exit_status=exit_status, reason=reason, stderr=f"error of {name}" if name else "")
