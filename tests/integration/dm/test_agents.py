"""Agents, played by the test, over the real http transport: each speaks for itself only."""

import queue

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from roboconf_core.builtin.http.transport import HttpTransport
from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.topology import DM_TOPIC, agent_topic, importers_topic
from roboconf_core.messages.types import (
    ActionReported,
    BundleChunk,
    BundleRequested,
    DesiredState,
    Epoch,
    ExportsPublished,
    Farewell,
    Hello,
    InstanceReported,
    Publication,
    key_of,
)
from roboconf_core.model.lifecycle import Action, Status

PATIENCE_S = 20


class Agent:
    """One agent: what the manager tells it is in ``told``."""

    def __init__(self, launch):
        self.name = launch["agent"]
        self.generation = int(launch["generation"])
        self.told = queue.SimpleQueue()
        settings = {
            key.removeprefix("transport."): text for key, text in launch.items() if key.startswith("transport.")
        }
        self.connection = HttpTransport().agent(settings, self)
        self.connection.subscribe([agent_topic(self.name)])

    @property
    def epoch(self):
        return Epoch(self.generation, 1, 0)

    def connected(self):
        pass

    def disconnected(self, reason):
        pass

    def overflowed(self):
        pass

    def delivered(self, delivery):
        self.told.put((delivery.sender, decode(delivery.payload)))
        self.connection.acknowledge(delivery.tag)

    def says(self, message, topic=DM_TOPIC):
        self.connection.publish(topic, encode(message), key=key_of(message))

    def hears(self, kind):
        while True:
            _, message = self.told.get(timeout=PATIENCE_S)
            if isinstance(message, kind):
                return message

    def hello(self):
        self.says(Hello(epoch=self.epoch, version=0, handlers={"bash": "0.1"}, address="127.0.0.1"))


@pytest.fixture
def agents(lamp):
    """Agents of both machines, deployed and heard."""
    lamp.post("/applications/lamp/start", {"all": True})
    made = []
    for path in ("/db-vm", "/web-vm"):
        lamp.wait_for(lambda path=path: lamp.machine(path)["machine_id"])
        made.append(Agent(lamp.launch(path)))
        made[-1].hello()
    for path in ("/db-vm", "/web-vm"):
        lamp.wait_for(lambda path=path: lamp.machine(path)["status"] == "DEPLOYED_STARTED")
    yield made
    for agent in made:
        agent.connection.close()


def publication(agent, spec, **changes):
    values = {
        "agent": agent.name, "instance": spec.id, "path": spec.path, "component": "Db", "prefix": "Db", "epoch": agent.epoch,
        "sequence": 1, "variables": {"Db.ip": "127.0.0.1", "Db.port": "3306"},
    }  # fmt: skip
    return ExportsPublished(publication=Publication(**{**values, **changes}))


def dropped(manager):
    return manager.get("")["dropped"]["forged"]


def test_an_agent_gets_what_is_wanted_and_what_it_reports_is_shown(lamp, agents):
    db, _ = agents
    state = db.hears(DesiredState)
    (spec,) = state.instances
    assert (spec.path, spec.desired, state.generation) == ("/db-vm/db", "DEPLOYED_STARTED", db.generation)
    db.says(
        InstanceReported(
            instance=spec.id, path=spec.path, epoch=db.epoch, sequence=1, status=Status.DEPLOYING,
            generation=spec.generation, since=1.0, action=Action.DEPLOY,
        )
    )  # fmt: skip
    lamp.wait_for(lambda: lamp.get("/applications/lamp/instances", path=spec.path)["status"] == "DEPLOYING")
    db.says(
        ActionReported(
            instance=spec.id, path=spec.path, id="a1", action=Action.DEPLOY, attempt=1, cause="asked", started=1.0,
            duration_s=2.0, exit_status=3, reason="exit status 3", stdout="said", stderr="complained",
        )
    )  # fmt: skip
    lamp.wait_for(lambda: lamp.get("/applications/lamp/logs", path=spec.path)["items"])
    (output,) = lamp.get("/applications/lamp/logs", path="/db-vm")["items"]
    assert (output["stdout"], output["stderr"], output["exit_status"]) == ("said", "complained", 3)


def test_a_recipe_comes_in_chunks_over_the_connection(lamp, agents):
    db, _ = agents
    (spec,) = db.hears(DesiredState).instances
    db.says(BundleRequested(digest=spec.bundle, offset=0))
    chunk = db.hears(BundleChunk)
    assert chunk.digest == spec.bundle
    assert chunk.size > 0


def test_an_agent_that_publishes_exports_of_another_is_refused(lamp, agents):
    db, web = agents
    (spec,) = db.hears(DesiredState).instances
    web.says(publication(db, spec, variables={"Db.ip": "10.6.6.6", "Db.port": "1"}))
    lamp.wait_for(lambda: dropped(lamp) == 1)
    web.says(publication(web, spec, variables={"Db.ip": "10.6.6.6", "Db.port": "1"}))
    lamp.wait_for(lambda: dropped(lamp) == 2)
    web.says(
        InstanceReported(
            instance=spec.id,
            path=spec.path,
            epoch=db.epoch,
            sequence=99,
            status=Status.PROBLEM,
            generation=1,
            since=1.0,
        )
    )
    lamp.wait_for(lambda: dropped(lamp) == 3)
    web.says(Farewell(agent=db.name, epoch=Epoch(99, 99, 99)))
    lamp.wait_for(lambda: dropped(lamp) == 4)
    assert "10.6.6.6" not in lamp.client.get("/applications/lamp").text
    db.says(publication(db, spec))
    db.hello()
    lamp.wait_for(lambda: "3306" in lamp.client.get("/applications/lamp").text)
    assert dropped(lamp) == 4


def hears_publication(agent):
    while True:
        sender, message = agent.told.get(timeout=PATIENCE_S)
        if isinstance(message, ExportsPublished):
            return sender, message


def test_a_forged_export_reaches_importers_under_the_forgers_own_name(lamp, agents):
    """The hub stamps the sender; the importer's agent sees from it that the publication is not the exporter's."""
    db, web = agents
    (spec,) = db.hears(DesiredState).instances
    db.connection.subscribe([importers_topic("lamp", "Db")])
    db.says(publication(db, spec), topic=importers_topic("lamp", "Db"))
    assert hears_publication(db)[0] == db.name  # now its subscription is in force
    web.says(publication(db, spec), topic=importers_topic("lamp", "Db"))
    sender, message = hears_publication(db)
    assert sender == web.name
    assert message.publication.agent == db.name


def test_the_credential_of_a_terminated_machine_is_worth_nothing(lamp, agents):
    db, _ = agents
    launch = lamp.launch("/db-vm")
    lamp.post("/applications/lamp/undeploy", {"path": "/db-vm"})
    state = db.hears(DesiredState)
    while any(spec.desired != "NOT_DEPLOYED" for spec in state.instances):
        state = db.hears(DesiredState)
    for number, spec in enumerate(state.instances):
        db.says(
            InstanceReported(
                instance=spec.id, path=spec.path, epoch=db.epoch, sequence=number + 1, status=Status.NOT_DEPLOYED,
                generation=spec.generation, since=1.0,
            )
        )  # fmt: skip
    lamp.wait_for(lambda: "terminate" in lamp.calls("/db-vm"))
    lamp.wait_for(lambda: lamp.machine("/db-vm")["status"] == "NOT_DEPLOYED")
    url = launch["transport.url"]
    headers = {"Authorization": f"Bearer {launch['transport.token']}"}
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None):
        pass
    assert refused.value.response.status_code in (401, 403)
    assert [one["agent"] for one in lamp.get("/agents")["items"]] == ["lamp/web-vm"]
