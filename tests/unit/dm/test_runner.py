"""The runner stores first and acts afterwards; these tests drive it with a scripted core and transport."""

import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

import pytest

from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.core.state import APPLICATION, INSTANCE, RECORDS, ApplicationRecord
from roboconf_core.dm.events import (
    AgentConnected,
    CancelTimer,
    ChangeDesired,
    CreateInstance,
    Delete,
    DoMachineStep,
    MachineStep,
    MachineStepDone,
    MessageReceived,
    Publish,
    Record,
    RemoveInstance,
    Reply,
    Requested,
    Retry,
    Save,
    SendBundle,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
)
from roboconf_core.dm.runner import EndingError, Runner
from roboconf_core.dm.store import Store, StoreError
from roboconf_core.errors import ConflictError, NotFoundError
from roboconf_core.hooks.transports import Delivery
from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.types import (
    BundleChunk,
    Epoch,
    ExportsPublished,
    Hello,
    PortTaken,
    Publication,
    ReportsRequested,
)
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import Desired

PATIENCE_S = 10.0
APP = ApplicationRecord(name="lamp", template="Lamp", version="1")
START = ChangeDesired(application="lamp", desired=Desired.DEPLOYED_STARTED)
HELLO = Hello(epoch=Epoch(1, 1, 0), version=0, handlers={})


class ScriptedCore:
    """Answers events with what a function of the test says; remembers all events."""

    def __init__(self, script):
        self.script = script
        self.events = []
        self.hold = threading.Event()
        self.hold.set()

    def handle(self, event, *, now):
        assert self.hold.wait(PATIENCE_S)
        self.events.append(event)
        return tuple(self.script(event, now) or ())


class FakeConnection:
    def __init__(self, log):
        self.log = log

    def publish(self, topic, payload, *, key=None):
        self.log.append(("publish", topic, decode(payload), key))

    def subscribe(self, topics):
        self.log.append(("subscribe", topics))

    def unsubscribe(self, topics):
        self.log.append(("unsubscribe", topics))

    def acknowledge(self, tag):
        self.log.append(("ack", tag))

    def close(self, *, timeout_s=5.0):
        self.log.append(("close",))


class FakeTransport:
    def __init__(self, log):
        self.log = log

    def connect(self, listener):
        self.listener = listener
        return FakeConnection(self.log)


class FakeMachines:
    """Steps end when the test releases them."""

    def __init__(self):
        self.begun = []
        self.release = threading.Semaphore(0)
        self.results = {}

    def do(self, step):
        self.begun.append((step.agent, step.step))
        assert self.release.acquire(timeout=PATIENCE_S)
        unfinished = self.results.get(step.step, 0)
        if unfinished:
            self.results[step.step] = unfinished - 1
            return None
        return MachineStepDone(agent=step.agent, generation=step.generation, step=step.step, machine_id="m1")


class FakePorts:
    """Says that one port is in use, and notes what goes on while it may be drawn."""

    def __init__(self):
        self.during = []
        """For each time that ports were lent, the events that the core took in meanwhile."""

    @contextmanager
    def drawing(self):
        before = len(self.core.events)
        yield frozenset({20000})
        self.during.append(self.core.events[before:])


class World:
    def __init__(self, tmp_path, script):
        self.log = []
        self.core = ScriptedCore(script)
        self.url = f"sqlite:///{tmp_path}/database.sqlite3"
        self.store = Store(self.url)
        self.transport = FakeTransport(self.log)
        self.machines = FakeMachines()
        (tmp_path / "bundles").mkdir()
        self.bundles = BundleStore(tmp_path / "bundles")
        self.changes = 0
        self.over = threading.Event()
        self.ahead_s = 0.0
        self.ports = FakePorts()
        self.ports.core = self.core
        self.runner = Runner(
            self.core,
            ports=self.ports,
            clock=lambda: Instant(time.monotonic() + self.ahead_s, time.time()),
            store=self.store,
            transport=self.transport,
            machines=self.machines,
            bundles=self.bundles,
            changed=self._changed,
            ended=self.over.set,
        )
        self.runner.start()
        self.flush()

    def _changed(self):
        self.changes += 1

    def flush(self):
        """Wait until everything that was queued before is decided."""
        self.runner.read(lambda: None)

    def deliver(self, message, *, sender="lamp/vm", tag=1):
        payload = message if isinstance(message, bytes) else encode(message)
        self.transport.listener.delivered(Delivery(sender=sender, topic="dm", payload=payload, tag=tag))

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"did not happen; events {self.core.events}, log {self.log}"
            self.flush()

    def stored(self):
        return {key for _, key, _ in self.store.load(RECORDS)}


@pytest.fixture
def world(tmp_path):
    made = []

    def make(script=lambda event, now: ()):
        made.append(World(tmp_path, script))
        return made[-1]

    yield make
    for one in made:
        one.machines.release.release(100)
        one.runner.stop()
        one.store.close()


def ok(event, now):
    if isinstance(event, Requested):
        return [Save(APPLICATION, "lamp", APP), Reply(id=event.id, result={"name": "lamp"})]
    return []


def test_the_first_event_is_started(world):
    it = world(lambda event, now: [Subscribe(("dm",))] if event == Started() else ())
    assert it.core.events == [Started()]
    assert it.log == [("subscribe", ("dm",))]


def test_a_user_is_answered_after_the_commit(world):
    it = world(ok)
    assert it.runner.request(START) == {"name": "lamp"}
    assert it.stored() == {"lamp"}
    assert it.changes == 1


def test_a_refusal_is_raised_to_the_one_who_asked(world):
    error = NotFoundError("application 'lamp' does not exist")
    it = world(lambda event, now: [Reply(id=event.id, error=error)] if isinstance(event, Requested) else ())
    with pytest.raises(NotFoundError, match="lamp"):
        it.runner.request(START)


def test_effects_come_after_the_commit_and_in_order(world):
    def script(event, now):
        if isinstance(event, Requested):
            return [
                Publish("lamp/machine/vm", ReportsRequested()),
                Save(APPLICATION, "lamp", APP),
                Record(application="lamp", kind="desired-changed", text="start"),
                Reply(id=event.id),
                Subscribe(("x",)),
            ]
        return []

    it = world(script)
    it.runner.request(START)
    assert it.log == [("publish", "lamp/machine/vm", ReportsRequested(), "ReportsRequested"), ("subscribe", ("x",))]
    assert [event.kind for event in it.store.newest_events()] == ["desired-changed"]


def test_nothing_is_carried_out_when_the_commit_fails(world):
    def script(event, now):
        if isinstance(event, (Requested, MessageReceived)):
            reply = [Reply(id=event.id)] if isinstance(event, Requested) else []
            return [Save(APPLICATION, f"{n}", APP) for n in range(5000)] + [Publish("t", ReportsRequested()), *reply]
        return []

    it = world(script)
    it.runner.read(lambda: it.store._writer.connection.driver_connection.execute("PRAGMA max_page_count=1"))
    it.deliver(HELLO)
    with pytest.raises((StoreError, EndingError)):
        it.runner.request(START)
    assert it.over.wait(PATIENCE_S)
    assert isinstance(it.runner.failure, StoreError)
    assert it.log == [("close",)]
    assert it.stored() == set()
    assert not it.runner.alive
    with pytest.raises(EndingError):
        it.runner.request(START)
    with pytest.raises(EndingError):
        it.runner.read(lambda: 1)


def test_a_message_is_acknowledged_after_the_commit_of_its_effects(world):
    it = world(lambda event, now: [Save(APPLICATION, "x", APP)] if isinstance(event, MessageReceived) else ())
    it.deliver(HELLO, tag=7)
    it.flush()
    assert it.core.events[1:] == [MessageReceived(sender="lamp/vm", message=HELLO)]
    assert it.log == [("ack", 7)]
    assert it.stored() == {"x"}


def test_messages_that_wait_share_one_commit(world):
    it = world(lambda event, now: [Save(APPLICATION, "x", APP)] if isinstance(event, MessageReceived) else ())
    it.core.hold.clear()
    for tag in range(50):
        it.deliver(HELLO, tag=tag)
    it.core.hold.set()
    it.flush()
    assert [entry[1] for entry in it.log] == list(range(50))
    assert it.changes <= 2  # the first one alone, perhaps


def test_what_cannot_be_decoded_is_dropped_counted_and_acknowledged(world):
    it = world()
    it.deliver(b"no message", tag=3)
    it.flush()
    assert it.core.events == [Started()]
    assert it.runner.counters.undecodable == 1
    assert it.log == [("ack", 3)]


def test_a_forged_message_is_dropped_counted_and_acknowledged(world):
    it = world()
    publication = Publication(
        agent="lamp/other", instance="i1", path="/other/db", component="Db", prefix="Db", epoch=Epoch(1, 1, 0), sequence=1,
        variables={},
    )  # fmt: skip
    it.deliver(ExportsPublished(publication=publication), sender="lamp/vm", tag=4)
    it.flush()
    assert it.core.events == [Started()]
    assert it.runner.counters.forged == 1
    assert it.log == [("ack", 4)]


def test_a_timer_fires_once_and_a_replaced_or_cancelled_one_does_not(world):
    def script(event, now):
        if event == Started():
            return [
                SetTimer("replaced", now.monotonic + 0.01),
                SetTimer("replaced", now.monotonic + 3600),
                SetTimer("cancelled", now.monotonic + 0.01),
                CancelTimer("cancelled"),
                CancelTimer("unknown"),
                SetTimer("due", now.monotonic + 0.02),
            ]
        return [SetTimer("next", now.monotonic)] if event == TimerFired("due") else ()

    it = world(script)
    it.until(lambda: TimerFired("next") in it.core.events)
    assert [event for event in it.core.events if isinstance(event, TimerFired)] == [
        TimerFired("due"),
        TimerFired("next"),
    ]


def test_a_timer_that_is_put_off_while_it_becomes_due_does_not_fire(world):
    """The event that puts it off waits in the queue at the very moment at which the timer is due."""

    def script(event, now):
        if event == Started():
            return [SetTimer("deadline", now.monotonic + 60)]
        if event == AgentConnected("lamp/done"):
            return [SetTimer("deadline", now.monotonic + 3600)]
        return [SetTimer("due", now.monotonic)] if event == AgentConnected("lamp/last") else []

    it = world(script)
    it.core.hold.clear()
    it.transport.listener.agent_connected("lamp/slow")  # the runner waits inside of this one
    it.transport.listener.agent_connected("lamp/done")
    it.ahead_s = 100  # the deadline passes meanwhile
    it.transport.listener.agent_connected("lamp/last")
    it.core.hold.set()
    it.until(lambda: TimerFired("due") in it.core.events)
    assert TimerFired("deadline") not in it.core.events


def test_the_same_key_gives_the_first_answer_again(world):
    it = world(ok)
    first = it.runner.submit(START, status=202, key="k", fingerprint="f").result(PATIENCE_S)
    again = it.runner.submit(START, status=202, key="k", fingerprint="f").result(PATIENCE_S)
    assert (first.result, first.status, first.replayed) == ({"name": "lamp"}, 202, False)
    assert (again.result, again.status, again.replayed) == ({"name": "lamp"}, 202, True)
    assert sum(isinstance(event, Requested) for event in it.core.events) == 1


def test_the_same_key_with_another_request_is_a_conflict(world):
    it = world(ok)
    it.runner.submit(START, key="k", fingerprint="f").result(PATIENCE_S)
    with pytest.raises(ConflictError, match="'k'"):
        it.runner.submit(START, key="k", fingerprint="g").result(PATIENCE_S)


def test_twins_in_one_batch_are_decided_once(world):
    it = world(ok)
    it.core.hold.clear()
    it.transport.listener.agent_connected("lamp/vm")  # the runner waits inside of this one
    twins = [it.runner.submit(START, key="k", fingerprint="f") for _ in range(3)]
    it.core.hold.set()
    assert [twin.result(PATIENCE_S).replayed for twin in twins] == [False, True, True]
    assert sum(isinstance(event, Requested) for event in it.core.events) == 1


def test_a_refused_request_may_come_again_with_its_key(world):
    answers = [ConflictError("not now"), None]

    def script(event, now):
        if isinstance(event, Requested):
            error = answers.pop(0)
            return [Reply(id=event.id, error=error)] if error else [Reply(id=event.id)]
        return []

    it = world(script)
    with pytest.raises(ConflictError, match="not now"):
        it.runner.submit(START, key="k", fingerprint="f").result(PATIENCE_S)
    assert not it.runner.submit(START, key="k", fingerprint="f").result(PATIENCE_S).replayed


def test_what_is_to_be_stored_with_a_request_is_stored_only_if_it_succeeds(world):
    error = ConflictError("no")
    it = world(
        lambda e, now: [Reply(id=e.id, error=None if e.request == START else error)] if isinstance(e, Requested) else ()
    )
    it.runner.submit(START, also=lambda changes: changes.set_text("a", "1")).result(PATIENCE_S)
    refused = it.runner.submit(Retry(application="lamp"), also=lambda changes: changes.set_text("b", "1"))
    assert refused.exception(PATIENCE_S) is error
    assert (it.store.remembered_text("a"), it.store.remembered_text("b")) == ("1", "")


def test_a_defect_met_by_one_event_does_not_end_the_service(world):
    def script(event, now):
        if isinstance(event, AgentConnected):
            raise KeyError("a defect")
        return ok(event, now)

    it = world(script)
    it.transport.listener.agent_connected("lamp/vm")
    assert it.runner.request(START) == {"name": "lamp"}
    assert it.runner.counters.defects == 1


def test_a_defect_met_by_a_request_is_told_to_the_one_who_asked(world):
    def script(event, now):
        if isinstance(event, Requested):
            raise KeyError("a defect")
        return []

    it = world(script)
    with pytest.raises(KeyError):
        it.runner.request(START)
    assert it.runner.alive


def test_a_failing_view_is_told_to_the_one_who_asked(world):
    it = world()
    with pytest.raises(ZeroDivisionError):
        it.runner.read(lambda: 1 / 0)
    assert it.runner.read(lambda: 5) == 5


def test_one_who_does_not_wait_any_more_disturbs_nobody(world):
    it = world(ok)
    it.core.hold.clear()
    it.transport.listener.agent_connected("lamp/vm")
    read, asked = it.runner.submit_read(lambda: 1), it.runner.submit(START)
    assert not read.cancel()
    assert not asked.cancel()
    it.core.hold.set()
    assert it.runner.read(lambda: 2) == 2


def step(agent, kind=MachineStep.CREATE):
    return DoMachineStep(agent=agent, generation=1, step=kind, target=TargetDefinition(id="t", handler="local"))


def test_steps_of_one_machine_follow_one_another_and_others_do_not_wait(world):
    steps = [step("lamp/a"), step("lamp/a", MachineStep.TERMINATE), step("lamp/b")]
    it = world(lambda event, now: steps if event == Started() else ())
    it.until(lambda: len(it.machines.begun) == 2)
    assert sorted(it.machines.begun) == [("lamp/a", "create"), ("lamp/b", "create")]
    it.machines.release.release(3)
    it.until(lambda: sum(isinstance(event, MachineStepDone) for event in it.core.events) == 3)
    assert it.machines.begun[2] == ("lamp/a", "terminate")


def test_a_further_attempt_is_not_made_after_a_late_success(world):
    creations = [step("lamp/a"), replace(step("lamp/a"), attempt=2), step("lamp/a", MachineStep.TERMINATE)]
    it = world(lambda event, now: creations if event == Started() else ())
    it.machines.release.release(3)
    it.until(lambda: sum(isinstance(event, MachineStepDone) for event in it.core.events) == 2)
    assert it.machines.begun == [("lamp/a", "create"), ("lamp/a", "terminate")]


def test_a_configuration_goes_on_until_it_is_over(world, monkeypatch):
    monkeypatch.setattr("roboconf_core.dm.runner.CONFIGURE_PERIOD_S", 0.01)
    it = world(lambda event, now: [step("lamp/a", MachineStep.CONFIGURE)] if event == Started() else ())
    it.machines.results[MachineStep.CONFIGURE] = 2
    it.machines.release.release(3)
    it.until(lambda: any(isinstance(event, MachineStepDone) for event in it.core.events))
    assert len(it.machines.begun) == 3


def test_a_bundle_is_sent_by_chunks_to_the_agent(world, tmp_path):
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe/start.sh").write_text("#!/bin/sh\n")
    it = world(
        lambda event, now: (
            [SendBundle(agent="lamp/vm", digest=digest, offset=0)] if isinstance(event, AgentConnected) else ()
        )
    )
    digest = it.bundles.add(tmp_path / "recipe")
    it.transport.listener.agent_connected("lamp/vm")
    it.flush()
    ((_, topic, chunk, _),) = it.log
    assert topic == "lamp/machine/vm"
    assert isinstance(chunk, BundleChunk)
    assert (chunk.digest, chunk.size > 0) == (digest, True)


def test_what_is_held_since_before_is_told_before_the_first_decision(world):
    assert world().ports.during == [[]]


@pytest.mark.parametrize(
    ("request_", "draws"),
    [
        (START, True),
        (CreateInstance(application="lamp", parent="", name="vm", component="VM"), True),
        (Retry(application="lamp"), False),
        (RemoveInstance(application="lamp", path="/vm"), False),
    ],
)
def test_a_request_that_may_draw_ports_is_decided_while_nobody_else_draws(world, request_, draws):
    it = world(ok)
    it.runner.request(request_)
    event = it.core.events[-1]
    assert event.ports_in_use == (frozenset({20000}) if draws else frozenset())
    assert it.ports.during[1:] == ([[event]] if draws else [])


def test_a_complaint_about_a_port_is_heard_while_nobody_else_draws(world):
    it = world()
    it.deliver(HELLO)
    it.deliver(PortTaken(instance="i1", name="port", port=20001))
    it.flush()
    hello, complaint = it.core.events[1:]
    assert (hello.ports_in_use, complaint.ports_in_use) == (frozenset(), frozenset({20000}))
    assert it.ports.during[1:] == [[complaint]]


def test_ports_that_were_given_back_are_told(world):
    it = world(lambda event, now: [Delete(INSTANCE, "i1")] if isinstance(event, AgentConnected) else ())
    it.transport.listener.agent_connected("lamp/vm")
    it.flush()
    assert it.ports.during[1:] == [[]]


def test_ending_answers_what_was_asked_before(world):
    it = world(ok)
    it.core.hold.clear()
    asked = it.runner.submit(START)
    stopping = threading.Thread(target=it.runner.stop)
    stopping.start()
    it.core.hold.set()
    assert asked.result(PATIENCE_S).result == {"name": "lamp"}
    stopping.join(PATIENCE_S)
    late: Future = it.runner.submit(START)
    with pytest.raises(EndingError):
        late.result(PATIENCE_S)
