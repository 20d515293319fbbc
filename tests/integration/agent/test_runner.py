"""The runner with a scripted core and a scripted transport: real files, threads, processes."""

from __future__ import annotations

import base64
import hashlib
import os
import queue
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_core.agent import journal
from roboconf_core.agent.core.state import AGENT_KEY, AgentRecord
from roboconf_core.agent.events import (
    ActionEnded,
    BundleArrived,
    CancelTimer,
    Connected,
    Discard,
    Disconnected,
    FetchBundle,
    Forget,
    MessageReceived,
    ProcessDied,
    Publish,
    QueueOverflowed,
    Save,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Unsubscribe,
    Watch,
)
from roboconf_core.agent.hostlock import AgentRunsAlreadyError
from roboconf_core.agent.journal import replay
from roboconf_core.agent.runner import AgentRunner
from roboconf_core.agent.settings import LaunchSettings
from roboconf_core.errors import PluginError
from roboconf_core.hooks.lifecycle import Command, LifecycleHandler
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.hooks.transports import Connection, Delivery, Transport
from roboconf_core.messages.codec import decode, encode
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import DM, BundleChunk, BundleRequested, DesiredState, ReportsRequested, Resynchronize
from roboconf_core.model.lifecycle import Action

from .conftest import MARK, make_run, marked_processes, wait_for


class Script:
    """A core that answers each event with what a test prepared, and tells what it heard."""

    def __init__(self):
        self.answers = {}
        self.heard = queue.SimpleQueue()
        self.records = None
        self.fails_on = ()

    def handle(self, event, *, now):
        self.heard.put(event)
        assert abs(now.monotonic - time.monotonic()) < 5
        assert abs(now.wall - time.time()) < 5
        if isinstance(event, self.fails_on):
            raise RuntimeError("a bug")
        answer = self.answers.get(type(event), ())
        return answer(event) if callable(answer) else answer

    def make(self, records):
        self.records = records
        return self

    def next(self, kind, patience_s=20.0):
        until = time.monotonic() + patience_s
        while True:
            event = self.heard.get(timeout=max(0.0, until - time.monotonic()))
            if isinstance(event, kind):
                return event


class ScriptedConnection(Connection):
    def __init__(self, journal):
        self.journal = journal
        self.published = queue.SimpleQueue()
        self.calls = []
        self.acknowledged = queue.SimpleQueue()

    def publish(self, topic, payload, *, key=None):
        self.published.put((topic, decode(payload), key))

    def subscribe(self, topics):
        self.calls.append(("subscribe", tuple(topics)))

    def unsubscribe(self, topics):
        self.calls.append(("unsubscribe", tuple(topics)))

    def acknowledge(self, tag):
        self.acknowledged.put((tag, replay(self.journal.read_bytes())[0].get(AGENT_KEY)))

    def close(self, *, timeout_s=5.0):
        self.calls.append(("close",))


class Scripted(Transport, LifecycleHandler):
    """A plugin: transport ``scripted`` and installer ``scripted``, whose scripts are in the exports."""

    name = "scripted"
    names = ("scripted",)

    def __init__(self):
        self.connection = None

    def manager(self, context):
        raise NotImplementedError

    def agent(self, settings, listener):
        self.connection = ScriptedConnection(Path(settings["journal"]))
        return self.connection

    def supports(self, action, directory):
        return False

    def command_for(self, context):
        script = context.instance.exports[f"script.{context.action}"]
        environment = {"PID_FILE": str(context.pid_file)}
        return Command(argv=("/bin/bash", "-c", script), directory=context.directory, environment=environment)

    @hookimpl
    def roboconf_transports(self):
        return [self]

    @hookimpl
    def roboconf_lifecycle_handlers(self):
        return [self]


class Agent:
    def __init__(self, tmp_path, mark, script):
        self.script = script
        self.plugin = Scripted()
        self.directory = tmp_path / "agent"
        self.settings = LaunchSettings(
            agent="shop/vm",
            generation=1,
            transport="scripted",
            transport_settings={"journal": str(self.directory / "state" / "journal")},
            directory=self.directory,
            machine_id="m-1",
        )
        os.environ[MARK] = mark
        self.runner = AgentRunner(
            self.settings,
            load_plugins(entry_points=False, modules={"scripted": self.plugin}),
            make_core=script.make,
            host_lock=tmp_path / "host" / "lock",
        )
        self.thread = threading.Thread(target=self.runner.run)
        self.thread.start()
        wait_for(lambda: self.plugin.connection, "connection")

    @property
    def connection(self):
        return self.plugin.connection

    def deliver(self, message, sender=DM, tag=1):
        payload = message if isinstance(message, bytes) else encode(message)
        self.runner.delivered(Delivery(sender=sender, topic="t", payload=payload, tag=tag))

    def stop(self):
        self.runner.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def make_agent(tmp_path, script, request, monkeypatch):
    agents = []
    monkeypatch.setenv(MARK, "")
    mark = f"{request.node.name}-{os.getpid()}"

    def make():
        agents.append(Agent(tmp_path, mark, script))
        return agents[-1]

    yield make
    for agent in agents:
        agent.stop()
    for pid in marked_processes(mark):
        os.kill(pid, 9)


@pytest.fixture
def agent(make_agent):
    return make_agent()


def instance_with(**scripts):
    return replace(make_run().instance, exports={f"script.{name}": text for name, text in scripts.items()})


def test_first_event_is_started_and_its_records_are_there_next_time(make_agent, script):
    record = AgentRecord(generation=1, boot=7)
    script.answers[Started] = (Save(AGENT_KEY, record),)
    first = make_agent()
    assert script.next(object) == Started(rebooted=False, outcomes={}, running=frozenset())
    assert script.records == {}
    first.stop()
    make_agent()
    assert script.next(object) == Started(rebooted=False, outcomes={}, running=frozenset())
    assert script.records == {AGENT_KEY: record}


def test_forgotten_record_is_gone_next_time(make_agent, script):
    script.answers[Started] = (Save(AGENT_KEY, AgentRecord(generation=1, boot=7)),)
    script.answers[Connected] = (Forget(AGENT_KEY),)
    first = make_agent()
    first.runner.connected()
    script.next(Connected)
    first.stop()
    make_agent()
    assert script.records == {}


def test_another_boot_of_the_host_is_noticed_once(make_agent, script, monkeypatch):
    make_agent().stop()
    monkeypatch.setattr("roboconf_core.agent.runner.boot_id", lambda: "another")
    make_agent().stop()
    make_agent()
    assert [script.next(Started).rebooted for _ in range(3)] == [False, True, False]


def test_message_is_acknowledged_after_its_record_is_on_disk(agent, script):
    script.answers[MessageReceived] = (Save(AGENT_KEY, AgentRecord(generation=1, boot=9)),)
    agent.deliver(ReportsRequested(), tag=5)
    assert script.next(MessageReceived) == MessageReceived(DM, ReportsRequested())
    tag, record = agent.connection.acknowledged.get(timeout=20)
    assert (tag, record["boot"]) == (5, 9)


SAVE = Save(AGENT_KEY, AgentRecord(generation=1, boot=9))
SAY = Publish(DM_TOPIC, ReportsRequested())


def order_of(agent, monkeypatch):
    """Return a queue of what the agent does from now on: ``disk``, ``say``, and the tags that it acknowledges."""
    begun, done = threading.Event(), queue.SimpleQueue()
    agent.runner._queue.put(begun.set)  # not looked at before the agent's start is on the disk
    assert begun.wait(20)
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: done.put("disk"))
    monkeypatch.setattr(agent.connection, "publish", lambda *args, **kwargs: done.put("say"))
    monkeypatch.setattr(agent.connection, "acknowledge", done.put)
    return done


def test_loss_of_power_takes_nothing_that_the_user_asked_for(agent, script, monkeypatch):
    script.next(Started)
    done = order_of(agent, monkeypatch)
    script.answers[MessageReceived] = (SAVE, SAY)
    agent.deliver(DesiredState(generation=1, version=1, machine=make_run().instance))
    steps = [done.get(timeout=20) for _ in range(3)]
    assert steps.index("disk") < steps.index(1)


def test_core_goes_on_while_the_disk_is_slow(agent, script, monkeypatch):
    script.next(Started)
    done, disk = order_of(agent, monkeypatch), threading.Event()
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: disk.wait(20))
    agent.deliver(DesiredState(generation=1, version=1, machine=make_run().instance), tag=1)
    agent.deliver(Resynchronize(), tag=2)
    assert done.get(timeout=20) == 2
    disk.set()
    assert done.get(timeout=20) == 1


def test_what_the_disk_refused_is_acknowledged_once_it_is_written_anew(agent, script, monkeypatch):
    script.next(Started)
    journal_file = agent.directory / "state" / "journal"
    before = journal_file.stat().st_ino

    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    script.answers[MessageReceived] = (SAVE,)
    agent.deliver(DesiredState(generation=1, version=1, machine=make_run().instance), tag=5)
    assert agent.connection.acknowledged.get(timeout=20)[0] == 5
    assert journal_file.stat().st_ino != before


def test_nothing_else_waits_for_the_disk(agent, script, monkeypatch):
    script.next(Started)
    done = order_of(agent, monkeypatch)
    agent.runner._layout.instance("scripted", "/vm/web").mkdir(parents=True)
    script.answers[Connected] = (make_run(Action.DEPLOY, instance=instance_with(deploy="true")),)
    script.answers[ActionEnded] = (SAVE, SAY)
    script.answers[MessageReceived] = (SAVE, SAY)
    agent.runner.connected()
    assert done.get(timeout=20) == "say"
    agent.deliver(Resynchronize(), tag=3)
    assert [done.get(timeout=20) for _ in range(2)] == ["say", 3]


def test_message_that_cannot_be_understood_is_logged_counted_and_acknowledged(agent, script, caplog):
    agent.deliver(b"\xff", sender="shop/evil", tag=1)
    agent.deliver(Resynchronize(), tag=2)
    assert script.next(MessageReceived).message == Resynchronize()
    assert [agent.connection.acknowledged.get(timeout=20)[0] for _ in range(2)] == [1, 2]
    assert agent.runner.undecodable == 1
    (record,) = [r for r in caplog.records if "cannot be understood" in r.message]
    assert record.sender == "shop/evil"


def test_fault_in_the_core_costs_one_event(agent, script):
    script.fails_on = QueueOverflowed
    agent.runner.overflowed()
    agent.runner.connected()
    assert script.next(Connected)


def test_effects_for_the_transport_are_carried_out_in_order(agent, script):
    script.answers[Connected] = (
        Subscribe(("a", "b")),
        Publish("a", ReportsRequested()),
        Unsubscribe(("a",)),
    )
    agent.runner.connected()
    assert agent.connection.published.get(timeout=20) == ("a", ReportsRequested(), "ReportsRequested")
    agent.runner.disconnected("cut")
    assert script.next(Disconnected)
    assert agent.connection.calls == [("subscribe", ("a", "b")), ("unsubscribe", ("a",))]


def test_timers_fire_when_due_and_not_after_they_were_cancelled(agent, script):
    now = time.monotonic()
    script.answers[Connected] = (
        SetTimer("second", now + 0.2),
        SetTimer("first", now + 0.1),
        SetTimer("never", now + 0.15),
        SetTimer("moved", now + 0.05),
        SetTimer("moved", now + 0.3),
    )
    script.answers[TimerFired] = lambda event: (CancelTimer("never"),) if event.name == "first" else ()
    agent.runner.connected()
    assert [script.next(TimerFired).name for _ in range(3)] == ["first", "second", "moved"]
    assert time.monotonic() - now >= 0.3


def test_action_is_run_and_its_directory_forgotten_once_recorded(agent, script):
    run = make_run(Action.DEPLOY, instance=instance_with(deploy='echo "$ROBOCONF_MACHINE_ID"'), exclusive=True)
    script.answers[Connected] = (run,)
    script.answers[ActionEnded] = (Save(AGENT_KEY, AgentRecord(generation=1, boot=2)),)
    agent.runner.connected()
    ended = script.next(ActionEnded)
    assert (ended.id, ended.outcome.reason, ended.outcome.stdout) == ("a1", "", "m-1\n")
    wait_for(lambda: not list((agent.directory / "state" / "actions").iterdir()), "directory removed")


def test_outcome_is_told_again_when_the_agent_dies_before_recording_it(make_agent, script, tmp_path):
    run = make_run(Action.DEPLOY, instance=instance_with(deploy="exit 5"))
    script.answers[Connected] = (run,)
    script.fails_on = ()
    first = make_agent()
    first.runner._actions._ended = lambda event: first.runner.stop()  # what it would have recorded is lost
    first.runner.connected()
    first.thread.join(20)
    make_agent()
    started = [script.next(Started) for _ in range(2)][1]
    assert started.outcomes["a1"].exit_status == 5
    wait_for(lambda: not list((tmp_path / "agent" / "state" / "actions").iterdir()), "directory removed")


def test_action_under_way_is_adopted_by_the_next_life(make_agent, script, tmp_path):
    text = f"touch {tmp_path}/begun; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 6"
    script.answers[Connected] = (make_run(Action.DEPLOY, instance=instance_with(deploy=text)),)
    first = make_agent()
    first.runner.connected()
    wait_for((tmp_path / "begun").exists, "script begun")
    first.stop()
    make_agent()
    assert [script.next(Started).running for _ in range(2)][1] == {"a1"}
    (tmp_path / "go").touch()
    assert script.next(ActionEnded).outcome.exit_status == 6


def test_watched_process_that_dies_is_told(agent, script, tmp_path):
    instance = instance_with(deploy="sleep 1000 & echo $! > $PID_FILE")
    script.answers[Connected] = (make_run(Action.DEPLOY, instance=instance),)
    script.answers[ActionEnded] = (Watch(instance),)
    agent.runner.connected()
    script.next(ActionEnded)
    pid_file = next((agent.directory / "run").glob("*.pid"))
    os.kill(int(pid_file.read_text()), 9)
    assert script.next(ProcessDied) == ProcessDied("i-1")


def test_discarded_instance_leaves_nothing_but_a_service_goes_on_when_the_agent_leaves(agent, script):
    instance = instance_with(deploy="sleep 1000 & echo $! > $PID_FILE; echo text > file")
    script.answers[Connected] = (make_run(Action.DEPLOY, instance=instance),)
    agent.runner.connected()
    script.next(ActionEnded)
    assert list(agent.directory.glob("work/*/*/file"))
    script.answers[Disconnected] = (Discard(instance),)
    agent.runner.disconnected("cut")
    for pattern in ("work/*/*", "output/*", "run/*", "state/processes/*", "trash/*"):
        wait_for(lambda pattern=pattern: not list(agent.directory.glob(pattern)), pattern)
    agent.stop()
    assert marked_processes(os.environ[MARK]), "the service"


def test_recipe_is_fetched_in_chunks_from_the_manager_only(agent, script):
    data = os.urandom(1000)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    script.answers[Connected] = (FetchBundle(digest),)
    agent.runner.connected()
    for offset in (0, 600):
        topic, request, _ = agent.connection.published.get(timeout=20)
        assert (topic, request) == (DM_TOPIC, BundleRequested(digest=digest, offset=offset))
        part = base64.b64encode(data[offset : offset + 600]).decode()
        agent.deliver(BundleChunk(digest=digest, offset=offset, size=1, data="AAAA"), sender="shop/evil", tag=1)
        agent.deliver(BundleChunk(digest=digest, offset=offset, size=1000, data=part), tag=2)
    assert script.next(BundleArrived) == BundleArrived(digest)
    assert (agent.directory / "cache" / f"{digest[7:]}.tar.gz").read_bytes() == data


def test_full_disk_is_waited_for(agent, script, monkeypatch):
    script.answers[MessageReceived] = (Save(AGENT_KEY, AgentRecord(generation=1, boot=3)),)
    real = journal._write
    refusals = []

    def full(descriptor, data):
        if not refusals:
            refusals.append(descriptor)
            raise OSError(28, "No space left on device")
        real(descriptor, data)

    monkeypatch.setattr(journal, "_write", full)
    agent.deliver(ReportsRequested(), tag=5)
    tag, record = agent.connection.acknowledged.get(timeout=20)
    assert (tag, record["boot"], len(refusals)) == (5, 3, 1)


def test_second_agent_of_a_directory_is_refused(agent, tmp_path):
    plugins = load_plugins(entry_points=False, modules={"scripted": Scripted()})
    with pytest.raises(AgentRunsAlreadyError):
        AgentRunner(agent.settings, plugins).run()


def test_missing_transport_is_told_with_the_remedy(tmp_path):
    settings = LaunchSettings(agent="shop/vm", generation=1, transport="rabbitmq", directory=tmp_path / "agent")
    with pytest.raises(PluginError, match="pip install"):
        AgentRunner(settings, load_plugins(entry_points=False)).run()
