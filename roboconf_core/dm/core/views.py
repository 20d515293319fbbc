"""What is to be seen of applications, instances and agents: plain JSON values, read from the core's memory."""

from __future__ import annotations

from typing import Any

from roboconf_core.dm.core import directory, lookup, settled, specs
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import ApplicationRecord, InstanceRecord, MachineRecord
from roboconf_core.messages.codec import to_plain
from roboconf_core.messages.types import InstanceReported
from roboconf_core.model.lifecycle import Desired, Status

View = dict[str, Any]


def applications(memory: Memory) -> list[View]:
    """Return a summary of each application, sorted by name."""
    return [_summary(memory, record) for record in sorted(memory.applications.values(), key=lambda a: a.name)]


def application(memory: Memory, name: str) -> View:
    """Return an application with the tree of its machines and instances.

    Raises:
        NotFoundError: If there is no such application.
    """
    record = lookup.application(memory, name)
    return _summary(memory, record) | {"instances": [_tree(memory, root) for root in memory.children(name, "")]}


def instances(memory: Memory, application_name: str, path: str = "") -> list[View]:
    """Return an instance and all below it, or all instances for the empty path, without nesting, sorted by path.

    Raises:
        NotFoundError: If application or instance do not exist.
    """
    lookup.application(memory, application_name)
    top = lookup.instance(memory, application_name, path).path if path.rstrip("/") else ""
    found = memory.subtree(application_name, top)
    return [instance_view(memory, i) for i in sorted(found, key=lambda i: i.path)]


def instance(memory: Memory, application_name: str, path: str) -> View:
    """Return an instance with its subtree.

    Raises:
        NotFoundError: If application or instance do not exist.
    """
    return _tree(memory, lookup.instance(memory, application_name, path))


def agents(memory: Memory) -> list[View]:
    """Return each agent that exists or should, sorted by name."""
    found = [m for m in memory.machines.values() if m.status is not Status.NOT_DEPLOYED]
    return [_agent(memory, machine) for machine in sorted(found, key=lambda m: m.agent)]


def instance_view(memory: Memory, record: InstanceRecord) -> View:
    """Return all that is known of an instance, without those below it."""
    machine = memory.machine_of(record)
    view: View = {
        "path": record.path,
        "name": record.name,
        "id": record.id,
        "component": record.component,
        "installer": memory.template_of(record.application).graph.installer_of(record.component) or "",
        "machine": record.is_machine,
        "desired": record.desired.value,
        "generation": record.generation,
        "removing": record.removing,
        "exports": specs.exports_of(memory, record),
        "ports": dict(record.ports),
        "published": sorted(_published(memory, record)),
    }
    report = memory.reports.get(record.id)
    return view | (_of_machine(memory, record, machine) if record.is_machine else _of_software(memory, record, report))


def _summary(memory: Memory, record: ApplicationRecord) -> View:
    statuses: dict[str, int] = {}
    for one in memory.instances_of(record.name):
        status = _status(memory, one).value
        statuses[status] = statuses.get(status, 0) + 1
    target = record.default_target
    return {
        "name": record.name,
        "template": record.template,
        "version": record.version,
        "description": record.description,
        "created": record.created,
        "default_target": {"id": target.id, "handler": target.handler} if target else None,
        "statuses": statuses,
        "settled": not settled.blockers(memory, record.name),
    }


def _tree(memory: Memory, record: InstanceRecord) -> View:
    below = memory.children(record.application, record.path)
    return instance_view(memory, record) | {"children": [_tree(memory, child) for child in below]}


def _status(memory: Memory, record: InstanceRecord) -> Status:
    if record.is_machine:
        return memory.machine_of(record).status
    report = memory.reports.get(record.id)
    return report.status if report else Status.NOT_DEPLOYED


def _published(memory: Memory, record: InstanceRecord) -> set[str]:
    found = (p for p in memory.published_by(record.agent) if p.instance == record.id)
    return {p.prefix for p in found if directory.is_live(memory, p)}


def _of_machine(memory: Memory, record: InstanceRecord, machine: MachineRecord) -> View:
    failure = machine.failure
    waits = [b.text for b in settled.blockers_of(memory, record)] if failure is None else []
    return {
        "status": machine.status.value,
        "since": machine.since,
        "cause": machine.cause,
        "waits": waits if machine.status is not Status.PROBLEM else [],
        "problem": machine.problem,
        "failure": _machine_failure(machine),
        "action": None,
        "action_since": 0.0,
        "action_timeout_s": 0.0,
        "dirty": False,
        "imports": [],
        "restarts": 0,
        "machine_id": machine.machine_id,
        "address": machine.ip,
        "phase": machine.phase.value,
        "target": {"id": machine.target.id, "handler": machine.target.handler} if machine.target else None,
        "agent": _agent(memory, machine),
    }


def _machine_failure(machine: MachineRecord) -> View | None:
    """Return the failed step of a machine in the shape of a failed action."""
    failure = machine.failure
    if failure is None:
        return None
    return {
        "action": failure.step.value,
        "reason": failure.reason,
        "attempt": failure.attempt,
        "exhausted": failure.exhausted,
        "next_try": failure.next_try,
        "exit_status": None,
        "duration_s": 0.0,
        "stdout": "",
        "stderr": "",
    }


def _of_software(memory: Memory, record: InstanceRecord, report: InstanceReported | None) -> View:
    wanted = record.desired is not Desired.NOT_DEPLOYED
    return {
        "status": report.status.value if report else Status.NOT_DEPLOYED.value,
        "since": report.since if report else 0.0,
        "cause": report.cause if report else "",
        "waits": _waits(memory, record, report),
        "problem": settled.missing_handler(memory, record) if wanted else "",
        "failure": to_plain(report.failure) if report and report.failure else None,
        "action": report.action.value if report and report.action else None,
        "action_since": report.action_since if report else 0.0,
        "action_timeout_s": report.action_timeout_s if report else 0.0,
        "dirty": report.dirty if report else False,
        "imports": [{"path": i.path, "prefix": i.prefix, "instance": i.instance} for i in report.imports]
        if report
        else [],
        "restarts": report.restarts if report else 0,
    }


def _waits(memory: Memory, record: InstanceRecord, report: InstanceReported | None) -> list[str]:
    if report is not None and (report.waits or report.action is not None):
        return list(report.waits)
    return [b.text for b in settled.blockers_of(memory, record) if not b.exhausted]


def _agent(memory: Memory, machine: MachineRecord) -> View:
    presence = memory.presence
    heard = presence.heard.get(machine.agent)
    return {
        "agent": machine.agent,
        "application": machine.application,
        "path": machine.path,
        "status": machine.status.value,
        "connected": machine.agent in presence.connected,
        "silent_s": max(0.0, memory.moment.monotonic - heard) if heard is not None else None,
        "judgement_suspended": machine.agent in presence.doubted,
        "machine_id": machine.machine_id,
        "address": machine.ip,
        "generation": machine.generation,
        "boot": machine.epoch.boot if machine.epoch else None,
        "version": machine.version,
        "held_version": presence.versions.get(machine.agent, 0),
        "handlers": dict(machine.handlers or {}),
        "problem": machine.problem,
    }
