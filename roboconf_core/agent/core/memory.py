"""What the core remembers and journals, and the tree of the instances of its machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roboconf_core.agent.core.imports import Imports
from roboconf_core.agent.core.state import (
    AGENT_KEY,
    DESIRED_KEY,
    INSTANCE_PREFIX,
    SEEN_PREFIX,
    AgentRecord,
    InstanceRecord,
    SeenRecord,
)
from roboconf_core.agent.events import Forget, Save
from roboconf_core.messages.types import DesiredState, InstanceSpec


class Memory:
    """The records by key; ``flush`` tells what of them must be journalled."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        self._records: dict[str, Any] = dict(records)
        self._journalled: dict[str, Any] = dict(records)
        self._touched: set[str] = set()
        self.seen_version = 0
        """Grows with every change of what instances saw."""
        self._order: tuple[str, ...] | None = None
        self._by_path: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        self._instances = {record.id: record for record in self._records.values() if isinstance(record, InstanceRecord)}
        self._running = {record.id for record in self._instances.values() if record.running}

    # --- records

    @property
    def agent(self) -> AgentRecord | None:
        """Which life this is; None on a new disk."""
        return self._records.get(AGENT_KEY)

    @property
    def desired(self) -> DesiredState | None:
        """The newest desired state; None as long as none came."""
        return self._records.get(DESIRED_KEY)

    def get(self, instance: str) -> InstanceRecord | None:
        """Return the record of an instance, by identifier."""
        return self._instances.get(instance)

    def seen(self, instance: str) -> Imports:
        """Return the imports that the last successful start or update of an instance saw."""
        record: SeenRecord | None = self._records.get(SEEN_PREFIX + instance)
        return record.imports if record else ()

    def put_agent(self, record: AgentRecord) -> None:
        """Replace the agent's own record."""
        self._put(AGENT_KEY, record)

    def put_desired(self, desired: DesiredState) -> None:
        """Replace the desired state."""
        self._put(DESIRED_KEY, desired)

    def put(self, record: InstanceRecord) -> None:
        """Replace the record of an instance."""
        known = self._instances.get(record.id)
        if known is None or known.spec is not record.spec or known.vanished is not record.vanished:
            self._order = None
        self._instances[record.id] = record
        if record.running:
            self._running.add(record.id)
        else:
            self._running.discard(record.id)
        self._put(INSTANCE_PREFIX + record.id, record)

    def put_seen(self, instance: str, imports: Imports) -> None:
        """Remember what an instance saw; nothing is kept for nothing."""
        key = SEEN_PREFIX + instance
        self.seen_version += 1
        if imports:
            self._put(key, SeenRecord(imports=imports))
        elif key in self._records:
            del self._records[key]
            self._touched.add(key)

    def forget(self, instance: str) -> None:
        """Forget an instance."""
        self._instances.pop(instance)
        self._running.discard(instance)
        del self._records[INSTANCE_PREFIX + instance]
        self._touched.add(INSTANCE_PREFIX + instance)
        self.put_seen(instance, ())
        self._order = None

    def forget_all(self) -> None:
        """Forget everything: the machine was made anew."""
        self._touched.update(self._records)
        self._records.clear()
        self._instances.clear()
        self._running.clear()
        self.seen_version += 1
        self._order = None

    def flush(self) -> list[Save | Forget]:
        """Return what changed since the last call and must be journalled."""
        changes: list[Save | Forget] = []
        for key in sorted(self._touched):
            record = self._records.get(key)
            if record is None and key in self._journalled:
                del self._journalled[key]
                changes.append(Forget(key))
            elif record is not None and record != self._journalled.get(key):
                self._journalled[key] = record
                changes.append(Save(key, record))
        self._touched.clear()
        return changes

    def _put(self, key: str, record: Any) -> None:  # noqa: ANN401 - any of the records of agent.state
        self._records[key] = record
        self._touched.add(key)

    # --- the tree

    def all(self) -> list[InstanceRecord]:
        """Return all records, parents before children."""
        return [self._instances[instance] for instance in self._sorted()]

    def running(self) -> list[InstanceRecord]:
        """Return the records of the instances of which an action runs, in stable order."""
        return [self._instances[instance] for instance in sorted(self._running)]

    def namesakes(self, record: InstanceRecord) -> list[InstanceRecord]:
        """Return the other records with the same path: former instances, or newer ones."""
        self._sorted()
        return [self._instances[other] for other in self._by_path[record.path] if other != record.id]

    def parent(self, record: InstanceRecord) -> InstanceRecord | None:
        """Return the record of the parent; None when that is the machine."""
        self._sorted()
        parent = self._parents.get(record.id)
        return self._instances[parent] if parent is not None else None

    def children(self, record: InstanceRecord) -> list[InstanceRecord]:
        """Return the records of the children, in stable order."""
        self._sorted()
        return [self._instances[child] for child in self._children.get(record.id, ())]

    def ancestors(self, record: InstanceRecord) -> Iterator[InstanceRecord]:
        """Iterate over the ancestors below the machine, parent first."""
        parent = self.parent(record)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def ancestor_specs(self, record: InstanceRecord) -> tuple[InstanceSpec, ...]:
        """Return the ancestors for a recipe: parent first, machine and what is above it last."""
        below = tuple(ancestor.deployed or ancestor.spec for ancestor in self.ancestors(record))
        return (*below, self.desired.machine, *self.desired.ancestors) if self.desired else below

    def _sorted(self) -> tuple[str, ...]:
        if self._order is None:
            records = sorted(self._instances.values(), key=lambda r: (r.path.count("/"), r.path, r.id))
            self._order = tuple(record.id for record in records)
            self._relate(records)
        return self._order

    def _relate(self, records: list[InstanceRecord]) -> None:
        """Find each parent by its path; of two with that path, the one that vanished together with the child."""
        self._by_path, self._parents, self._children = {}, {}, {}
        for record in records:
            self._by_path.setdefault(record.path, []).append(record.id)
        for record in records:
            found = [self._instances[parent] for parent in self._by_path.get(record.spec.parent, ())]
            if found:
                parent = min(found, key=lambda r: r.vanished is not record.vanished).id
                self._parents[record.id] = parent
                self._children.setdefault(parent, []).append(record.id)
