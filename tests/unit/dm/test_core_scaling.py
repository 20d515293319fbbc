"""Groups of replicas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roboconf_core.dm.events import MachineStep, Scale
from roboconf_core.errors import ConflictError, InvalidRequestError, NotFoundError
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Desired, Status

from .core_world import TEMPLATE, World, vm


def world_of(*names):
    machines = [vm(name, Instance(name="web", component="Web")) for name in names]
    return World(template=replace(TEMPLATE, instances=(vm("other"), *machines)))


def scale(world, path, to):
    return world.ask(Scale(application="shop", path=path, to=to))


def roots(world):
    return [i.path for i in world.memory.children("shop", "")]


def test_new_replicas_take_the_lowest_free_numbers_and_are_started():
    world = world_of("web-vm1", "web-vm3")
    result = scale(world, "/web-vm", 4)
    assert result["created"] == ["/web-vm2", "/web-vm4"]
    assert world.instance("/web-vm2/web").desired is Desired.DEPLOYED_STARTED
    assert {agent for step, agent in world.steps() if step is MachineStep.CREATE} == {"shop/web-vm2", "shop/web-vm4"}
    assert world.instance("/web-vm1").desired is Desired.NOT_DEPLOYED


def test_a_base_without_number_is_a_member():
    world = world_of("web-vm")
    assert scale(world, "/web-vm", 3)["created"] == ["/web-vm1", "/web-vm2"]
    assert scale(world, "/web-vm", 1)["removed"] == ["/web-vm1", "/web-vm2"]
    assert "/web-vm" in roots(world)


def test_padded_numbers_stay_padded():
    world = world_of("vm08", "vm09")
    assert scale(world, "/vm", 3)["created"] == ["/vm01"]
    assert scale(world, "/vm", 12)["created"][-1] == "/vm12"


def test_replicas_that_were_never_deployed_are_removed_at_once():
    world = world_of("web-vm1", "web-vm2", "web-vm3")
    assert scale(world, "/web-vm", 1)["removed"] == ["/web-vm2", "/web-vm3"]
    assert roots(world) == ["/other", "/web-vm1"]


def test_the_highest_numbers_are_drained_ended_and_removed():
    world = world_of("web-vm1", "web-vm2")
    world.start()
    for path in ("/web-vm1", "/web-vm2"):
        agent = world.up(path)
        agent.start(f"{path}/web", "Web")
    scale(world, "/web-vm", 1)
    agent.listen(world.effects)
    assert world.machine("/web-vm2").status is Status.UNDEPLOYING
    with pytest.raises(ConflictError, match="/web-vm2 is being removed"):
        world.start("/web-vm2")
    world.restart()
    agent.stop("/web-vm2/web", "Web")
    world.done("/web-vm2")
    assert roots(world) == ["/other", "/web-vm1"]
    assert not [key for kind, key in world.store if kind == "machine" and key.endswith("web-vm2")]
    assert world.records("instance-removed")


def test_growing_while_others_go_uses_other_names():
    world = world_of("web-vm1", "web-vm2")
    world.start()
    world.up("/web-vm2").start("/web-vm2/web", "Web")
    scale(world, "/web-vm", 1)
    assert scale(world, "/web-vm", 2)["created"] == ["/web-vm3"]


def test_the_present_number_changes_nothing():
    world = world_of("web-vm1", "web-vm2")
    assert scale(world, "/web-vm", 2) == {"path": "/web-vm", "replicas": 2, "created": [], "removed": []}
    assert len(world.effects) == 1


@pytest.mark.parametrize("to", [0, -1, 1001])
def test_impossible_numbers_are_refused(to):
    with pytest.raises(InvalidRequestError, match="from 1 to 1000"):
        scale(world_of("web-vm1"), "/web-vm", to)


def test_only_root_machines_are_scaled():
    with pytest.raises(InvalidRequestError, match="scale /web-vm1"):
        scale(world_of("web-vm1"), "/web-vm1/web", 2)


def test_an_unknown_group_is_answered_with_what_may_have_been_meant():
    with pytest.raises(NotFoundError, match="did you mean '/web-vm1'"):
        scale(world_of("web-vm1"), "/wb-vm", 2)
