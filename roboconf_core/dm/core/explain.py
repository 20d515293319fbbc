"""Why an instance is as it is: what it waits for, and what that waits for in turn.

Pure functions over the core's memory.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from roboconf_core.dm.core import directory, lookup, settled
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord
from roboconf_core.messages.types import InstanceReported
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.model.variables import exports_of_type, import_specs, prefix_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A sentence about one instance, and the reasons behind it."""

    path: str
    text: str
    """A whole sentence: ``/web-vm/web waits for Store.port for 12 s``."""
    since: float = 0.0
    """Wall time (Unix seconds) since when this is so; 0 when unknown."""
    because: tuple[Reason, ...] = ()


def explain(memory: Memory, application: str, path: str = "", *, now: float | None = None) -> dict[str, Any]:
    """Return why an instance, or each instance that is not at rest, is as it is.

    Args:
        memory: Of the core.
        application: Name of the application.
        path: Of an instance; empty for the whole application.
        now: Wall time (Unix seconds); by default that of the newest event.

    Returns:
        ``text`` for people, indented by two spaces per step, and ``reasons`` as a tree.

    Raises:
        NotFoundError: If application or instance do not exist.
    """
    moment = memory.moment.wall if now is None else now
    lookup.application(memory, application)
    if path.rstrip("/"):
        chosen = [lookup.instance(memory, application, path)]
    else:
        chosen = [i for i in memory.instances_of(application) if settled.blockers_of(memory, i)]
    reasons = [reason for i in chosen for reason in reasons_of(memory, i, moment, frozenset())]
    text = "\n".join(line for reason in reasons for line in _lines(reason, 0))
    return {
        "application": application,
        "path": path,
        "text": text or f"'{application}' is at rest: everything is as it is wanted",
        "reasons": [asdict(reason) for reason in reasons],
    }


def reasons_of(memory: Memory, instance: InstanceRecord, now: float, seen: frozenset[str]) -> list[Reason]:
    """Return why an instance is as it is, following causes to instances that were not ``seen`` on the way."""
    if instance.id in seen:
        return [Reason(path=instance.path, text=f"{instance.path}: see above")]
    seen = seen | {instance.id}
    if instance.is_machine:
        return _of_machine(memory, instance, now)
    return _of_software(memory, instance, now, seen)


def duration(seconds: float) -> str:
    """Return a duration for people: ``41 s``, ``3 min``, ``2 h``."""
    if seconds < 120:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _of_machine(memory: Memory, instance: InstanceRecord, now: float) -> list[Reason]:
    machine = memory.machine_of(instance)
    path, since = instance.path, machine.since
    found = settled.blockers_of(memory, instance)
    if not found:
        cause = f": {machine.cause}" if machine.cause else ""
        return [Reason(path=path, text=f"{path} is {machine.status}, as it is wanted{cause}", since=since)]
    lost = machine.status is Status.PROBLEM
    return [
        Reason(
            path=path, text=f"{path} {b.text} (for {duration(now - since)}){_hint(instance, b, lost=lost)}", since=since
        )
        for b in found
    ]


def _of_software(memory: Memory, instance: InstanceRecord, now: float, seen: frozenset[str]) -> list[Reason]:
    path, report = instance.path, memory.reports.get(instance.id)
    found = settled.blockers_of(memory, instance)
    if not found:
        return [_at_rest(memory, instance, report, now, seen)]
    if report is not None and report.action is not None:
        return [_acting(path, report, now)]
    since = report.since if report else 0.0
    ago = f" (for {duration(now - since)})" if since else ""
    because = tuple(_behind(memory, instance, report, now, seen))
    return [
        Reason(
            path=path,
            text=f"{path} {b.text}{ago}{_hint(instance, b)}",
            since=since,
            because=because if b is found[0] else (),
        )
        for b in found
    ]


def _at_rest(
    memory: Memory, instance: InstanceRecord, report: InstanceReported | None, now: float, seen: frozenset[str]
) -> Reason:
    status = report.status if report else Status.NOT_DEPLOYED
    text = f"{instance.path} is {status}, as it is wanted"
    if report is not None and report.cause:
        text += f" (for {duration(now - report.since)}): {report.cause}"
    return Reason(path=instance.path, text=text, since=report.since if report else 0.0)


def _acting(path: str, report: InstanceReported, now: float) -> Reason:
    text = f"{path} is {report.status}; its {report.action} runs for {duration(now - report.action_since)}"
    if report.action_timeout_s:
        text += f" of {duration(report.action_timeout_s)}"
    return Reason(path=path, text=text, since=report.action_since)


def _behind(
    memory: Memory, instance: InstanceRecord, report: InstanceReported | None, now: float, seen: frozenset[str]
) -> list[Reason]:
    """Return the reasons that lie with other instances."""
    machine = memory.find(instance.application, instance.machine)
    if machine is not None and memory.machine_of(instance).status is not Status.DEPLOYED_STARTED:
        return reasons_of(memory, machine, now, seen)
    status = report.status if report else Status.NOT_DEPLOYED
    if status is Status.WAITING_FOR_ANCESTOR:
        parent = memory.find(instance.application, instance.parent)
        return reasons_of(memory, parent, now, seen) if parent else []
    if status is Status.UNRESOLVED:
        return [
            r for prefix in missing_prefixes(memory, instance) for r in _providers(memory, instance, prefix, now, seen)
        ]
    return []


def missing_prefixes(memory: Memory, instance: InstanceRecord) -> list[str]:
    """Return the mandatory prefixes under which nobody exports anything to an instance."""
    wanted = import_specs(memory.template_of(instance.application).graph, instance.component)
    return [
        one.prefix
        for one in wanted
        if not one.optional
        and not any(p.instance != instance.id for p in directory.live(memory, instance.application, one.prefix))
    ]


def _providers(memory: Memory, instance: InstanceRecord, prefix: str, now: float, seen: frozenset[str]) -> list[Reason]:
    graph = memory.template_of(instance.application).graph
    able = {c for c in graph.components if any(prefix_of(name) == prefix for name in exports_of_type(graph, c))}
    providers = [i for i in memory.instances_of(instance.application) if i.component in able and i.id != instance.id]
    if not providers:
        return [Reason(path=instance.path, text=f"no instance of the application exports {prefix}")]
    return [reason for provider in providers for reason in _provider(memory, provider, now, seen)]


def _provider(memory: Memory, provider: InstanceRecord, now: float, seen: frozenset[str]) -> list[Reason]:
    if provider.desired is not Desired.DEPLOYED_STARTED:
        text = f"{provider.path} could export it, but {provider.desired} is wanted of it"
        return [Reason(path=provider.path, text=text)]
    return reasons_of(memory, provider, now, seen)


def _hint(instance: InstanceRecord, blocker: settled.Blocker, *, lost: bool = False) -> str:
    application, path = shlex.quote(instance.application), shlex.quote(blocker.path)
    if blocker.exhausted:
        return f"; `roboconf retry {application} --path {path}` tries it again"
    return f"; `roboconf agent start {application} {path}` starts its agent again" if lost else ""


def _lines(reason: Reason, depth: int) -> list[str]:
    return ["  " * depth + reason.text, *(line for below in reason.because for line in _lines(below, depth + 1))]
