"""Who is there: broken connections, silence, farewells, doubt, and agents that come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roboconf_core.dm.events import (
    AgentConnected,
    AgentDisconnected,
    MachineStep,
    MachineStepDone,
    QueueOverflowed,
    Retry,
    SetTimer,
    TimerFired,
)
from roboconf_core.messages.types import Farewell, Heartbeat, ReportsRequested, Resynchronize
from roboconf_core.model.lifecycle import Status

from .core_world import TEMPLATE, World, running_shop, vm

STORE, WEB = "/store-vm", "/web-vm1"


def beats(world, agents, seconds):
    """Let time pass while some agents are heard every five seconds."""
    effects = []
    for _ in range(int(seconds / 5)):
        effects += world.wait(5)
        for agent in agents:
            effects += agent.beat()
    return effects


def checked(world, path, *, running):
    machine = world.machine(path)
    return world.send(
        MachineStepDone(
            agent=machine.agent, generation=machine.generation, step=MachineStep.CHECK, machine_id="x", running=running
        )
    )


def lost_store():
    world, store, web = running_shop()
    effects = beats(world, [web], 15)
    return world, store, web, effects


def test_an_agent_is_lost_after_fifteen_silent_seconds():
    world, _, web = running_shop()
    beats(world, [web], 10)
    world.wait(4.9)
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED
    effects = world.wait(0.1)
    assert world.machine(STORE).status is Status.PROBLEM
    assert world.machine(STORE).problem == "no word from its agent for 15 s"
    assert len(world.records("machine-lost", effects)) == 1


def test_the_exports_of_a_lost_agent_are_said_farewell_to():
    world, store, _, effects = lost_store()
    farewell = Farewell(agent=store.name, epoch=store.epoch)
    assert world.published(Farewell, effects) == [("shop/those.that.import.Store", farewell)]


def test_exporters_learn_that_a_lost_agent_holds_theirs_no_more():
    world, store, web = running_shop()
    effects = beats(world, [store], 15)
    farewell = Farewell(agent=web.name, epoch=web.epoch)
    assert ("shop/those.that.export.Store", farewell) in world.published(Farewell, effects)


def test_the_target_is_asked_about_a_lost_machine():
    world, _, _, effects = lost_store()
    assert world.steps(effects) == [(MachineStep.CHECK, "shop/store-vm")]
    checked(world, STORE, running=False)
    assert world.machine(STORE).problem == "its target says that it does not run"


def test_a_machine_that_is_heard_is_never_lost():
    world, store, web = running_shop()
    beats(world, [store, web], 100)
    assert {m.status for m in world.memory.machines.values()} == {Status.DEPLOYED_STARTED}


def test_heartbeats_are_not_stored_and_set_no_timer():
    world, store, _web = running_shop()
    world.wait(1)
    assert store.beat() == []


def test_a_broken_connection_tells_after_three_seconds():
    world, _, _ = running_shop()
    world.send(AgentConnected("shop/store-vm"))
    world.send(AgentDisconnected("shop/store-vm"))
    world.wait(2.9)
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED
    world.wait(0.1)
    assert world.machine(STORE).status is Status.PROBLEM
    assert "the connection to its agent broke" in world.machine(STORE).problem


def test_a_connection_that_comes_back_in_time_is_no_loss():
    world, store, _ = running_shop()
    world.send(AgentDisconnected("shop/store-vm"))
    world.wait(2)
    world.send(AgentConnected("shop/store-vm"))
    world.wait(2)
    store.hello()
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED


def test_the_connection_of_somebody_unknown_is_ignored():
    world, _, _ = running_shop()
    world.send(AgentDisconnected("shop/nobody"))
    assert world.effects == []


def test_a_lost_agent_that_speaks_is_back_and_learns_of_its_farewell():
    world, store, _, _ = lost_store()
    store.beat()
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED
    farewell = Farewell(agent=store.name, epoch=store.epoch)
    assert ("shop/machine/store-vm", farewell) in world.published(Farewell)


def test_an_agent_that_refuted_its_farewell_is_left_alone_and_exports_again():
    world, store, _web, _ = lost_store()
    store.epoch = store.epoch._replace(incarnation=1)
    store.publish("/store-vm/store", "Store", {"Store.ip": "127.0.0.1"})
    store.beat()
    assert not world.published(Farewell)
    assert store.beat() == []
    assert world.memory.machines[store.name].epoch == store.epoch


def test_a_publication_that_a_farewell_covers_is_not_live_however_late_it_comes():
    world, store, web, _ = lost_store()
    store.publish("/store-vm/store", "Store", {"Store.ip": "127.0.0.2"})
    assert world.machine(STORE).status is Status.PROBLEM
    web.beat(held={"Store": "another digest"})
    ((_, repaired),) = [(t, m) for t, m in world.published(object) if t == "shop/machine/web-vm1"]
    assert repaired.farewells == (Farewell(agent=store.name, epoch=store.epoch),)


def test_heartbeats_of_an_older_life_bring_nobody_back():
    world, store, web = running_shop()
    store.again().hello()
    beats(world, [web], 15)
    assert world.machine(STORE).status is Status.PROBLEM
    world.hear("shop/store-vm", Heartbeat(epoch=store.epoch, version=1, reports="", published=""))
    assert world.machine(STORE).status is Status.PROBLEM


def crowd(count):
    world = World(template=replace(TEMPLATE, instances=tuple(vm(f"vm{i:02d}") for i in range(count))))
    world.start()
    return world, [world.up(f"/vm{i:02d}") for i in range(count)]


def statuses(world):
    return [m.status for m in world.memory.machines.values()]


def test_many_that_fall_silent_together_make_the_manager_doubt_itself():
    world, agents = crowd(9)
    effects = beats(world, agents[3:], 20)
    assert statuses(world) == [Status.DEPLOYED_STARTED] * 9
    assert len(world.records("judgement-suspended", effects)) == 3
    assert {s for s in world.steps(effects)} == {(MachineStep.CHECK, f"shop/vm0{i}") for i in range(3)}
    assert not world.published(Farewell, effects)


@pytest.mark.parametrize(("count", "silent"), [(9, 2), (10, 3)])
def test_a_few_that_fall_silent_are_lost(count, silent):
    world, agents = crowd(count)
    beats(world, agents[silent:], 20)
    assert statuses(world).count(Status.PROBLEM) == silent


def test_many_connections_that_break_together_are_doubted_too():
    world, agents = crowd(4)
    for agent in agents[:3]:
        world.send(AgentDisconnected(agent.name))
    world.wait(4)
    assert Status.PROBLEM not in statuses(world)


def test_a_doubted_machine_is_lost_once_its_target_says_so():
    world, agents = crowd(9)
    beats(world, agents[3:], 20)
    checked(world, "/vm00", running=True)
    checked(world, "/vm01", running=False)
    assert statuses(world)[:3] == [Status.DEPLOYED_STARTED, Status.PROBLEM, Status.DEPLOYED_STARTED]


def test_a_doubted_agent_that_speaks_is_doubted_no_more():
    world, agents = crowd(9)
    beats(world, agents[3:], 20)
    for agent in agents[:3]:
        agent.beat()
    assert not world.memory.presence.doubted
    beats(world, agents[1:], 20)
    assert statuses(world)[0] is Status.PROBLEM


def test_the_targets_of_doubted_machines_are_asked_again_and_again():
    world, agents = crowd(9)
    beats(world, agents[3:], 20)
    effects = beats(world, agents[3:], 15)
    assert len(world.steps(effects)) == 3
    assert Status.PROBLEM not in statuses(world)


def test_a_user_can_confirm_a_loss():
    world, agents = crowd(9)
    beats(world, agents[3:], 20)
    world.ask(Retry(application="shop", path="/vm00"))
    assert statuses(world).count(Status.PROBLEM) == 1


def test_a_manager_that_slept_gives_everybody_time_to_be_heard():
    world, _store, web = running_shop()
    world.time = 100.0
    world.send(TimerFired("liveness"))
    assert statuses(world) == [Status.DEPLOYED_STARTED] * 2
    assert world.records("judgement-suspended")
    beats(world, [web], 15)
    assert statuses(world) == [Status.PROBLEM, Status.DEPLOYED_STARTED]


def test_a_manager_that_slept_while_it_doubted_looks_again_later_and_not_at_once():
    world, agents = crowd(9)
    beats(world, agents[3:], 20)
    assert world.memory.presence.doubted
    world.time += 100.0
    world.send(TimerFired("liveness"))
    assert world.timers["liveness"] > world.time


def test_agents_get_a_grace_after_a_restart():
    world, _store, web = running_shop()
    world.restart()
    assert world.steps() == [(MachineStep.CHECK, "shop/store-vm"), (MachineStep.CHECK, "shop/web-vm1")]
    beats(world, [web], 25)
    assert statuses(world) == [Status.DEPLOYED_STARTED] * 2
    beats(world, [web], 5)
    assert statuses(world) == [Status.PROBLEM, Status.DEPLOYED_STARTED]


def test_a_machine_that_went_while_the_manager_was_away_is_lost_at_once():
    world, _store, _ = running_shop()
    world.restart()
    effects = checked(world, STORE, running=False)
    assert world.machine(STORE).status is Status.PROBLEM
    assert world.published(Farewell, effects)


def test_an_agent_that_spoke_since_is_not_lost_by_an_older_answer_of_its_target():
    world, store, _ = running_shop()
    world.restart()
    store.hello()
    checked(world, STORE, running=False)
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED


def test_a_restart_changes_nothing_on_agents():
    world, store, web = running_shop()
    store.beat(), web.beat()
    world.restart()
    assert not world.published(object)
    for effects in (store.hello(), store.beat(), web.hello(), web.beat()):
        assert all(isinstance(effect, SetTimer) for effect in effects)


def test_a_lost_agent_does_not_hold_a_drain():
    world, _store, web = running_shop()
    world.undeploy(STORE)
    effects = beats(world, [web], 15)
    assert (MachineStep.TERMINATE, "shop/store-vm") in world.steps(effects)


def test_a_machine_that_is_lost_can_be_undeployed():
    world, _, _, _ = lost_store()
    world.undeploy(STORE)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_dropped_messages_are_asked_for_again():
    world, _, _ = running_shop()
    world.send(QueueOverflowed())
    assert {(t, type(m)) for t, m in world.published(object)} == {
        (f"shop/machine{path}", kind) for path in (STORE, WEB) for kind in (ReportsRequested, Resynchronize)
    }
