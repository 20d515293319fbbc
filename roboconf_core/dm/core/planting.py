"""How instances come into an application: from a template, by name, as copies."""

from __future__ import annotations

from typing import Any

from roboconf_core.dm.core import lookup, port_space
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.naming import did_you_mean, instance_name
from roboconf_core.dm.core.state import InstanceRecord, MachineRecord
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import CreateInstance, ReplicateInstance
from roboconf_core.errors import ConflictError, InvalidRequestError, NotFoundError
from roboconf_core.messages.types import agent_name
from roboconf_core.model.instance import Instance, join_path, walk


def create(turn: Turn, request: CreateInstance) -> dict[str, Any]:
    """Add one instance, not deployed.

    Raises:
        NotFoundError: If application, parent or component do not exist.
        InvalidRequestError: If the name is none, or the component may not stand there.
        ConflictError: If the path is in use.
    """
    name = instance_name(request.name)
    graph = turn.memory.template_of(lookup.application(turn.memory, request.application).name).graph
    if request.component not in graph.components:
        hint = did_you_mean(request.component, graph.components)
        raise NotFoundError(f"component '{request.component}' is not in the graph", hint=hint)
    parent = request.parent.rstrip("/")
    above = lookup.staying_instance(turn.memory, request.application, parent) if parent else None
    allowed = graph.children_of(above.component) if above else graph.roots()
    if request.component not in allowed:
        place = f"below {above.path}, a {above.component}" if above else "at the root"
        raise InvalidRequestError(
            f"a {request.component} may not stand {place}",
            hint=f"there may stand {', '.join(sorted(allowed))}" if allowed else "nothing may stand there",
        )
    instance = Instance(name=name, component=request.component, overrides=dict(request.overrides))
    (created,) = plant(turn, request.application, parent, instance)
    return {"path": created.path, "id": created.id, "component": created.component}


def replicate(turn: Turn, request: ReplicateInstance) -> dict[str, Any]:
    """Copy an instance with its subtree beside it, not deployed.

    Raises:
        NotFoundError: If application or instance do not exist.
        InvalidRequestError: If the name is none.
        ConflictError: If the path is in use, or the instance is being removed.
    """
    original = lookup.staying_instance(turn.memory, request.application, request.path)
    created = copy(turn, original, instance_name(request.name))
    return {"path": created[0].path, "id": created[0].id, "created": [i.path for i in created]}


def copy(turn: Turn, original: InstanceRecord, name: str) -> list[InstanceRecord]:
    """Copy an instance with its subtree beside it; return the copies, parents first."""
    return plant(turn, original.application, original.parent, _as_instance(turn, original, name))


def plant(turn: Turn, application: str, parent: str, top: Instance) -> list[InstanceRecord]:
    """Add a tree of instances below a parent (empty for a root), with ports; return the records, parents first.

    Raises:
        ConflictError: If a path is in use, or no port is free.
    """
    if turn.memory.find(application, join_path(parent, top.name)) is not None:
        raise ConflictError(f"{join_path(parent, top.name)} exists already", hint="choose another name")
    created = [_add(turn, application, parent + placed.parent_path, placed.instance) for placed in walk([top])]
    path = created[0].path
    turn.record(application, path, Kind.INSTANCE_CREATED, f"{path} was created", {"instances": len(created)})
    return created


def _add(turn: Turn, application: str, parent: str, instance: Instance) -> InstanceRecord:
    memory = turn.memory
    path = join_path(parent, instance.name)
    is_machine = memory.template_of(application).graph.is_target(instance.component)
    above = memory.find(application, parent)
    if not is_machine and above is None:
        raise InvalidRequestError(f"{path} has no machine to stand on: its component is no target")
    record = InstanceRecord(
        id=memory.next_instance_id(),
        application=application,
        path=path,
        parent=parent,
        machine=path if is_machine or above is None else above.machine,
        name=instance.name,
        component=instance.component,
        overrides=dict(instance.overrides),
    )
    memory.instances.put(record.id, record)
    if is_machine:
        agent = agent_name(application, path)
        machine = MachineRecord(
            agent=agent, instance=record.id, application=application, path=path, since=turn.now.wall
        )
        memory.machines.put(agent, machine)
    return port_space.draw(turn, record)


def _as_instance(turn: Turn, record: InstanceRecord, name: str) -> Instance:
    below = turn.memory.children(record.application, record.path)
    return Instance(
        name=name,
        component=record.component,
        overrides=record.overrides,
        children=tuple(_as_instance(turn, child, child.name) for child in below),
    )
