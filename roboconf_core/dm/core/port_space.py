"""Random ports: the lowest free one of a host, drawn once per instance and variable.

Machines of targets with a shared host share one space; any other machine has its own.
Source: Roboconf user guide, "Random ports"; the shared space is ours.
"""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord
from roboconf_core.dm.core.targets import SHARED_HOST, host_of
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.core.used_ports import UsedPorts
from roboconf_core.errors import ConflictError
from roboconf_core.model.lifecycle import Status
from roboconf_core.model.variables import random_ports_of


def draw(turn: Turn, instance: InstanceRecord) -> InstanceRecord:
    """Give an instance, known to the memory already, a port for each variable that lacks one; return it.

    Raises:
        ConflictError: If no port is free.
    """
    graph = turn.memory.template_of(instance.application).graph
    missing = [
        name for name in random_ports_of(graph, instance.component, instance.overrides) if name not in instance.ports
    ]
    if not missing:
        return instance
    host = host_of(turn.memory, instance)
    if host not in turn.used_ports:
        turn.used_ports[host] = _used(turn, host)
    ports = dict(instance.ports)
    for name in missing:
        ports[name] = turn.used_ports[host].take_lowest()
    drawn = replace(instance, ports=ports)
    turn.memory.instances.put(instance.id, drawn)
    return drawn


def redraw(turn: Turn, instance: InstanceRecord, name: str, port: int) -> None:
    """Draw another port instead of one that cannot be bound on the instance's host; a late complaint changes nothing."""
    if instance.ports.get(name) != port:
        return
    ports = {key: value for key, value in instance.ports.items() if key != name}
    without = replace(instance, ports=ports, taken=(*instance.taken, port))
    turn.memory.instances.put(instance.id, without)
    turn.used_ports.clear()
    try:
        drawn = draw(turn, without)
    except ConflictError as error:
        turn.memory.instances.put(instance.id, instance)
        turn.record(instance.application, instance.path, Kind.PORT_EXHAUSTED, error.problems[0].message)
        return
    text = f"port {port} of {instance.path} is taken on its host; '{name}' is {drawn.ports[name]} now"
    details = {"name": name, "taken": port, "port": drawn.ports[name]}
    turn.record(instance.application, instance.path, Kind.PORT_REDRAWN, text, details)


def refresh(turn: Turn, instance: InstanceRecord) -> InstanceRecord:
    """Replace, before an instance is deployed, the ports that somebody else took meanwhile; return it.

    Raises:
        ConflictError: If no port is free.
    """
    if not instance.ports or not turn.ports_in_use or host_of(turn.memory, instance) != SHARED_HOST:
        return instance
    if turn.memory.machine_of(instance).status is not Status.NOT_DEPLOYED:
        return instance
    kept = {name: port for name, port in instance.ports.items() if port not in turn.ports_in_use}
    if kept == instance.ports:
        return instance
    without = replace(instance, ports=kept)
    turn.memory.instances.put(instance.id, without)
    return draw(turn, without)


def shared_ports(memory: Memory) -> frozenset[int]:
    """Return the ports that instances on the shared host hold."""
    holders = (i for i in memory.instances.values() if i.ports and host_of(memory, i) == SHARED_HOST)
    return frozenset(port for holder in holders for port in holder.ports.values())


def _used(turn: Turn, host: str) -> UsedPorts:
    """Return the ports that instances on a host hold, and those that were found taken there."""
    memory = turn.memory
    if host == SHARED_HOST:
        instances = [i for i in memory.instances.values() if (i.ports or i.taken) and host_of(memory, i) == host]
    else:
        instances = [memory.instances[memory.machines[host].instance], *memory.on_machine(host)]
    used = set(turn.ports_in_use) if host == SHARED_HOST else set()
    for instance in instances:
        used.update(instance.ports.values(), instance.taken)
    return UsedPorts(used)
