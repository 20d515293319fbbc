"""What the simulation found wrong in the deployment manager's core, each as short as it can be told."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.dm.core.state import Phase
from roboconf_core.dm.events import MachineStep, RemoveApplication, Retry, Scale, TimerFired
from roboconf_core.messages.types import Epoch, Farewell
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Status

from .core_world import TEMPLATE, Player, World, running_shop, vm

STORE = "/store-vm"


def test_a_machine_that_is_ended_after_it_was_given_up_is_gone():
    world = World()
    world.start(STORE)
    world.up(STORE)
    world.undeploy(STORE)
    world.wait(2000)
    assert world.machine(STORE).status is Status.PROBLEM
    world.done(STORE)
    assert (world.machine(STORE).status, world.machine(STORE).phase) == (Status.NOT_DEPLOYED, Phase.IDLE)


def test_a_sleep_that_is_hardly_longer_than_the_silence_of_the_lost_is_noticed():
    world, *agents = running_shop()
    for agent in agents:
        agent.beat()
    while min(world.timers.values()) < world.time + 1.0:
        world.wait(1.0)
    world.time += 16.0
    for name, at in sorted(world.timers.items()):
        if at <= world.time:
            world.send(TimerFired(name))
    assert {machine.status for machine in world.memory.machines.values()} == {Status.DEPLOYED_STARTED}


def test_what_a_failed_creation_left_is_ended_before_the_next_one():
    world = World()
    world.start(STORE)
    for _ in range(6):  # three creations, three terminations
        world.failed(STORE)
        world.wait(70)
    assert (world.machine(STORE).status, world.machine(STORE).phase) == (Status.NOT_DEPLOYED, Phase.TERMINATING)
    assert "cannot be ended" in world.machine(STORE).problem
    world.ask(Retry(application="shop"))
    assert world.step(STORE).step is MachineStep.TERMINATE
    world.done(STORE)
    assert (world.step(STORE).step, world.step(STORE).generation) == (MachineStep.CREATE, 2)


def test_leftovers_that_cannot_be_ended_do_not_keep_an_application():
    world = World()
    world.start(STORE)
    for _ in range(6):
        world.failed(STORE)
        world.wait(70)
    world.undeploy()
    for _ in range(3):
        world.failed(STORE)
        world.wait(70)
    world.ask(RemoveApplication(name="shop"))
    assert not len(world.memory.applications)


def test_a_removal_that_was_given_up_can_be_retried():
    world, *_ = running_shop()
    world.ask(Scale(application="shop", path="/web-vm", to=2))
    world.ask(Scale(application="shop", path="/web-vm", to=1))
    for _ in range(6):
        world.failed("/web-vm2")
        world.wait(70)
    assert world.machine("/web-vm2").is_exhausted
    assert world.ask(Retry(application="shop"))["retried"] == ["/web-vm2"]
    world.done("/web-vm2")
    assert world.memory.find("shop", "/web-vm2") is None


def test_a_nested_machine_is_created_once_its_lost_parent_is_back():
    pod = Instance(name="pod", component="Pod")
    world = World(template=replace(TEMPLATE, instances=(vm("outer", pod),)))
    world.start("/outer")
    outer = world.up("/outer")
    world.undeploy("/outer/pod")
    world.done("/outer/pod")
    world.done("/outer/pod")
    world.wait(100)
    assert world.machine("/outer").status is Status.PROBLEM
    world.start("/outer/pod")
    assert world.machine("/outer/pod").phase is Phase.IDLE
    outer.beat()
    assert world.machine("/outer/pod").phase is Phase.CREATING


def test_an_agent_that_lost_its_disk_learns_of_its_former_lives():
    world = World()
    world.start(STORE)
    Player(world, STORE, boot=2).hello()
    world.done(STORE)
    world.done(STORE)
    Player(world, STORE).hello()
    (told,) = world.published(Farewell)
    assert told == ("shop/machine/store-vm", Farewell(agent="shop/store-vm", epoch=Epoch(1, 2, 0)))
