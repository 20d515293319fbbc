"""What really is, at one moment, gathered once for all promises that ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roboconf_core.agent.core.state import DESIRED_KEY, InstanceRecord
from roboconf_core.dm.core import state
from roboconf_core.messages.types import InstanceSpec, application_of
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.simulation.host import Content, Host
from roboconf_core.simulation.world import World


@dataclass(slots=True)
class Placed:
    """An instance as its agent journalled it, where its agent is."""

    host: Host
    record: InstanceRecord

    @property
    def who(self) -> str:
        """Application and path."""
        return f"{application_of(self.host.agent)}{self.record.path}"


class Truth:
    """The instances of all hosts, and who really exports what."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.placed = [Placed(host, record) for host, record in world.instances()]
        self.by_id = {p.record.id: p for p in self.placed}
        self._exports: dict[str, list[tuple[str, InstanceSpec]]] | None = None

    def exporters(self, application: str, prefix: str) -> Iterator[InstanceSpec]:
        """Iterate over what exports something under a prefix now: started software, and machines with an agent."""
        if self._exports is None:
            self._exports = {}
            for owner, spec in self._started():
                for name in {name.partition(".")[0] for name in spec.exports if "." in name}:
                    self._exports.setdefault(name, []).append((owner, spec))
        for owner, spec in self._exports.get(prefix, ()):
            if owner == application:
                yield spec

    def imports_of(self, placed: Placed) -> Content:
        """Return what the recipe of an instance should have seen."""
        application = application_of(placed.host.agent)
        found: set[tuple[object, ...]] = set()
        for wanted in placed.record.spec.imports:
            every = f"{wanted.prefix}.*" in wanted.names
            for spec in self.exporters(application, wanted.prefix):
                if spec.id != placed.record.id:
                    variables = {
                        name: value
                        for name, value in spec.exports.items()
                        if name.startswith(f"{wanted.prefix}.") and (every or name in wanted.names)
                    }
                    found.add((wanted.prefix, spec.path, spec.id, tuple(sorted(variables.items()))))
        return frozenset(found)

    def missing(self, placed: Placed) -> list[str]:
        """Return the prefixes of mandatory imports that nobody exports."""
        application = application_of(placed.host.agent)
        return [
            wanted.prefix
            for wanted in placed.record.spec.imports
            if not wanted.optional
            and all(spec.id == placed.record.id for spec in self.exporters(application, wanted.prefix))
        ]

    def _started(self) -> Iterator[tuple[str, InstanceSpec]]:
        machines = self.world.machines()
        for host in self.world.hosts():
            machine = machines.get(host.agent)
            if machine is None or (machine.status is Status.PROBLEM and machine.farewell is not None):
                continue
            desired = host.disk.get(DESIRED_KEY)
            if desired is not None:
                yield application_of(host.agent), desired.machine
        for placed in self.placed:
            machine = machines.get(placed.host.agent)
            gone = machine is None or (machine.status is Status.PROBLEM and machine.farewell is not None)
            if placed.record.status is Status.DEPLOYED_STARTED and not gone:
                yield application_of(placed.host.agent), placed.record.spec


def wanted_of(world: World, instance: state.InstanceRecord) -> Desired:
    """Return what is wanted of an instance, given what is wanted of those that it stands on."""
    desired = instance.desired
    by_path = {i.path: i for i in world.store.of_kind(state.INSTANCE) if i.application == instance.application}
    above = by_path.get(instance.parent)
    while above is not None:
        if above.desired is Desired.NOT_DEPLOYED:
            return Desired.NOT_DEPLOYED
        above = by_path.get(above.parent)
    return desired
