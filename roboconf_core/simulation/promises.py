"""The promises, each as one function that says what of it is broken.

They judge by ground truth: what hosts really run, what recipes really saw, which machines
really exist. ``AT_REST`` holds once nothing has gone wrong for a while; what can be seen the
moment it happens is noted by those who see it, under the names of ``SEEN_AT_ONCE``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.dm.core import arrival, settled, specs, state
from roboconf_core.dm.core.memory import Memory
from roboconf_core.model.lifecycle import Action, Desired, Status
from roboconf_core.simulation.conditions import Fault
from roboconf_core.simulation.truth import Placed, Truth, wanted_of
from roboconf_core.simulation.world import World

Promise = Callable[[World], Iterable[str]]
"""Returns one sentence for each way in which it is broken."""

FORGED = "FORGED"
"""Value of everything that forged messages carry."""

_LOSSY = frozenset(
    {
        Fault.MESSAGE_LOST,
        Fault.QUEUE_OVERFLOWED,
        Fault.MANAGER_CRASHED,
        Fault.MANAGER_CRASHED_AFTER_SAVE,
        Fault.MANAGER_CRASHED_BEFORE_SAVE,
        Fault.AGENT_CRASHED,
        Fault.AGENT_CRASHED_AFTER_SAVE,
        Fault.AGENT_CRASHED_BEFORE_SAVE,
        Fault.AGENT_CRASHED_BEFORE_ACKNOWLEDGING,
        Fault.HOST_REBOOTED,
        Fault.MACHINE_LOST,
    }
)


# --- what holds at rest


def machines_are_as_wanted(world: World) -> Iterator[str]:
    """A machine that is wanted runs and is heard, one that is not wanted is gone (promises 5 and 8)."""
    memory = memory_of(world)
    for machine in memory.machines.values():
        instance = memory.instances[machine.instance]
        who = f"{machine.application}{machine.path}"
        if wanted_of(world, instance) is Desired.NOT_DEPLOYED:
            if machine.status is not Status.NOT_DEPLOYED:
                yield f"{who} is {machine.status}, {machine.phase}, though it is not wanted"
            elif instance.removing:
                yield f"{who} is still to be removed"
        elif machine.status is Status.NOT_DEPLOYED and arrival.waits_for(memory, machine):
            continue
        elif machine.status is not Status.DEPLOYED_STARTED:
            yield f"{who} is {machine.status}, {machine.phase}: {machine.problem or machine.cause}"
        elif machine.agent not in world.agents or not world.network.is_connected(machine.agent):
            yield f"the agent of {who} is not there"


def no_machine_is_leaked_or_made_twice(world: World) -> Iterator[str]:
    """What exists in the cloud is what the deployment manager has records of, one for one (promise 8)."""
    machines = memory_of(world).machines
    existing = {host.machine_id: host for host in world.hosts()}
    for host in existing.values():
        machine = machines.get(host.agent)
        if machine is None or machine.machine_id != host.machine_id or machine.generation != host.generation:
            yield f"{host.machine_id} of {host.agent}, generation {host.generation}, belongs to nobody"
    for machine in machines.values():
        if machine.machine_id and machine.machine_id not in existing and machine.status is Status.DEPLOYED_STARTED:
            yield f"{machine.machine_id} of {machine.agent} does not exist"


def desired_states_are_reached(world: World) -> Iterator[str]:
    """Every instance is as it is wanted, as far as its imports and its parent allow (promises 2 and 5)."""
    memory, truth = memory_of(world), Truth(world)
    for instance in memory.instances.values():
        machine = memory.machine_of(instance)
        if instance.is_machine or machine.status is not Status.DEPLOYED_STARTED:
            continue
        placed = truth.by_id.get(instance.id)
        who = f"{instance.application}{instance.path}"
        if placed is None or placed.host.agent != instance.agent:
            yield f"{who} is unknown to its agent"
            continue
        yield from (f"{who} {text}" for text in _wrong_status(truth, placed, wanted_of(world, instance)))
    for placed in truth.placed:
        if placed.record.id not in memory.instances:
            yield f"{placed.who} is {placed.record.status} though it does not exist any more"


def _wrong_status(truth: Truth, placed: Placed, desired: Desired) -> Iterator[str]:
    record, software = placed.record, placed.host.software.get(placed.record.id)
    expected = _expected_status(truth, placed, desired)
    if record.status is not expected:
        yield f"is {record.status} instead of {expected}: {record.cause}; {record.failure}"
    if record.failure is not None:
        yield f"has failed: {record.failure.action} {record.failure.reason}"
    if record.running is not None and record.running.action is not Action.STATUS:
        yield f"runs {record.running.action}"
    if record.dirty:
        yield "is to be updated"
    deployed = software is not None and software.deployed
    if deployed is (expected is Status.NOT_DEPLOYED):
        yield f"is {expected}, and really deployed: {deployed}"
    running = software is not None and software.running
    knowable = expected is Status.DEPLOYED_STARTED or (software is not None and not software.hidden)
    if knowable and running is not (expected is Status.DEPLOYED_STARTED):
        yield f"is {expected}, and really running: {running}"


def _expected_status(truth: Truth, placed: Placed, desired: Desired) -> Status:
    if desired is Desired.NOT_DEPLOYED:
        return Status.NOT_DEPLOYED
    if desired is Desired.DEPLOYED_STOPPED:
        return Status.DEPLOYED_STOPPED
    parent = _parent_of(truth, placed)
    if parent is not None and parent.status is not Status.DEPLOYED_STARTED:
        return Status.WAITING_FOR_ANCESTOR
    return Status.UNRESOLVED if truth.missing(placed) else Status.DEPLOYED_STARTED


def _parent_of(truth: Truth, placed: Placed) -> InstanceRecord | None:
    path = placed.record.spec.parent
    same_host = (p.record for p in truth.placed if p.host is placed.host and p.record.path == path)
    return next(same_host, None)


def importers_saw_what_is_exported(world: World) -> Iterator[str]:
    """The last successful start or update of every started importer saw what is exported now (promise 2)."""
    truth = Truth(world)
    for placed in truth.placed:
        if placed.record.status is not Status.DEPLOYED_STARTED:
            continue
        software = placed.host.software.get(placed.record.id)
        saw = software.saw if software is not None else None
        expected = truth.imports_of(placed)
        if saw != expected:
            missed = sorted(map(str, expected - (saw or frozenset())))
            stale = sorted(map(str, (saw or frozenset()) - expected))
            yield f"{placed.who} missed {missed}, and still works with {stale}"


def manager_knows_what_is(world: World) -> Iterator[str]:
    """What the deployment manager shows is what agents have; what it wants is what agents know of (promises 2 and 3)."""
    memory, truth = memory_of(world), Truth(world)
    for instance in memory.instances.values():
        machine, placed = memory.machine_of(instance), truth.by_id.get(instance.id)
        if instance.is_machine or placed is None or machine.status is not Status.DEPLOYED_STARTED:
            continue
        who, report = f"{instance.application}{instance.path}", memory.reports.get(instance.id)
        if report is None or report.status is not placed.record.status:
            yield f"{who} is shown as {report.status if report else 'unknown'}, and is {placed.record.status}"
        wanted = specs.spec_of(memory, instance)
        if placed.record.spec != wanted:
            yield f"{who} is known to its agent as {placed.record.spec}, and meant to be {wanted}"


def settled_says_so(world: World) -> Iterator[str]:
    """An application is called settled when nothing is missing, and not when something is."""
    memory, truth = memory_of(world), Truth(world)
    for application in memory.applications.values():
        waits = [
            p.who
            for p in truth.placed
            if p.host.agent.startswith(f"{application.name}/")
            and p.record.status in (Status.UNRESOLVED, Status.WAITING_FOR_ANCESTOR)
        ]
        waits += [m.path for m in memory.machines.values() if arrival.waits_for(memory, m) and _is_wanted(world, m)]
        blockers = settled.blockers(memory, application.name)
        if bool(blockers) is not bool(waits):
            yield f"{application.name} waits for {waits}, and is shown to wait for {blockers}"


def _is_wanted(world: World, machine: state.MachineRecord) -> bool:
    instance = memory_of(world).instances[machine.instance]
    return wanted_of(world, instance) is not Desired.NOT_DEPLOYED and machine.status is Status.NOT_DEPLOYED


AT_REST: tuple[Promise, ...] = (
    machines_are_as_wanted,
    no_machine_is_leaked_or_made_twice,
    desired_states_are_reached,
    importers_saw_what_is_exported,
    manager_knows_what_is,
    settled_says_so,
)
"""What must be true some time after the last fault and the last request."""


# --- what holds in the end, whatever happened


def output_of_failures_can_be_read(world: World) -> Iterator[str]:
    """What an action that failed had printed was kept (promise 9); what is lost takes it along."""
    if any(world.chronicle.tally.faults[fault] for fault in _LOSSY):
        return
    for fact in world.chronicle.actions:
        if fact.succeeded is False and fact.output and fact.machine in world.cloud.machines:
            report = world.store.reports.get(fact.id)
            if report is None or report.stderr != fact.output:
                yield f"{fact.action} of {fact.who} failed, and nobody can read '{fact.output}'"


def nothing_forged_is_believed(world: World) -> Iterator[str]:
    """What somebody else's credential was used for had no effect (promise 10)."""
    for publication in memory_of(world).exports.values():
        if FORGED in (publication.variables or {}).values():
            yield f"the deployment manager believes {publication}"
    for report in memory_of(world).reports.values():
        if report.cause == FORGED:
            yield f"the deployment manager believes {report}"
    for fact in world.chronicle.actions:
        if any(FORGED in (p.variables or {}).values() for p in fact.imports):
            yield f"{fact.action} of {fact.who} saw forged imports"


AT_THE_END: tuple[Promise, ...] = (output_of_failures_can_be_read, nothing_forged_is_believed)

SEEN_AT_ONCE: dict[str, str] = {
    "not_started_without_imports": "1: nothing is started, or stays so for long, while a mandatory import is missing",
    "no_update_without_a_difference": "2: an update sees something else than the last success, or the last one failed",
    "updates_tell_the_real_difference": "2: what joined, left and changed is told against the last success",
    "exports_only_of_what_serves": "2: what is published is started, and ready",
    "acknowledged_requests_survive": "3: what was answered is stored, and nobody else changes it",
    "every_request_is_answered": "3: each request has its one answer",
    "at_most_one_action_at_a_time": "4: no two actions of an instance at once, none twice",
    "never_a_start_without_deploy": "4: only what is deployed is started or updated; directories have one owner",
    "transient_states_end": "5: no transitive status for longer than all time-outs together",
    "failures_are_given_up": "5: what fails is tried as often as its settings say",
    "late_messages_change_nothing": "6: nothing is used that is older than what was heard",
    "farewells_are_final": "6: nothing is used that a farewell covers",
    "replays_change_nothing": "6: a world in which every message comes twice ends the same",
    "restarts_change_nothing": "7: at rest, a restart of everything runs no action",
    "nothing_is_said_at_rest": "7: at rest there are heartbeats and nothing else",
    "what_is_there_is_not_deployed_again": "7: deploy runs where nothing is deployed",
    "what_runs_is_not_started_again": "7: start runs where nothing serves",
    "no_machine_is_leaked_or_made_twice": "8: an agent has at most one machine",
    "ports_are_given_once": "8: no two instances of a host have the same random port",
    "agents_speak_for_themselves_only": "10: agents use the topics that are open to them",
    "forgeries_change_nothing": "10: a world in which credentials are abused ends the same",
    "importers_let_go_before_a_planned_stop": "drain: a planned stop waits for those who use the exports, up to the deadline",
    "the_living_are_not_given_up": "liveness: who could speak all the time is not given up",
    "the_table_tells_all_moves": "life cycle: machines move as the table says",
    "cores_decide_whatever_happens": "no core raises",
    "nobody_runs_in_a_circle": "time goes on: no core asks again and again for what changes nothing",
}
"""What is noted the moment it is seen, by hosts, drivers, watches and scenarios: name, and number and sentence."""


def broken(world: World, promises: Iterable[Promise]) -> list[tuple[str, str]]:
    """Return what of some promises is broken now: name of the promise and sentence."""
    return [(promise.__name__, text) for promise in promises for text in promise(world)]


def memory_of(world: World) -> Memory:
    """Return what the deployment manager knows.

    Raises:
        RuntimeError: If it does not run.
    """
    if world.manager is None:
        raise RuntimeError("the deployment manager does not run")
    return world.manager.memory
