"""What the simulation found wrong in the deployment manager's core, each as short as it can be told."""

from __future__ import annotations

from roboconf_core.dm.state import Phase
from roboconf_core.model.lifecycle import Status

from .core_world import World

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
