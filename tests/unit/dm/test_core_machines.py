"""How machines come and go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roboconf_core.dm.core.directory import NEVER_AGAIN
from roboconf_core.dm.core.state import Phase
from roboconf_core.dm.events import CreateInstance, MachineStep, MachineStepDone, MachineStepFailed, Retry, Save
from roboconf_core.messages.types import DesiredState, Epoch, Failure, Farewell, Hello
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Action, Desired, Status

from .core_world import TEMPLATE, Player, World, running_shop, vm

STORE = "/store-vm"


def test_the_record_of_a_machine_is_written_before_its_target_is_asked():
    world = World()
    world.start(STORE)
    saved = [e.record for e in world.effects if isinstance(e, Save) and e.kind == "machine"]
    assert [(m.status, m.phase, m.generation) for m in saved] == [(Status.DEPLOYING, Phase.CREATING, 1)]
    assert isinstance(world.effects[0], Save)


def test_a_machine_is_created_configured_and_runs_once_its_agent_is_there():
    world = World()
    world.start(STORE)
    world.done(STORE)
    assert world.steps() == [(MachineStep.CONFIGURE, "shop/store-vm")]
    assert world.step(STORE).machine_id == "id-1"
    world.done(STORE)
    assert (world.machine(STORE).phase, world.machine(STORE).status) == (Phase.AWAITING_AGENT, Status.DEPLOYING)
    Player(world, STORE).hello()
    assert (world.machine(STORE).phase, world.machine(STORE).status) == (Phase.RUNNING, Status.DEPLOYED_STARTED)


def test_an_agent_that_is_quicker_than_its_target_is_not_overlooked():
    world = World()
    world.start(STORE)
    player = Player(world, STORE)
    player.hello()
    assert not world.published(DesiredState)
    world.done(STORE)
    player.listen(world.done(STORE))
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED
    assert player.desired.version == 1


def test_a_new_agent_is_told_all_that_is_wanted():
    world = World()
    world.start(STORE)
    agent = world.up(STORE)
    store = agent.desired.instances[0]
    assert store.path == "/store-vm/store"
    assert store.exports == {"Store.ip": "127.0.0.1", "Store.port": "10000"}
    assert (store.installer, store.bundle, store.desired) == ("bash", "sha256:aa", Desired.DEPLOYED_STARTED)
    assert agent.desired.generation == 1


def test_the_address_of_the_agent_is_exported_where_the_target_knows_none():
    world = World()
    world.start(STORE)
    world.done(STORE, address="")
    world.done(STORE)
    agent = Player(world, STORE)
    agent.say(Hello(epoch=agent.epoch, version=0, handlers={"bash": "1"}, address="10.0.0.7"))
    assert agent.desired.instances[0].exports["Store.ip"] == "10.0.0.7"
    agent.say(Hello(epoch=agent.epoch, version=1, handlers={"bash": "1"}, address="10.0.0.8"))
    assert agent.desired.version == 2
    assert agent.desired.instances[0].exports["Store.ip"] == "10.0.0.8"


def test_a_failed_creation_is_tried_again_and_looks_for_what_it_left():
    world = World()
    world.start(STORE)
    world.failed(STORE)
    assert world.machine(STORE).failure.next_try == world.now.wall + 2.0
    assert not world.steps()
    world.wait(2.0)
    assert world.steps() == [(MachineStep.CREATE, "shop/store-vm")]
    assert world.step(STORE).attempt == 2


def test_a_creation_that_does_not_answer_counts_as_failed():
    world = World()
    world.start(STORE)
    world.wait(300.0)
    assert world.machine(STORE).failure.reason == "no answer within 300 s"
    world.wait(2.0)
    assert world.step(STORE).attempt == 2


def exhaust_creation(world):
    world.start(STORE)
    for _ in range(3):
        world.failed(STORE)
        world.wait(10.0)


def test_an_exhausted_creation_ends_what_it_left_and_stays_visible():
    world = World()
    exhaust_creation(world)
    assert world.step(STORE).step is MachineStep.TERMINATE
    assert world.machine(STORE).status is Status.NOT_DEPLOYED
    world.done(STORE)
    machine = world.machine(STORE)
    assert machine.phase is Phase.IDLE
    assert (machine.failure.exhausted, machine.failure.reason) == (True, "no quota")
    world.wait(1000.0)
    assert world.machine(STORE) == machine


def test_a_retry_begins_a_new_creation_with_a_new_generation():
    world = World()
    exhaust_creation(world)
    world.done(STORE)
    assert world.ask(Retry(application="shop"))["retried"] == ["/store-vm"]
    assert world.step(STORE).step is MachineStep.CREATE
    assert (world.step(STORE).generation, world.step(STORE).attempt) == (2, 1)


def test_a_retry_during_the_clean_up_creates_once_that_is_over():
    world = World()
    exhaust_creation(world)
    world.ask(Retry(application="shop"))
    assert world.step(STORE).step is MachineStep.TERMINATE
    world.done(STORE)
    assert world.step(STORE).step is MachineStep.CREATE


def test_leftovers_of_a_creation_that_cannot_be_ended_are_named():
    world = World()
    exhaust_creation(world)
    for _ in range(3):
        world.failed(STORE, "it resists")
        world.wait(10.0)
    assert "no quota; what that left it cannot be ended: it resists" in world.machine(STORE).failure.reason
    assert world.machine(STORE).phase is Phase.TERMINATING


def test_undeploying_clears_a_failed_creation():
    world = World()
    exhaust_creation(world)
    world.done(STORE)
    world.undeploy(STORE)
    assert world.machine(STORE).failure is None
    assert not world.steps()


def test_a_machine_that_cannot_be_configured_is_kept_to_look_at():
    world = World()
    world.start(STORE)
    world.done(STORE)
    for _ in range(3):
        world.failed(STORE, "no disk")
        world.wait(10.0)
    machine = world.machine(STORE)
    assert (machine.status, machine.machine_id, machine.problem) == (Status.PROBLEM, "id-1", "no disk")
    world.ask(Retry(application="shop", path=STORE))
    assert world.step(STORE).step is MachineStep.CONFIGURE


def test_an_agent_that_never_speaks_is_a_problem_and_is_welcome_later():
    world = World()
    world.start(STORE)
    world.done(STORE)
    world.done(STORE)
    world.wait(180.0)
    machine = world.machine(STORE)
    assert (machine.status, machine.failure.exhausted) == (Status.PROBLEM, True)
    assert machine.problem == "no word from its agent within 180 s"
    Player(world, STORE).hello()
    assert (world.machine(STORE).status, world.machine(STORE).failure) == (Status.DEPLOYED_STARTED, None)


def test_a_retry_starts_the_agent_that_never_spoke_again():
    world = World()
    world.start(STORE)
    world.done(STORE)
    world.done(STORE)
    world.wait(180.0)
    world.ask(Retry(application="shop"))
    assert world.step(STORE).step is MachineStep.RESTART_AGENT
    world.wait(180.0)
    assert world.machine(STORE).is_exhausted


def test_a_machine_is_drained_before_it_is_terminated():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    store.listen(world.effects)
    assert world.machine(STORE).status is Status.UNDEPLOYING
    assert [i.desired for i in store.desired.instances] == [Desired.NOT_DEPLOYED]
    assert not world.steps()
    store.report("/store-vm/store", Status.STOPPING)
    assert not world.steps()
    store.stop("/store-vm/store", "Store")
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_a_terminated_machine_leaves_a_farewell_and_no_trace():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    world.done(STORE, ended=("python3 (4711)",))
    farewell = Farewell(agent="shop/store-vm", epoch=Epoch(1, NEVER_AGAIN, NEVER_AGAIN))
    assert world.published(Farewell) == [("shop/those.that.import.Store", farewell)]
    machine = world.machine(STORE)
    assert (machine.status, machine.phase, machine.machine_id) == (Status.NOT_DEPLOYED, Phase.IDLE, "")
    assert ("report", world.instance("/store-vm/store").id) not in world.store
    assert not [key for kind, key in world.store if kind == "exports" and key.endswith(" Store")]
    (record,) = world.records("machine-terminated")
    assert record.details["ended"] == ["python3 (4711)"]


def test_what_does_not_drain_in_time_is_named_and_ended():
    world, _, _ = running_shop()
    world.undeploy(STORE)
    effects = world.wait(1000.0)
    assert (MachineStep.TERMINATE, "shop/store-vm") in world.steps(effects)
    (record,) = world.records("undeploy-incomplete", effects)
    assert record.details["left"] == ["/store-vm/store"]


def test_an_undeploy_script_that_was_given_up_does_not_hold_the_machine():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    failure = Failure(action=Action.UNDEPLOY, reason="exit status 3", attempt=3, exhausted=True)
    store.report("/store-vm/store", Status.DEPLOYED_STOPPED, failure=failure)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_undeploy_still_runs_after_a_stop_that_was_given_up():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    failure = Failure(action=Action.STOP, reason="timed out after 60 s", attempt=3, exhausted=True)
    store.report("/store-vm/store", Status.DEPLOYED_STOPPED, failure=failure)
    assert not world.steps()
    store.report("/store-vm/store", Status.UNDEPLOYING, failure=failure, action=Action.UNDEPLOY)
    assert not world.steps()
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_what_cannot_be_stopped_does_not_hold_the_machine():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    failure = Failure(action=Action.STOP, reason="timed out after 60 s", attempt=3, exhausted=True)
    store.report("/store-vm/store", Status.DEPLOYED_STARTED, failure=failure)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_an_older_failure_does_not_count_as_a_given_up_undeploy():
    world, store, _ = running_shop()
    failure = Failure(action=Action.UPDATE, reason="exit status 3", attempt=3, exhausted=True)
    world.undeploy(STORE)
    store.report("/store-vm/store", Status.DEPLOYED_STARTED, failure=failure, generation=1)
    assert not world.steps()


def test_a_machine_whose_agent_took_nothing_up_is_ended_once_the_agent_says_so():
    world = World()
    world.start(STORE)
    store = world.up(STORE)
    world.undeploy(STORE)
    store.listen(world.effects)
    assert not world.steps()
    store.beat()
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_a_machine_is_not_ended_before_its_agent_knows_that_it_goes():
    world = World()
    world.start(STORE)
    store = world.up(STORE)
    store.beat()
    world.undeploy(STORE)
    assert not world.steps()
    store.beat()
    assert not world.steps()
    store.listen(world.effects)
    store.beat()
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_a_machine_that_is_not_wanted_before_its_agent_came_is_ended_at_once():
    world = World()
    world.start(STORE)
    world.done(STORE)
    world.done(STORE)
    world.undeploy(STORE)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]


def test_a_machine_that_is_being_created_is_ended_once_it_has_a_name():
    world = World()
    world.start(STORE)
    world.undeploy(STORE)
    assert world.machine(STORE).status is Status.UNDEPLOYING
    assert not world.steps()
    world.done(STORE)
    assert world.step(STORE).step is MachineStep.TERMINATE
    assert world.step(STORE).machine_id == "id-1"


def test_a_machine_that_is_wanted_again_while_it_goes_comes_back_as_a_new_one():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    world.start(STORE)
    ((_, told),) = world.published(DesiredState)
    assert told.instances[0].desired is Desired.NOT_DEPLOYED
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    world.done(STORE)
    assert world.step(STORE).step is MachineStep.CREATE
    assert world.step(STORE).generation == 3


def test_a_machine_that_cannot_be_ended_stays_visible_and_can_be_tried_again():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    for _ in range(3):
        world.failed(STORE, "still running: python3 (4711)")
        world.wait(10.0)
    machine = world.machine(STORE)
    assert machine.status is Status.PROBLEM
    assert "still running: python3 (4711)" in machine.problem
    store.beat()
    assert world.machine(STORE).status is Status.PROBLEM
    world.undeploy(STORE)
    assert world.steps() == [(MachineStep.TERMINATE, "shop/store-vm")]
    world.done(STORE)
    assert world.machine(STORE).status is Status.NOT_DEPLOYED


def test_answers_of_an_older_deployment_change_nothing():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    world.done(STORE)
    world.start(STORE)
    before = world.machine(STORE)
    agent = "shop/store-vm"
    world.send(MachineStepDone(agent=agent, generation=1, step=MachineStep.CREATE, machine_id="old"))
    world.send(MachineStepFailed(agent=agent, generation=1, step=MachineStep.CREATE, reason="late"))
    world.send(MachineStepDone(agent="shop/nobody", generation=1, step=MachineStep.CREATE))
    assert world.machine(STORE) == before
    assert not world.effects


def test_late_words_of_a_terminated_machine_change_nothing():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    world.done(STORE)
    for speak in (store.hello, store.beat, lambda: store.start("/store-vm/store", "Store")):
        speak()
        assert not world.effects


@pytest.mark.parametrize("done_steps", [0, 1, 2])
def test_a_restart_goes_on_where_a_creation_was(done_steps):
    world = World()
    world.start(STORE)
    for _ in range(done_steps):
        world.done(STORE)
    world.restart()
    expected = [MachineStep.CREATE, MachineStep.CONFIGURE]
    assert [s for s, _ in world.steps()] == expected[done_steps : done_steps + 1]
    if done_steps == 0:
        assert world.step(STORE).attempt == 2
    for _ in range(2 - done_steps):
        world.done(STORE)
    Player(world, STORE).hello()
    assert world.machine(STORE).status is Status.DEPLOYED_STARTED


def test_a_restart_goes_on_with_a_drain_and_with_a_termination():
    world, store, _ = running_shop()
    world.undeploy(STORE)
    world.restart()
    store.report("/store-vm/store", Status.NOT_DEPLOYED)
    assert world.step(STORE).step is MachineStep.TERMINATE
    world.restart()
    assert (MachineStep.TERMINATE, "shop/store-vm") in world.steps()
    world.done(STORE)
    assert world.machine(STORE).status is Status.NOT_DEPLOYED


def nested_world():
    pod = Instance(name="pod", component="Pod", children=(Instance(name="store", component="Store"),))
    world = World(template=replace(TEMPLATE, instances=(vm("vm", pod),)))
    world.start()
    return world


def test_a_nested_machine_waits_for_the_one_that_it_stands_on():
    world = nested_world()
    assert world.steps() == [(MachineStep.CREATE, "shop/vm")]
    world.up("/vm")
    assert world.step("/vm/pod").step is MachineStep.CREATE


def test_a_nested_machine_has_an_agent_and_a_desired_state_of_its_own():
    world = nested_world()
    outer = world.up("/vm")
    inner = world.up("/vm/pod")
    assert outer.desired.instances == ()
    assert [i.path for i in inner.desired.instances] == ["/vm/pod/store"]
    assert [i.path for i in inner.desired.ancestors] == ["/vm"]


def test_a_machine_goes_after_those_that_stand_on_it():
    world = nested_world()
    outer, inner = world.up("/vm"), world.up("/vm/pod")
    inner.start("/vm/pod/store", "Store")
    world.undeploy()
    outer.listen(world.effects)
    outer.beat()
    assert world.steps() == []
    inner.stop("/vm/pod/store", "Store")
    assert world.steps() == [(MachineStep.TERMINATE, "shop/vm/pod")]
    world.done("/vm/pod")
    assert world.steps() == [(MachineStep.TERMINATE, "shop/vm")]


def test_what_a_nested_machine_stands_on_stays_until_that_is_gone():
    dock = Instance(name="dock", component="Dock", children=(Instance(name="pod", component="Pod"),))
    world = World(template=replace(TEMPLATE, instances=(vm("vm", dock),)))
    world.start()
    outer = world.up("/vm")
    assert not world.steps()
    outer.report("/vm/dock", Status.DEPLOYED_STARTED)
    assert world.steps() == [(MachineStep.CREATE, "shop/vm/dock/pod")]
    world.up("/vm/dock/pod")
    world.undeploy("/vm/dock")
    outer.listen(world.effects)
    assert outer.desired.instances[0].desired is Desired.DEPLOYED_STARTED
    outer.listen(world.done("/vm/dock/pod"))
    assert outer.desired.instances[0].desired is Desired.NOT_DEPLOYED


def test_an_instance_that_is_added_to_a_running_machine_is_told_to_its_agent():
    world, store, _ = running_shop()
    world.ask(CreateInstance(application="shop", parent=STORE, name="two", component="Store"))
    store.listen(world.effects)
    assert [i.path for i in store.desired.instances] == ["/store-vm/store", "/store-vm/two"]
    assert store.version == 2
