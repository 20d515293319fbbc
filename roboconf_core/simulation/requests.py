"""What users ask for in scenarios; each function takes one step."""

from __future__ import annotations

from collections.abc import Callable

from roboconf_core.dm.core import state
from roboconf_core.dm.events import (
    ChangeDesired,
    CreateInstance,
    RemoveInstance,
    ReplicateInstance,
    RestartAgent,
    Retry,
    Scale,
    UserRequest,
)
from roboconf_core.model.lifecycle import Desired
from roboconf_core.simulation.script import Step
from roboconf_core.simulation.world import World

APPLICATION = "app"


def _instances(world: World) -> list[state.InstanceRecord]:
    return list(world.store.of_kind(state.INSTANCE))


def _machines(world: World) -> list[state.InstanceRecord]:
    return [i for i in _instances(world) if i.is_machine and not i.parent]


def _change(world: World, step: Step, desired: Desired, *, subtree: bool = True) -> UserRequest | None:
    top = step.pick(_instances(world))
    if top is None:
        return None
    return ChangeDesired(
        application=APPLICATION, path=top.path, desired=desired, subtree=subtree, at_least=step.dice[1] < 0.2
    )


def start_everything(world: World, step: Step) -> UserRequest | None:
    """Deploy and start all machines with all that is on them."""
    return ChangeDesired(application=APPLICATION, desired=Desired.DEPLOYED_STARTED)


def start_subtree(world: World, step: Step) -> UserRequest | None:
    """Start an instance with all below it."""
    return _change(world, step, Desired.DEPLOYED_STARTED)


def start_one(world: World, step: Step) -> UserRequest | None:
    """Start an instance alone."""
    return _change(world, step, Desired.DEPLOYED_STARTED, subtree=False)


def stop_subtree(world: World, step: Step) -> UserRequest | None:
    """Stop an instance with all below it."""
    return _change(world, step, Desired.DEPLOYED_STOPPED)


def deploy_subtree(world: World, step: Step) -> UserRequest | None:
    """Have an instance deployed, with all below it."""
    return _change(world, step, Desired.DEPLOYED_STOPPED)


def undeploy_subtree(world: World, step: Step) -> UserRequest | None:
    """Undeploy an instance with all below it."""
    return _change(world, step, Desired.NOT_DEPLOYED)


def undeploy_machine(world: World, step: Step) -> UserRequest | None:
    """Undeploy a machine with all that is on it."""
    machine = step.pick(_machines(world))
    if machine is None:
        return None
    return ChangeDesired(application=APPLICATION, path=machine.path, desired=Desired.NOT_DEPLOYED)


def scale(world: World, step: Step) -> UserRequest | None:
    """Have another number of the machines ``vm0``, ``vm1``, ..."""
    return Scale(application=APPLICATION, path="/vm", to=3 + int(step.dice[0] * 3))


def create_instance(world: World, step: Step) -> UserRequest | None:
    """Add an instance below another one."""
    parent = step.pick(_instances(world))
    if parent is None:
        return None
    graph = world.store.templates[_template_key(world)].graph
    component = step.pick(graph.children_of(parent.component), 1)
    if component is None:
        return None
    return CreateInstance(
        application=APPLICATION, parent=parent.path, name=f"new{int(step.dice[2] * 1000)}", component=component
    )


def replicate_machine(world: World, step: Step) -> UserRequest | None:
    """Copy a machine with all that is on it."""
    original = step.pick(_machines(world))
    if original is None or len(_machines(world)) > 4:
        return None
    return ReplicateInstance(application=APPLICATION, path=original.path, name=f"copy{int(step.dice[1] * 1000)}")


def remove_instance(world: World, step: Step) -> UserRequest | None:
    """Remove an instance; refused while something of it is deployed."""
    instance = step.pick([i for i in _instances(world) if i.desired is Desired.NOT_DEPLOYED])
    return RemoveInstance(application=APPLICATION, path=instance.path) if instance is not None else None


def retry_everything(world: World, step: Step) -> UserRequest | None:
    """Try again what failed."""
    return Retry(application=APPLICATION)


def restart_agent(world: World, step: Step) -> UserRequest | None:
    """Have an agent started again."""
    machine = step.pick(_machines(world))
    return RestartAgent(application=APPLICATION, path=machine.path) if machine is not None else None


def _template_key(world: World) -> str:
    return next(iter(world.store.templates))


REQUESTS: dict[str, Callable[[World, Step], UserRequest | None]] = {
    function.__name__: function
    for function in (
        start_everything,
        start_subtree,
        start_one,
        stop_subtree,
        deploy_subtree,
        undeploy_subtree,
        undeploy_machine,
        scale,
        create_instance,
        replicate_machine,
        remove_instance,
        retry_everything,
        restart_agent,
    )
}
"""By name."""
