"""Which target creates a machine, and which machines share one host."""

from __future__ import annotations

from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord
from roboconf_core.model.application import TargetDefinition


def target_of(memory: Memory, machine: InstanceRecord) -> TargetDefinition | None:
    """Return the target of a machine: of its component or what that extends, else the application's default."""
    template = memory.template_of(machine.application)
    for component in template.graph.supers(machine.component):
        if component in template.targets:
            return template.targets[component]
    default = memory.applications[machine.application].default_target
    return default.definition() if default else None


def brings_target(memory: Memory, machine: InstanceRecord) -> bool:
    """Tell whether the template says how a machine is created, without the application's default."""
    template = memory.template_of(machine.application)
    return any(component in template.targets for component in template.graph.supers(machine.component))


def host_of(memory: Memory, instance: InstanceRecord) -> str:
    """Return the name of the space of ports of an instance: empty for the shared host, else the agent's name."""
    machine = memory.find(instance.application, instance.machine)
    target = target_of(memory, machine) if machine else None
    if target is not None and target.handler.lower() in memory.shared_hosts:
        return SHARED_HOST
    return instance.agent


SHARED_HOST = ""
"""Name of the one space of ports of all machines on a shared host."""
