"""When an application is at rest, and what prevents it.

At rest: nothing runs or is pending, all desired states are reached, mandatory imports are
resolved, every started instance works with what is exported now. Pure functions over the
core's memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from roboconf_core.dm.core import arrival, directory, lookup, specs
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord, MachineRecord, Phase
from roboconf_core.messages.types import Failure, InstanceReported
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.model.variables import prefix_of

_REACHED = {
    Desired.NOT_DEPLOYED: Status.NOT_DEPLOYED,
    Desired.DEPLOYED_STOPPED: Status.DEPLOYED_STOPPED,
    Desired.DEPLOYED_STARTED: Status.DEPLOYED_STARTED,
}


_WAITING = frozenset({Status.UNRESOLVED, Status.WAITING_FOR_ANCESTOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """What keeps an application from being at rest."""

    path: str
    text: str
    """A sentence without its subject: ``waits for Store.port``."""
    exhausted: bool = False
    """True when it does not go away by itself."""


def settled(memory: Memory, application: str) -> dict[str, Any]:
    """Return whether an application is at rest, and what prevents it, as plain JSON values.

    Raises:
        NotFoundError: If there is no such application.
    """
    found = blockers(memory, application)
    return {"settled": not found, "blockers": [asdict(blocker) for blocker in found]}


def blocked(memory: Memory, application: str, suspect: str = "") -> str:
    """Return the path of an instance that keeps an application from being at rest, empty when it is.

    Args:
        memory: What is known.
        application: Its name.
        suspect: Path of an instance that is looked at first: what blocked a moment ago often still does.

    Raises:
        NotFoundError: If there is no such application.
    """
    lookup.application(memory, application)
    first = memory.find(application, suspect)
    if first is not None and blockers_of(memory, first):
        return suspect
    instances = memory.instances_of(application)
    return next((instance.path for instance in instances if blockers_of(memory, instance)), "")


def blockers(memory: Memory, application: str) -> list[Blocker]:
    """Return what prevents rest, in the order of the instances.

    Raises:
        NotFoundError: If there is no such application.
    """
    lookup.application(memory, application)
    instances = memory.instances_of(application)
    return [blocker for instance in instances for blocker in blockers_of(memory, instance)]


def blockers_of(memory: Memory, instance: InstanceRecord) -> list[Blocker]:
    """Return what prevents one instance from being at rest."""
    if instance.is_machine:
        return list(_of_machine(memory, instance, memory.machine_of(instance)))
    return list(_of_software(memory, instance))


def failure_text(failure: Failure) -> str:
    """Return a failed action as a sentence without its subject."""
    rest = "given up" if failure.exhausted else "to be tried again"
    printed = (failure.stderr or failure.stdout).strip().splitlines()
    said = f": {printed[-1].strip()}" if printed else ""
    return f"{failure.action} failed (attempt {failure.attempt}, {rest}): {failure.reason}{said}"


def missing_handler(memory: Memory, instance: InstanceRecord) -> str:
    """Return the problem of an instance whose installer the agent does not serve; empty when it does or is unknown."""
    machine = memory.machine_of(instance)
    installer = memory.template_of(instance.application).graph.installer_of(instance.component) or ""
    if instance.is_machine or machine.handlers is None or installer.lower() in map(str.lower, machine.handlers):
        return ""
    return f"no plugin on {machine.path} serves the installer '{installer}'"


def _of_machine(memory: Memory, instance: InstanceRecord, machine: MachineRecord) -> Iterator[Blocker]:
    path, failure = instance.path, machine.failure
    if instance.removing:
        yield Blocker(path=path, text="is being removed")
    if failure is not None:
        rest = "given up" if failure.exhausted else "to be tried again"
        text = f"{failure.step} failed (attempt {failure.attempt}, {rest}): {failure.reason}"
        yield Blocker(path=path, text=text, exhausted=failure.exhausted)
    elif machine.status is Status.PROBLEM:
        yield Blocker(path=path, text=f"is lost: {machine.problem or machine.cause}")
    elif instance.agent in memory.presence.doubted:
        yield Blocker(path=path, text="is silent together with many others: judgement is suspended")
    elif instance.agent in memory.presence.awaited:
        yield Blocker(path=path, text="was not heard of since the deployment manager started")
    elif machine.phase is not (Phase.IDLE if instance.desired is Desired.NOT_DEPLOYED else Phase.RUNNING):
        yield Blocker(path=path, text=machine_activity(memory, machine))


def machine_activity(memory: Memory, machine: MachineRecord) -> str:
    """Return what is being done with a machine, as a sentence without its subject."""
    waits = arrival.waits_for(memory, machine) if machine.phase is Phase.IDLE else ""
    return {
        Phase.IDLE: f"waits for {waits}" if waits else "is not deployed",
        Phase.CREATING: "is being created",
        Phase.CONFIGURING: "is being configured",
        Phase.AWAITING_AGENT: "waits for its agent",
        Phase.RUNNING: "runs",
        Phase.DRAINING: "waits until all on it is undeployed",
        Phase.TERMINATING: "is being ended",
    }[machine.phase]


def _of_software(memory: Memory, instance: InstanceRecord) -> Iterator[Blocker]:
    path, report = instance.path, memory.reports.get(instance.id)
    if instance.desired is Desired.NOT_DEPLOYED:
        if report is not None and not _is_at_rest(report, Status.NOT_DEPLOYED):
            yield from _in_the_way(path, report)
        return
    if problem := missing_handler(memory, instance):
        yield Blocker(path=path, text=problem, exhausted=True)
    elif memory.machine_of(instance).status is Status.PROBLEM and report is not None:
        yield Blocker(path=path, text=f"was {report.status} when {instance.machine} was lost")
    elif memory.machine_of(instance).status is not Status.DEPLOYED_STARTED:
        yield Blocker(path=path, text=f"waits for {instance.machine}")
    elif report is None or report.generation < instance.generation:
        yield Blocker(path=path, text="waits for its agent to take up the newest request")
    elif not _is_at_rest(report, _REACHED[instance.desired]):
        yield from _in_the_way(path, report)
    elif instance.desired is Desired.DEPLOYED_STARTED:
        yield from _not_joined_up(memory, instance, report)


def _is_at_rest(report: InstanceReported, status: Status) -> bool:
    return report.status is status and report.action is None and report.failure is None and not report.dirty


def _in_the_way(path: str, report: InstanceReported) -> Iterator[Blocker]:
    failure = report.failure
    if failure is not None:
        yield Blocker(path=path, text=failure_text(failure), exhausted=failure.exhausted)
    if report.action is not None:
        yield Blocker(path=path, text=f"its {report.action} runs")
    elif failure is not None and failure.exhausted and report.status not in _WAITING:
        return  # it waits to be asked to try again, and for nothing else
    elif report.waits:
        yield from (Blocker(path=path, text=wait) for wait in report.waits)
    elif failure is None:
        yield Blocker(path=path, text="an update is due" if report.dirty else f"is still {report.status}")


def _not_joined_up(memory: Memory, instance: InstanceRecord, report: InstanceReported) -> Iterator[Blocker]:
    """Yield what is still under way between a started instance and others."""
    published = {p.prefix for p in memory.published_by(instance.agent) if p.instance == instance.id and p.variables}
    unpublished = sorted({prefix_of(name) for name in specs.exports_of(memory, instance)} - published - {""})
    if unpublished:
        yield Blocker(path=instance.path, text=f"its exports are not published yet: {', '.join(unpublished)}")
    for wanted in specs.imports_of(memory.template_of(instance.application), instance.component):
        there = directory.live_instances(memory, instance.application, wanted.prefix)
        held = {i.instance for i in report.imports if i.prefix == wanted.prefix}
        others = len(there) - (instance.id in there)  # an instance does not import itself
        if len(held) != others or not held <= there:
            yield Blocker(path=instance.path, text=f"does not work with exactly what exports {wanted.prefix} yet")
