"""A whole agent: its real core, the bash installer and the in-memory transport, told what to do by a script."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import replace

import pytest

from roboconf_core.agent.runner import AgentRunner
from roboconf_core.agent.settings import LaunchSettings
from roboconf_core.builtin.in_memory import InMemoryTransport
from roboconf_core.dm.bundles import BundleStore
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.hooks.transports import ManagerContext
from roboconf_core.messages.codec import encode
from roboconf_core.messages.topology import DM_TOPIC, importers_topic
from roboconf_core.messages.types import (
    Epoch,
    ExportsPublished,
    Heartbeat,
    Hello,
    ImportSpec,
    PortTaken,
    Publication,
)
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.model.settings import Settings

from .conftest import MARK, marked_processes, services, wait_for
from .scripted_manager import AGENT, SCRIPTS, Manager, make_recipe, web

bash = pytest.importorskip("roboconf_bash.plugin", reason="install it: pip install ./plugins/roboconf-bash")


class Plugin:
    def __init__(self, transport):
        self.transport = transport

    @hookimpl
    def roboconf_transports(self):
        return [self.transport]


class World:
    def __init__(self, tmp_path, mark, monkeypatch):
        monkeypatch.setenv(MARK, mark)
        self.mark = mark
        self.tmp_path = tmp_path
        self.directory = tmp_path / "agent"
        self.transport = InMemoryTransport()
        (tmp_path / "bundles").mkdir()
        self.manager = Manager(BundleStore(tmp_path / "bundles"))
        context = ManagerContext(properties={}, database_url="", directory=tmp_path, url="")
        self.side = self.transport.manager(context)
        self.manager.connection = self.side.connect(self.manager)
        self.manager.connection.subscribe([DM_TOPIC])
        self.credential = self.side.enrol(AGENT, generation=1)
        self.runner = None

    def start_agent(self):
        settings = LaunchSettings(
            agent=AGENT,
            generation=1,
            transport="in-memory",
            transport_settings=self.credential,
            directory=self.directory,
            machine_id="m-1",
            address="127.0.0.1",
            shared_host=True,
        )
        plugins = load_plugins(entry_points=False, modules={"t": Plugin(self.transport), "bash": bash})
        self.runner = AgentRunner(settings, plugins, host_lock=self.tmp_path / "host" / "lock")
        self.thread = threading.Thread(target=self.runner.run)
        self.thread.start()

    def stop_agent(self):
        if self.runner is not None:
            self.runner.stop()
            self.thread.join(20)
            assert not self.thread.is_alive()
            self.runner = None

    def recipe(self, **changes):
        return make_recipe(self.manager.bundles, self.tmp_path / "recipe", **changes)


@pytest.fixture
def world(tmp_path, request, monkeypatch):
    world = World(tmp_path, f"{request.node.name}-{os.getpid()}", monkeypatch)
    world.start_agent()
    yield world
    world.stop_agent()
    world.side.close()
    world.transport.close()
    for pid in marked_processes(world.mark):
        os.kill(pid, signal.SIGKILL)


def db(agent="shop/db-vm", **changes):
    publication = Publication(
        agent=agent,
        instance="i-db",
        path="/db-vm/db",
        component="MySql",
        prefix="Db",
        epoch=Epoch(1, 1, 0),
        sequence=1,
        variables={"Db.ip": "10.0.0.1"},
    )
    return replace(publication, **changes)


def test_agent_says_hello_and_goes_on_with_heartbeats(world):
    hello = wait_for(lambda: next((m for m in world.manager.all if isinstance(m, Hello)), None), "hello")
    assert hello.epoch == (1, 1, 0)
    assert set(hello.handlers) == {"bash", "script"}
    assert wait_for(lambda: [m for m in world.manager.all if isinstance(m, Heartbeat)], "heartbeat")


def test_recipe_is_deployed_started_stopped_and_undeployed(world):
    bundle = world.recipe()
    world.manager.want(web(bundle))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    assert [report.action for report in world.manager.actions][:2] == ["deploy", "start"]
    assert world.manager.ran("start")[0].stdout == "started with none\n"
    assert len(services(world.directory)) == 1
    assert list(world.directory.glob("work/bash/vm%2Fweb/log"))
    exports = wait_for(lambda: [m for m in world.manager.all if isinstance(m, ExportsPublished)], "exports")
    assert any(m.publication.variables == {"Web.port": "8080"} for m in exports)

    world.manager.want(web(bundle, Desired.DEPLOYED_STOPPED, 2))
    world.manager.wait("/vm/web", Status.DEPLOYED_STOPPED)
    assert marked_processes(world.mark) == []

    world.manager.want(web(bundle, Desired.NOT_DEPLOYED, 3))
    world.manager.wait("/vm/web", Status.NOT_DEPLOYED)
    wait_for(lambda: not list(world.directory.glob("work/bash/*")), "directory removed")
    assert [report.reason for report in world.manager.actions] == [""] * 4


def test_imports_start_and_update_an_instance(world):
    bundle = world.recipe()
    imports = (ImportSpec(prefix="Db", names=("Db.ip",), optional=False),)
    world.manager.want(web(bundle, imports=imports))
    world.manager.wait("/vm/web", Status.UNRESOLVED)
    other = world.transport.agent(world.side.enrol("shop/db-vm", generation=1), world.manager)
    topic = importers_topic("shop", "Db")
    other.publish(topic, encode(ExportsPublished(publication=db())))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    assert world.manager.ran("start")[0].stdout == "started with 10.0.0.1\n"
    other.publish(topic, encode(ExportsPublished(publication=db(sequence=2, variables={"Db.ip": "10.0.0.2"}))))
    wait_for(lambda: world.manager.ran("update"), "update")
    assert world.manager.ran("update")[0].stdout == "update: 10.0.0.2\n"
    other.close()


def test_process_that_dies_is_started_again(world):
    world.manager.want(web(world.recipe()))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    (pid,) = services(world.directory)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(world.manager.ran("start")) == 2, "second start")
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    (successor,) = services(world.directory)
    assert successor != pid


def test_restarted_agent_deploys_nothing_anew_and_its_services_never_stop(world):
    world.manager.want(web(world.recipe()))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    (pid,) = services(world.directory)
    world.stop_agent()
    assert services(world.directory) == [pid]
    world.manager.all.clear()
    world.start_agent()
    hello = wait_for(lambda: next((m for m in world.manager.all if isinstance(m, Hello)), None), "hello")
    assert hello.epoch == (1, 2, 0)
    assert hello.version == 1
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(world.manager.ran("start")) == 2, "the adopted process is watched")
    assert len(world.manager.ran("deploy")) == 1


def test_agent_that_leaves_in_the_middle_of_a_deploy_runs_it_once(world, tmp_path):
    text = f"echo x >> {tmp_path}/runs\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n"
    world.manager.want(web(world.recipe(deploy=text)))
    wait_for((tmp_path / "runs").exists, "deploy begun")
    world.stop_agent()
    world.start_agent()
    (tmp_path / "go").touch()
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    assert (tmp_path / "runs").read_text() == "x\n"
    assert [report.stdout for report in world.manager.ran("deploy")] == [""]


def test_failed_script_is_reported_with_what_it_printed(world):
    bundle = world.recipe(start="echo cannot bind >&2\nexit 3\n")
    world.manager.want(web(bundle, settings=Settings(attempts=2, retry_delay_s=0.05)))
    report = wait_for(
        lambda: (r := world.manager.reports.get("/vm/web")) and r.failure and r.failure.exhausted and r, "exhausted"
    )
    assert (report.status, report.failure.exit_status, report.failure.stderr) == (
        Status.DEPLOYED_STOPPED,
        3,
        "cannot bind\n",
    )
    assert report.failure.attempt == 2


def test_stop_cancels_a_start_that_hangs(world):
    settings = Settings(cancel_grace_s=0.1)
    bundle = world.recipe(start="sleep 1000\n", stop="true\n")
    world.manager.want(web(bundle, settings=settings))
    wait_for(lambda: world.manager.statuses.get("/vm/web") is Status.STARTING, "starting")
    world.manager.want(web(bundle, Desired.DEPLOYED_STOPPED, 2, settings=settings))
    world.manager.wait("/vm/web", Status.DEPLOYED_STOPPED)
    assert world.manager.ran("start")[0].reason == "cancelled"
    assert marked_processes(world.mark) == []


def test_taken_port_is_reported_and_the_redrawn_one_used(world):
    bundle = world.recipe()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        world.manager.want(web(bundle, ports={"port": port}))
        told = wait_for(lambda: next((m for m in world.manager.all if isinstance(m, PortTaken)), None), "port taken")
        assert (told.instance, told.name, told.port) == ("i-web", "port", port)
    world.manager.want(web(bundle, generation=2, ports={"port": port}))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)


SERVER = """
python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); time.sleep(1000)" &
echo $! > "$ROBOCONF_PID_FILE"
"""
ANSWERS = ": < /dev/tcp/127.0.0.1/$port\n"
"""A naive ``status``: it succeeds whoever answers on the port."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("status", [SCRIPTS["status.sh"], ANSWERS], ids=["looks at its process", "naive"])
def test_port_that_is_taken_while_start_runs_is_redrawn_soon(world, tmp_path, status):
    start = f"touch {tmp_path}/begun\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.01; done\n{SERVER}"
    bundle = world.recipe(start=start, status=status)
    port, other = free_port(), free_port()
    world.manager.want(web(bundle, ports={"port": port}, exports={"Web.port": str(port)}))
    wait_for((tmp_path / "begun").exists, "start begun")
    with socket.create_server(("127.0.0.1", port)):
        begun = time.monotonic()
        (tmp_path / "go").touch()
        told = wait_for(lambda: next((m for m in world.manager.all if isinstance(m, PortTaken)), None), "port taken")
        assert (told.instance, told.name, told.port) == ("i-web", "port", port)
        world.manager.want(web(bundle, ports={"port": other}, exports={"Web.port": str(other)}))
        wait_for(lambda: world.manager.exported("/vm/web") == {"Web.port": str(other)}, "published with the new port")
        assert time.monotonic() - begun < 20, "the time for readiness was waited for"
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    assert len(services(world.directory)) == 1


def test_service_that_a_lost_start_left_behind_keeps_its_port(world, tmp_path):
    lost = f"touch {tmp_path}/lost\nuntil {ANSWERS.strip()}; do sleep 0.05; done 2> /dev/null\nkill -9 $PPID $$\n"
    bundle = world.recipe(start=f"[ -e {tmp_path}/lost ] && exit\n{SERVER}{lost}")
    port = free_port()
    world.manager.want(web(bundle, ports={"port": port}, exports={"Web.port": str(port)}))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    first, second = world.manager.ran("start")
    assert ("its result is lost" in first.reason, second.reason) == (True, "")
    assert not [m for m in world.manager.all if isinstance(m, PortTaken)]


def test_component_without_recipe_lives_without_running_anything(world):
    world.manager.want(web("", id="i-empty"))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    assert marked_processes(world.mark) == []
