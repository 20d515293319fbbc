"""The virtual world itself: what it promises to those who plan and simulate with it."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest

from roboconf_core.dm.events import AddTemplate, ChangeDesired, CreateApplication, Scale
from roboconf_core.messages.types import (
    DM,
    ImportsRequested,
    InstanceReported,
    PortTaken,
    Resynchronize,
)
from roboconf_core.model.application import ApplicationTemplate, Descriptor
from roboconf_core.model.graph import Component, ExportedVariable, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Action, Desired, Status
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.conditions import Conditions, CrashPoint, Fault
from roboconf_core.simulation.host import Recipe
from roboconf_core.simulation.network import Network
from roboconf_core.simulation.promises import AT_REST, broken
from roboconf_core.simulation.schedule import Schedule
from roboconf_core.simulation.world import TARGET, World

IP = ExportedVariable(name="ip")
GRAPH = Graph(
    components={
        "VM": Component(name="VM", installer="target", children=("Store", "Web", "Balancer")),
        "Store": Component(
            name="Store", installer="script", exports=(IP, ExportedVariable(name="port", random="port"))
        ),
        "Web": Component(name="Web", installer="script", exports=(IP,), imports=(ImportedVariable(name="Store.*"),)),
        "Balancer": Component(
            name="Balancer", installer="script", imports=(ImportedVariable(name="Web.ip", optional=True),)
        ),
    }
)


def template(webs: int = 1) -> ApplicationTemplate:
    machines = [("store-vm", "Store"), ("lb-vm", "Balancer"), *((f"web-vm{i + 1}", "Web") for i in range(webs))]
    return ApplicationTemplate(
        descriptor=Descriptor(name="shop", version="1"),
        graph=GRAPH,
        instances=tuple(
            Instance(name=name, component="VM", children=(Instance(name=component.lower(), component=component),))
            for name, component in machines
        ),
        bundles={"Web": "sha256:web"},
    )


def shop(webs: int = 1, **options) -> World:
    world = World(1, **options)
    world.request(AddTemplate(template=template(webs)))
    world.request(CreateApplication(name="shop", template="shop", version="1", default_target=TARGET))
    world.request(ChangeDesired(application="shop", desired=Desired.DEPLOYED_STARTED))
    return world


def at_rest(world: World) -> bool:
    return not broken(world, AT_REST)


def updates(world: World, path: str) -> list:
    return [fact for fact in world.chronicle.actions if fact.path == path and fact.action is Action.UPDATE]


# --- whole worlds


def test_an_application_is_deployed_and_started():
    world = shop()
    assert world.run_until(partial(at_rest, world), limit_s=60)
    assert set(world.statuses().values()) == {Status.DEPLOYED_STARTED}
    assert not world.chronicle.violations


def test_a_scenario_of_users_reads_as_it_happens():
    world = shop(trace=True)
    world.run(30)
    world.request(Scale(application="shop", path="/web-vm", to=3))
    assert world.run_until(partial(at_rest, world), limit_s=60)
    assert world.statuses()["shop/web-vm3/web"] is Status.DEPLOYED_STARTED
    assert len(updates(world, "/lb-vm/balancer")[-1].imports) == 3
    assert any("history scaled" in line for line in world.chronicle.lines)


def test_a_provider_that_dies_takes_its_dependents_to_unresolved_and_back():
    world = shop(recipes={"Store": Recipe(has_pid_file=True)})
    world.run(30)
    (store,) = [(h, i) for h in world.hosts() for i, s in h.software.items() if s.path == "/store-vm/store"]
    before = len(world.chronicle.actions)
    assert store[0].kill(store[1])
    assert world.run_until(partial(at_rest, world), limit_s=60)
    told = [(f.path, f.action) for f in world.chronicle.actions[before:] if f.path != "/lb-vm/balancer"]
    assert ("/web-vm1/web", Action.STOP) in told
    assert told[-1] == ("/web-vm1/web", Action.START)


@pytest.mark.parametrize("point", CrashPoint)
def test_a_manager_that_dies_over_a_request_is_as_it_was_or_as_it_was_asked(point):
    world = shop()
    world.run(30)
    world.crash_manager(point)
    reply = world.request(ChangeDesired(application="shop", path="/web-vm1/web", desired=Desired.DEPLOYED_STOPPED))
    assert (reply is None) is (point is not CrashPoint.BEFORE_ACKNOWLEDGING)
    world.start_manager()
    assert world.run_until(partial(at_rest, world), limit_s=60)
    stopped = point is not CrashPoint.BEFORE_SAVE
    assert world.statuses()["shop/web-vm1/web"] is (Status.DEPLOYED_STOPPED if stopped else Status.DEPLOYED_STARTED)


def test_actions_go_on_while_their_agent_is_dead():
    world = shop(conditions=Conditions(action_s=(20.0, 20.0)))
    assert world.run_until(lambda: any(h.runs_action(i) for h in world.hosts() for i in h.software), limit_s=30)
    host = next(h for h in world.hosts() if any(h.runs_action(i) for i in h.software))
    world.crash_agent(host.agent)
    world.run(25)
    world.start_agent(host)
    world.run(5)
    deploys = [f for f in world.chronicle.actions if f.agent == host.agent and f.action is Action.DEPLOY]
    assert [f.succeeded for f in deploys] == [True]


def test_a_reboot_ends_what_runs_and_keeps_what_is_deployed():
    world = shop()
    world.run(30)
    host = next(h for h in world.hosts() if h.agent == "shop/store-vm")
    world.reboot(host)
    assert [(s.deployed, s.running) for s in host.software.values()] == [(True, False)]
    world.start_agent(host)
    assert world.run_until(partial(at_rest, world), limit_s=60)
    actions = [f.action for f in world.chronicle.actions if f.agent == host.agent]
    assert actions == [Action.DEPLOY, Action.START, Action.START]


def test_the_manager_gives_up_an_agent_that_is_cut_off_and_takes_it_back():
    world = shop(conditions=Conditions(embedded_hub=False))
    world.run(30)
    world.isolate(["shop/web-vm1"])
    world.run(10)
    assert world.machines()["shop/web-vm1"].status is Status.PROBLEM
    assert updates(world, "/lb-vm/balancer")[-1].imports == ()
    world.heal()
    assert world.run_until(partial(at_rest, world), limit_s=60)
    assert len(updates(world, "/lb-vm/balancer")[-1].imports) == 1


def test_a_storm_of_providers_is_a_dozen_updates_of_the_last_truth():
    world = shop(webs=150)
    assert world.run_until(partial(at_rest, world), limit_s=120, step_s=5)
    seen = updates(world, "/lb-vm/balancer")
    assert 1 <= len(seen) <= 12
    assert len(seen[-1].imports) == 150


# --- the network


class Ear:
    """A peer that acknowledges what it hears, or does not."""

    def __init__(self, acknowledges=True):
        self.heard, self.acknowledges = [], acknowledges

    def connected(self):
        self.heard.append("connected")

    def disconnected(self):
        self.heard.append("disconnected")

    def overflowed(self):
        self.heard.append("overflowed")

    def delivered(self, sender, message, acknowledge):
        self.heard.append(message)
        if self.acknowledges:
            acknowledge()


@pytest.fixture
def net():
    return Net()


class Net:
    """A network with two peers."""

    def __init__(self):
        self.schedule = Schedule()
        self.conditions = Conditions()
        self.chronicle = Chronicle(lambda: self.schedule.now)
        self.network = Network(self.schedule, self.conditions, Random(1), self.chronicle)
        for name in (DM, "app/vm"):
            self.network.enrol(name)
        self.network.subscribe(DM, ["dm"])
        self.network.connect("app/vm", Ear())

    def send(self, *messages):
        for message in messages:
            self.network.publish("app/vm", "dm", message)

    def hear(self, ear=None, seconds=1.0):
        ear = ear or Ear()
        self.network.connect(DM, ear)
        self.schedule.run_until(self.schedule.now + seconds)
        return ear.heard


def ports(count):
    return [PortTaken(instance=f"i{i}", name="port", port=i) for i in range(count)]


def test_what_is_sent_waits_in_its_order(net):
    net.send(*ports(20))
    assert net.hear() == ["connected", *ports(20)]
    assert net.network.waiting(DM) == 0


def test_what_is_not_acknowledged_comes_again(net):
    net.send(*ports(2))
    assert net.hear(Ear(acknowledges=False)) == ["connected", *ports(2)]
    assert net.hear() == ["connected", *ports(2)]
    assert net.hear() == ["connected"]


def test_the_newest_message_of_a_key_replaces_the_one_before(net):
    net.send(ImportsRequested(prefix="A"), ImportsRequested(prefix="B"), ImportsRequested(prefix="A"))
    assert net.hear() == ["connected", ImportsRequested(prefix="B"), ImportsRequested(prefix="A")]


def test_a_queue_that_overflows_is_one_notice(net):
    net.send(*ports(5))
    assert net.network.overflow(DM)
    net.send(*ports(1))
    assert net.hear() == ["connected", "overflowed", *ports(1)]


def test_lost_and_doubled_messages_are_counted(net):
    net.conditions.lost = 1.0
    net.send(*ports(3))
    net.conditions.lost, net.conditions.doubled = 0.0, 1.0
    net.send(*ports(1))
    assert net.hear(seconds=10.0) == ["connected", *ports(1), *ports(1)]
    assert net.chronicle.tally.faults[Fault.MESSAGE_LOST] == 3
    assert net.chronicle.tally.faults[Fault.MESSAGE_DOUBLED] == 1


def test_agents_may_not_use_topics_of_others(net):
    net.network.publish("app/vm", "other/those.that.import.A", Resynchronize())
    net.network.subscribe("app/vm", ["app/machine/other"])
    assert [v.promise for v in net.chronicle.violations] == ["agents_speak_for_themselves_only"] * 2
    assert InstanceReported not in [type(m) for m in net.hear()]
