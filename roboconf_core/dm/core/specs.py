"""Desired states: what each agent is told of its machine, worked out from the records."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import InstanceRecord, MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.messages.codec import to_plain
from roboconf_core.messages.types import DesiredState, ImportSpec, InstanceSpec
from roboconf_core.model.application import ApplicationTemplate
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.model.settings import Settings
from roboconf_core.model.variables import exports_of_instance, import_specs

TOLD = frozenset({Phase.RUNNING, Phase.DRAINING})
"""Phases in which an agent is told what is wanted."""


def publish_changes(turn: Turn) -> None:
    """Tell every agent whose desired state this turn changed, under a new version."""
    for agent in sorted(turn.memory.touched):
        machine = turn.memory.machines.get(agent)
        if machine is not None and machine.phase in TOLD:
            publish_if_changed(turn, machine)


def publish_if_changed(turn: Turn, machine: MachineRecord) -> None:
    """Tell an agent what is wanted, if that is not what its newest version says."""
    wanted = desired_state(turn.memory, machine)
    content = content_digest(wanted)
    if content != machine.content:
        changed = replace(machine, version=machine.version + 1, content=content)
        turn.memory.machines.put(machine.agent, changed)
        turn.told.add(machine.agent)
        turn.tell(machine.agent, replace(wanted, version=changed.version))


def tell_again(turn: Turn) -> None:
    """Repeat the newest version to those who need it and were not told in this turn anyway."""
    for agent in sorted(turn.behind - turn.told):
        machine = turn.memory.machines.get(agent)
        if machine is not None and machine.phase in TOLD:
            turn.tell(agent, desired_state(turn.memory, machine))


def desired_state(memory: Memory, machine: MachineRecord) -> DesiredState:
    """Return what is wanted of a machine and of all that its agent is in charge of."""
    drained = machine.phase is Phase.DRAINING
    top = memory.instances[machine.instance]
    return DesiredState(
        generation=machine.generation,
        version=machine.version,
        machine=spec_of(memory, top, drained=drained),
        instances=tuple(spec_of(memory, i, drained=drained) for i in memory.on_machine(machine.agent)),
        ancestors=tuple(spec_of(memory, i) for i in memory.ancestors(top)),
    )


def content_digest(wanted: DesiredState) -> str:
    """Return a digest of all but the version."""
    text = json.dumps(to_plain(replace(wanted, version=0)), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def spec_of(memory: Memory, instance: InstanceRecord, *, drained: bool = False) -> InstanceSpec:
    """Return what an agent needs to know of an instance; ``drained`` wants it gone, whatever the record says."""
    template = memory.template_of(instance.application)
    graph = template.graph
    recipe = recipe_component(template, instance.component)
    return InstanceSpec(
        id=instance.id,
        path=instance.path,
        component=instance.component,
        installer=graph.installer_of(instance.component) or "",
        parent=instance.parent,
        exports=exports_of(memory, instance),
        imports=imports_of(template, instance.component),
        bundle=template.bundles.get(recipe, ""),
        settings=settings_of(template, instance.component),
        ports=dict(instance.ports),
        desired=_desired(memory, instance, drained=drained),
        generation=instance.generation,
    )


def settings_of(template: ApplicationTemplate, component: str) -> Settings:
    """Return the settings of a component's recipe, or the defaults."""
    return template.settings.get(recipe_component(template, component), Settings())


def machines_left_below(memory: Memory, instance: InstanceRecord) -> list[MachineRecord]:
    """Return the machines that stand on an instance and are not gone, nor given up."""
    below = memory.machines_below(instance.application, instance.path)
    return [m for m in below if m.phase is not Phase.IDLE and not m.is_exhausted]


def _desired(memory: Memory, instance: InstanceRecord, *, drained: bool) -> Desired:
    """Return what the agent is to be told is wanted: what machines stand on stays until they are gone."""
    wanted = Desired.NOT_DEPLOYED if drained else instance.desired
    report = memory.reports.get(instance.id)
    if instance.is_machine or wanted is Desired.DEPLOYED_STARTED or report is None:
        return wanted
    stays = report.status is Status.DEPLOYED_STARTED and machines_left_below(memory, instance)
    return Desired.DEPLOYED_STARTED if stays else wanted


def exports_of(memory: Memory, instance: InstanceRecord) -> dict[str, str]:
    """Return all that an instance exports, with the address of its machine."""
    return exports_of_instance(
        memory.template_of(instance.application).graph,
        component=instance.component,
        name=instance.name,
        path=instance.path,
        overrides=instance.overrides,
        ip=memory.machine_of(instance).ip or None,
        ports=instance.ports,
    )


def imports_of(template: ApplicationTemplate, component: str) -> tuple[ImportSpec, ...]:
    """Return what a component imports, one entry per prefix."""
    found = import_specs(template.graph, component)
    return tuple(ImportSpec(prefix=i.prefix, names=i.names, optional=i.optional) for i in found)


def recipe_component(template: ApplicationTemplate, component: str) -> str:
    """Return the nearest of the component and those it extends that brings a recipe; itself when none does."""
    return next((name for name in template.graph.supers(component) if name in template.bundles), component)
