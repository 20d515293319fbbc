"""The records in memory, with indexes, and what the present decision changed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from roboconf_core.dm.core import state
from roboconf_core.dm.core.presence import Presence
from roboconf_core.dm.core.state import (
    ApplicationRecord,
    Counters,
    InstanceRecord,
    MachineRecord,
    TemplateRecord,
)
from roboconf_core.dm.events import Delete, Save
from roboconf_core.messages.types import InstanceReported, Publication, agent_name, application_of
from roboconf_core.model.application import ApplicationTemplate
from roboconf_core.model.instant import Instant

R = TypeVar("R")
D = TypeVar("D")
Watcher = Callable[[R | None, R | None], None]
"""Told of each change: the record before and after."""


class Table(Generic[R]):
    """Records of one kind by key, in the order of their first writing."""

    def __init__(self, kind: str, watcher: Watcher[R] | None = None) -> None:
        self.kind = kind
        self._records: dict[str, R] = {}
        self._before: dict[str, R | None] = {}
        self._watcher = watcher

    def __contains__(self, key: str) -> bool:
        return key in self._records

    def __getitem__(self, key: str) -> R:
        return self._records[key]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def get(self, key: str) -> R | None:
        """Return a record, or None."""
        return self._records.get(key)

    def values(self) -> list[R]:
        """Return all records."""
        return list(self._records.values())

    def put(self, key: str, record: R) -> None:
        """Write a record; an equal one changes nothing."""
        before = self._records.get(key)
        if record != before:
            self._before.setdefault(key, before)
            self._set(key, record)

    def remove(self, key: str) -> None:
        """Remove a record; an unknown key is fine."""
        before = self._records.get(key)
        if before is not None:
            self._before.setdefault(key, before)
            self._set(key, None)

    def load(self, key: str, record: R) -> None:
        """Take in a record that is stored already."""
        self._set(key, record)

    def changes(self) -> list[Save | Delete]:
        """Return what is to be stored since the last ``commit``."""
        changes: list[Save | Delete] = []
        for key, before in self._before.items():
            now = self._records.get(key)
            if now is None and before is not None:
                changes.append(Delete(self.kind, key))
            elif now is not None and now != before:
                changes.append(Save(self.kind, key, now))
        return changes

    def commit(self) -> None:
        """Forget what was before."""
        self._before = {}

    def roll_back(self) -> None:
        """Return to what was at the last ``commit``."""
        for key, before in self._before.items():
            self._set(key, before)
        self._before = {}

    def _set(self, key: str, record: R | None) -> None:
        before = self._records.pop(key, None) if record is None else self._records.get(key)
        if record is not None:
            self._records[key] = record
        if self._watcher is not None:
            self._watcher(before, record)


class Memory:
    """All that the core knows, for modules of the core and for views; views only read."""

    def __init__(
        self,
        dm_id: str,
        records: Mapping[tuple[str, str], Any],
        templates: Mapping[str, ApplicationTemplate],
        shared_hosts: frozenset[str],
    ) -> None:
        self.dm_id = dm_id
        self.templates = dict(templates)
        self.shared_hosts = frozenset(name.lower() for name in shared_hosts)
        self.counters: Table[Counters] = Table(state.COUNTERS)
        self.template_records: Table[TemplateRecord] = Table(state.TEMPLATE)
        self.applications: Table[ApplicationRecord] = Table(state.APPLICATION, self._application_changed)
        self.instances: Table[InstanceRecord] = Table(state.INSTANCE, self._instance_changed)
        self.machines: Table[MachineRecord] = Table(state.MACHINE, self._machine_changed)
        self.reports: Table[InstanceReported] = Table(state.REPORT, self._report_changed)
        self.exports: Table[Publication] = Table(state.EXPORTS, self._exports_changed)
        self.presence = Presence()
        self.moment = Instant(0.0, 0.0)
        """Of the newest event; what views reckon with when they are not told the time."""
        self.touched: set[str] = set()
        """Agents whose desired state may have changed in this decision."""
        self._ids: dict[str, dict[str, str]] = {}
        self._on_machine: dict[str, dict[str, None]] = {}
        self._below: dict[tuple[str, str], dict[str, None]] = {}
        self._derived: dict[tuple[str, ...], Any] = {}
        self._by_agent: dict[str, dict[str, Publication]] = {}
        self._by_prefix: dict[tuple[str, str], dict[str, Publication]] = {}
        self._load(records)

    @property
    def _tables(self) -> tuple[Table[Any], ...]:
        return (
            self.counters,
            self.template_records,
            self.applications,
            self.instances,
            self.machines,
            self.reports,
            self.exports,
        )

    def _load(self, records: Mapping[tuple[str, str], Any]) -> None:
        for table in self._tables:
            found = [(key, record) for (kind, key), record in records.items() if kind == table.kind]
            if table is self.instances:
                found.sort(key=lambda pair: pair[1].number)
            for key, record in found:
                table.load(key, record)
        self.touched.clear()

    # --- decisions

    def changes(self) -> list[Save | Delete]:
        """Return all that the present decision changed."""
        return [change for table in self._tables for change in table.changes()]

    def commit(self) -> None:
        """End the decision: what it changed stands."""
        for table in self._tables:
            table.commit()
        self.touched.clear()

    def roll_back(self) -> None:
        """Undo what the present decision changed."""
        for table in self._tables:
            table.roll_back()
        self.touched.clear()

    # --- numbers

    def next_instance_id(self) -> str:
        """Return an identifier that no instance ever had."""
        counters = self.counters.get("all") or Counters()
        number = counters.instances + 1
        self.counters.put("all", Counters(instances=number, generations=counters.generations))
        return f"i{number}"

    def next_generation(self) -> int:
        """Return a generation greater than all before."""
        counters = self.counters.get("all") or Counters()
        number = counters.generations + 1
        self.counters.put("all", Counters(instances=counters.instances, generations=number))
        return number

    @property
    def newest_generation(self) -> int:
        """The greatest generation issued so far."""
        counters = self.counters.get("all")
        return counters.generations if counters else 0

    # --- look-ups

    def template_of(self, application: str) -> ApplicationTemplate:
        """Return the template of an application that exists."""
        return self.templates[self.applications[application].template_key]

    def find(self, application: str, path: str) -> InstanceRecord | None:
        """Return the instance of a path, or None."""
        found = self._ids.get(application, {}).get(path)
        return self.instances[found] if found else None

    def paths(self, application: str) -> list[str]:
        """Return the paths of all instances of an application."""
        return list(self._ids.get(application, {}))

    def instances_of(self, application: str) -> list[InstanceRecord]:
        """Return all instances of an application, parents before children."""
        return [self.instances[id_] for id_ in self._ids.get(application, {}).values()]

    def children(self, application: str, path: str) -> list[InstanceRecord]:
        """Return the instances right below a path; the root instances for the empty path."""
        return [self.instances[id_] for id_ in self._below.get((application, path), ())]

    def subtree(self, application: str, path: str) -> list[InstanceRecord]:
        """Return an instance and all below it, parents before children; all instances for the empty path."""
        top = self.find(application, path)
        found = [top] if top else self.children(application, path)
        for instance in found:  # grows while it is walked
            found.extend(self.children(application, instance.path))
        return found

    def ancestors(self, instance: InstanceRecord) -> list[InstanceRecord]:
        """Return what an instance stands on, nearest first."""
        found: list[InstanceRecord] = []
        parent = self.find(instance.application, instance.parent)
        while parent is not None:
            found.append(parent)
            parent = self.find(parent.application, parent.parent)
        return found

    def on_machine(self, agent: str) -> list[InstanceRecord]:
        """Return the instances that an agent is in charge of, without the machine, parents before children."""
        found = (self.instances[id_] for id_ in self._on_machine.get(agent, ()))
        return sorted((i for i in found if not i.is_machine), key=lambda i: (i.path.count("/"), i.number))

    def machine_of(self, instance: InstanceRecord) -> MachineRecord:
        """Return the machine that an instance stands on, or is."""
        return self.machines[instance.agent]

    def machines_below(self, application: str, path: str) -> list[MachineRecord]:
        """Return the machines that stand somewhere below a path, not the one of the path itself."""
        return [self.machines[i.agent] for i in self.subtree(application, path) if i.is_machine and i.path != path]

    def machine_above(self, machine: MachineRecord) -> MachineRecord | None:
        """Return the machine that a nested machine stands on, or None."""
        instance = self.instances[machine.instance]
        above = next(iter(self.ancestors(instance)), None)
        return self.machine_of(above) if above else None

    def published_by(self, agent: str) -> list[Publication]:
        """Return the newest publications of an agent, withdrawals included."""
        return list(self._by_agent.get(agent, {}).values())

    def published_under(self, application: str, prefix: str) -> list[Publication]:
        """Return the newest publications under a prefix, withdrawals included."""
        return list(self._by_prefix.get((application, prefix), {}).values())

    def derived(self, kind: str, *names: str, compute: Callable[[], D]) -> D:
        """Return a value that is worked out once, until what it stands for changes.

        Args:
            kind: ``prefix`` or ``live`` (of an application's prefix), ``published`` or ``reports`` (of an agent).
            names: Application and prefix, or the agent.
            compute: Works it out; its value must not be changed.
        """
        key = (kind, *names)
        if key not in self._derived:
            self._derived[key] = compute()
        found: D = self._derived[key]
        return found

    # --- indexes

    def _application_changed(self, before: ApplicationRecord | None, after: ApplicationRecord | None) -> None:
        if before is None and after is not None:
            self._ids.setdefault(after.name, {})
        elif after is None and before is not None and not self._ids.get(before.name):
            self._ids.pop(before.name, None)

    def _instance_changed(self, before: InstanceRecord | None, after: InstanceRecord | None) -> None:
        if before is not None and after is None:
            self._ids[before.application].pop(before.path, None)
            self._below.get((before.application, before.parent), {}).pop(before.id, None)
            self._on_machine.get(before.agent, {}).pop(before.id, None)
        elif after is not None and before is None:
            self._ids.setdefault(after.application, {})[after.path] = after.id
            self._below.setdefault((after.application, after.parent), {})[after.id] = None
            self._on_machine.setdefault(after.agent, {})[after.id] = None
        changed = after or before
        if changed is not None:
            self._touch(changed.application, changed.path, changed.agent)

    def _machine_changed(self, before: MachineRecord | None, after: MachineRecord | None) -> None:
        changed = after or before
        if changed is None:
            return
        self._touch(changed.application, changed.path, changed.agent)
        if before is None or after is None or before.farewell != after.farewell:
            for publication in self.published_by(changed.agent):
                self._forget_derived(publication)

    def _report_changed(self, before: InstanceReported | None, after: InstanceReported | None) -> None:
        changed = after or before
        instance = self.instances.get(changed.instance) if changed else None
        if instance is not None:
            self._derived.pop(("reports", instance.agent), None)

    def _forget_derived(self, publication: Publication) -> None:
        application, prefix = application_of(publication.agent), publication.prefix
        for key in (("published", publication.agent), ("prefix", application, prefix), ("live", application, prefix)):
            self._derived.pop(key, None)

    def _touch(self, application: str, path: str, agent: str) -> None:
        self.touched.add(agent)
        if len(self._below.get((application, path), ())):
            self.touched.update(
                agent_name(application, i.path) for i in self.subtree(application, path) if i.is_machine
            )

    def _exports_changed(self, before: Publication | None, after: Publication | None) -> None:
        changed = after or before
        if changed is None:
            return
        self._forget_derived(changed)
        key = exports_key(changed)
        places = (
            self._by_agent.setdefault(changed.agent, {}),
            self._by_prefix.setdefault((application_of(changed.agent), changed.prefix), {}),
        )
        for place in places:
            if after is None:
                place.pop(key, None)
            else:
                place[key] = after


def exports_key(publication: Publication) -> str:
    """Return the key under which a publication is kept: one per instance and prefix."""
    return f"{publication.instance} {publication.prefix}"
