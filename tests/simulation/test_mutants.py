"""Mutants of the two cores, each with one thing wrong: the promises must catch every one of them.

A mutant that lives would mean that the simulation does not see what it is there to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

import pytest

from roboconf_core.agent.core import agent as core
from roboconf_core.agent.core import failures as core_failures
from roboconf_core.agent.core import links as core_links
from roboconf_core.agent.core import mind as core_mind
from roboconf_core.agent.core import outcomes as core_outcomes
from roboconf_core.agent.core import registry as core_registry
from roboconf_core.agent.core import restart as core_restart
from roboconf_core.agent.core import rules as core_rules
from roboconf_core.agent.core import waits as core_waits
from roboconf_core.dm.core import directory, hearing, liveness, steps, used_ports
from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.state import INSTANCE
from roboconf_core.dm.events import DoMachineStep, Requested, Save
from roboconf_core.messages.types import ExportsPublished
from roboconf_core.model.lifecycle import Action, Status, Trigger
from roboconf_core.simulation import manager, scenario
from roboconf_core.simulation.chronicle import Violation
from roboconf_core.simulation.conditions import Conditions

SEEDS = 500
"""Within so many scenarios a mutant must be caught."""

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """What is wrong, and which promises show it."""

    name: str
    apply: Patch
    caught_by: frozenset[str]
    weather: Conditions | None
    """In which it shows soon; None for that of each scenario."""


MUTANTS: list[Mutant] = []


def mutant(*caught_by: str, weather: Conditions | None = None) -> Callable[[Patch], Patch]:
    def register(patch: Patch) -> Patch:
        MUTANTS.append(Mutant(patch.__name__, patch, frozenset(caught_by), weather))
        return patch

    return register


LATE = Conditions(doubled=0.6, reordered=0.2)
"""Much comes late, and again."""
FAIR = Conditions()
"""Nothing goes wrong but what the script says."""


SLOW = Conditions(action_s=(2.0, 5.0))
"""Actions take longer than agents live, now and then."""


class Everything:
    """Equal to whatever it is compared with."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


# --- order


@mutant("late_messages_change_nothing", weather=LATE)
def stale_sequence_accepted(patch):
    def is_news(self, publication):
        ended = self._ended.get(publication.agent)
        return ended is None or publication.epoch > ended

    patch.setattr(core_registry.ImportRegistry, "_is_news", is_news)


@mutant("late_messages_change_nothing", weather=LATE)
def tombstone_forgotten(patch):
    put = core_registry.ImportRegistry._put

    def without_tombstones(self, publication):
        put(self, publication)
        if publication.variables is None:
            del self._held[publication.prefix][publication.instance]

    patch.setattr(core_registry.ImportRegistry, "_put", without_tombstones)


@mutant("farewells_are_final", weather=LATE)
def farewell_unordered(patch):
    farewell = core_registry.ImportRegistry.farewell

    def forgotten_at_once(self, agent, epoch):
        news = farewell(self, agent, epoch)
        self._ended.pop(agent, None)
        return news

    patch.setattr(core_registry.ImportRegistry, "farewell", forgotten_at_once)


@mutant("importers_saw_what_is_exported", "settled_says_so", "desired_states_are_reached")
def refutation_missing(patch):
    bid_farewell = core.AgentCore._bid_farewell

    def believe(self, agent, epoch):
        if agent != self._mind.agent:
            bid_farewell(self, agent, epoch)

    patch.setattr(core.AgentCore, "_bid_farewell", believe)


@mutant("importers_saw_what_is_exported", "settled_says_so", "desired_states_are_reached")
def generation_ignored(patch):
    def is_news(self, publication):
        ended, held = self._ended.get(publication.agent), self.get(core_registry.key_of(publication))
        if ended is not None and publication.epoch[1:] <= ended[1:]:
            return False
        return held is None or (held.epoch[1:], held.sequence) < (publication.epoch[1:], publication.sequence)

    patch.setattr(core_registry.ImportRegistry, "_is_news", is_news)


# --- imports


@mutant("updates_tell_the_real_difference", "importers_saw_what_is_exported")
def difference_against_the_last_attempt(patch):
    ended = core_outcomes._ENDED[Action.UPDATE]

    def as_if_it_had_succeeded(mind, record, running, outcome):
        mind.see(record, running.imports)
        ended(mind, record, running, outcome)

    patch.setitem(core_outcomes._ENDED, Action.UPDATE, as_if_it_had_succeeded)


@mutant("importers_saw_what_is_exported", "no_update_without_a_difference")
def self_import(patch):
    current_imports = core_mind.current_imports

    def with_itself(registry, spec):
        return current_imports(registry, replace(spec, id="somebody else"))

    patch.setattr(core_mind, "current_imports", with_itself)


@mutant("not_started_without_imports")
def update_beats_stop(patch):
    rules = core_rules._RULES_OF[Status.DEPLOYED_STARTED]
    first = tuple(rule for rule in rules if rule.trigger is Trigger.IMPORTS_CHANGED)
    rest = tuple(rule for rule in rules if rule.trigger is not Trigger.IMPORTS_CHANGED)
    patch.setitem(core_rules._RULES_OF, Status.DEPLOYED_STARTED, first + rest)


@mutant("not_started_without_imports", "desired_states_are_reached")
def lost_imports_ignored(patch):
    rules = core_rules._RULES_OF[Status.DEPLOYED_STARTED]
    rest = tuple(rule for rule in rules if rule.trigger not in (Trigger.IMPORTS_LOST, Trigger.IMPORTS_CHANGED))
    patch.setitem(core_rules._RULES_OF, Status.DEPLOYED_STARTED, rest)


@mutant("importers_saw_what_is_exported")
def held_imports_never_repaired(patch):
    patch.setattr(directory, "digest_of_prefix", lambda *arguments: Everything())


@mutant("nothing_is_said_at_rest")
def repairs_without_end(patch):
    patch.setattr(directory, "digest_of_prefix", lambda *arguments: "never that of anybody")


@mutant("exports_only_of_what_serves")
def publication_before_ready(patch):
    expect_readiness = core_outcomes.expect_readiness

    def publish_too(mind, record):
        mind.exporter.publish(record.spec)
        return expect_readiness(mind, record)

    patch.setattr(core_outcomes, "expect_readiness", publish_too)


@mutant("importers_let_go_before_a_planned_stop", weather=FAIR)
def drain_skipped(patch):
    patch.setattr(core_waits, "drain_waits", lambda mind, record: ())


@mutant("transient_states_end", "desired_states_are_reached")
def drain_without_a_deadline(patch):
    drain_waits = core_waits.drain_waits

    def for_ever(mind, record):
        mind.pace(record).drain_until = inf
        return drain_waits(mind, record)

    patch.setattr(core_waits, "drain_waits", for_ever)


@mutant("importers_let_go_before_a_planned_stop", weather=FAIR)
def holders_not_told(patch):
    patch.setattr(core_links.Links, "tell_holders", lambda self: None)


# --- actions


@mutant("at_most_one_action_at_a_time", weather=SLOW)
def running_actions_not_adopted(patch):
    begin_life = core.begin_life

    def as_if_nothing_ran(mind, event, **more):
        begin_life(mind, replace(event, running=frozenset()), **more)

    patch.setattr(core, "begin_life", as_if_nothing_ran)


@mutant("what_is_there_is_not_deployed_again")
def deploy_repeated_after_a_restart_of_the_agent(patch):
    is_known = core_restart._is_known

    def forgetful(record, event):
        return is_known(record, event) and record.running.action is not Action.DEPLOY

    patch.setattr(core_restart, "_is_known", forgetful)


@mutant("what_runs_is_not_started_again", "restarts_change_nothing")
def every_restart_taken_for_a_reboot(patch):
    begin_life = core.begin_life
    patch.setattr(
        core, "begin_life", lambda mind, event, **more: begin_life(mind, replace(event, rebooted=True), **more)
    )


@mutant("failures_are_given_up")
def exhausted_never_set(patch):
    note_failure = core_failures.note_failure

    def again_and_again(*arguments, **more):
        return note_failure(*arguments, **{**more, "endless": True})

    for module in (core_outcomes, core_failures):
        patch.setattr(module, "note_failure", again_and_again)


# --- the deployment manager


class Hasty(DmCore):
    """Answers a request, and stores with the next event what it answered."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self._late = ()

    def handle(self, event, *, now):
        effects = (*self._late, *super().handle(event, now=now))
        self._late = ()
        if isinstance(event, Requested):
            self._late = tuple(e for e in effects if isinstance(e, Save) and e.kind == INSTANCE)
            effects = tuple(e for e in effects if e not in self._late)
        return effects


@mutant("acknowledged_requests_survive")
def acknowledged_before_journalled(patch):
    defaults = scenario.Scenario.__init__.__kwdefaults__
    patch.setitem(defaults, "make_manager", Hasty)


@mutant("ports_are_given_once")
def ports_given_twice(patch):
    patch.setattr(used_ports.UsedPorts, "take_lowest", lambda self: 10000)


@mutant("the_living_are_not_given_up", weather=FAIR)
def judged_while_asleep(patch):
    patch.setattr(scenario, "LIMITS", replace(scenario.LIMITS, late_s=inf))
    patch.setattr(liveness, "_too_many", lambda turn, crowd: False)


@mutant("no_machine_is_leaked_or_made_twice")
def machine_not_looked_for(patch):
    request = steps.request

    def as_if_it_were_the_first_time(turn, machine, step):
        request(turn, machine, step)
        last = turn.effects[-1]
        if isinstance(last, DoMachineStep):
            turn.effects[-1] = replace(last, attempt=1)

    patch.setattr(steps, "request", as_if_it_were_the_first_time)


@mutant("manager_knows_what_is")
def reports_never_repaired(patch):
    patch.setattr(hearing, "digest_of_reports", lambda reports: Everything())


@mutant("manager_knows_what_is")
def desired_state_told_once(patch):
    present = hearing._present

    def never_behind(turn, machine, epoch, version):
        found = present(turn, machine, epoch, version)
        turn.behind.clear()
        return found

    patch.setattr(hearing, "_present", never_behind)


@mutant("nothing_forged_is_believed", "late_messages_change_nothing", "importers_saw_what_is_exported")
def everybody_speaks_for_everybody(patch):
    hear = hearing.hear

    def credulous(turn, sender, message):
        if isinstance(message, ExportsPublished):
            sender = message.publication.agent
        hear(turn, sender, message)

    patch.setattr(hearing, "hear", credulous)
    patch.setattr(core, "may_say", lambda *arguments: True)
    patch.setattr(manager, "why_forged", lambda *arguments: "")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant, monkeypatch):
    mutant.apply(monkeypatch)
    for seed in range(SEEDS):
        if any(violation.promise in mutant.caught_by for violation in _violations(seed, mutant.weather)):
            return
    pytest.fail(f"{SEEDS} scenarios showed nothing of it")


def test_there_are_enough_mutants():
    assert len(MUTANTS) >= 12


def _violations(seed: int, weather: Conditions | None) -> list[Violation]:
    return scenario.Scenario(seed, weather=weather).play().violations
