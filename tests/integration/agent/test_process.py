"""The agent as a process, over the http transport: what it costs, and what a kill does to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from roboconf_core.builtin.http.transport import HttpTransport
from roboconf_core.dm.bundles import BundleStore
from roboconf_core.hooks.transports import ManagerContext
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import Hello
from roboconf_core.model.lifecycle import Status

from .conftest import MARK, marked_processes, services, wait_for
from .scripted_manager import AGENT, Manager, make_recipe, web

pytest.importorskip("roboconf_bash", reason="install it: pip install ./plugins/roboconf-bash")


class Hub:
    """A real hub on a port of its own, with a scripted deployment manager."""

    def __init__(self, directory):
        self.socket = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        database = f"sqlite:///{directory}/hub.sqlite3"
        context = ManagerContext(properties={}, database_url=database, directory=directory, url=url)
        self.side = HttpTransport().manager(context)
        (directory / "bundles").mkdir()
        self.manager = Manager(BundleStore(directory / "bundles"))
        self.manager.connection = self.side.connect(self.manager)
        self.manager.connection.subscribe([DM_TOPIC])
        endpoint = self.side.asgi()

        async def mounted(scope, receive, send):
            if scope["type"] == "websocket":
                await endpoint(scope | {"root_path": "/messaging"}, receive, send)

        self.server = uvicorn.Server(
            uvicorn.Config(mounted, lifespan="off", log_level="warning", ws="websockets-sansio")
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()
        wait_for(lambda: self.server.started, "hub")

    def close(self):
        self.server.should_exit = True
        self.thread.join(20)
        self.side.close()
        self.socket.close()


class World:
    def __init__(self, tmp_path, mark):
        self.tmp_path, self.mark = tmp_path, mark
        self.hub = Hub(tmp_path)
        self.manager = self.hub.manager
        self.processes = []
        credential = self.hub.side.enrol(AGENT, generation=1)
        settings = {
            "agent": AGENT,
            "generation": "1",
            "machine_id": "m-1",
            "transport": "http",
            "address": "127.0.0.1",
            "shared_host": "true",
            "directory": str(tmp_path / "agent"),
            **{f"transport.{name}": value for name, value in credential.items()},
        }
        self.settings = tmp_path / "settings.json"
        self.settings.write_text(json.dumps(settings))

    def start_agent(self):
        environment = os.environ | {MARK: self.mark, "TMPDIR": str(self.tmp_path)}
        with (self.tmp_path / "agent.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "roboconf_core.agent", str(self.settings)], env=environment, stderr=log
            )
        self.processes.append(process)
        return process

    def hello(self):
        return wait_for(lambda: [m for m in self.manager.all if isinstance(m, Hello)], "hello")[-1]

    def recipe(self, **changes):
        return make_recipe(self.manager.bundles, self.tmp_path / "recipe", **changes)

    def services(self):
        return services(self.tmp_path / "agent")

    def log(self):
        return [json.loads(line) for line in (self.tmp_path / "agent.log").read_text().splitlines()]


@pytest.fixture
def world(tmp_path, request):
    world = World(tmp_path, f"{request.node.name}-{os.getpid()}")
    yield world
    for pid in marked_processes(world.mark):
        os.kill(pid, signal.SIGKILL)
    for process in world.processes:
        process.wait()
    world.hub.close()


def test_agent_that_is_killed_during_a_deploy_runs_it_once_and_what_ran_still_runs(world):
    text = f"echo x >> {world.tmp_path}/runs\nwhile [ ! -e {world.tmp_path}/go ]; do sleep 0.02; done\n"
    agent = world.start_agent()
    service = web(world.recipe())
    world.manager.want(service)
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    (pid,) = world.services()
    world.tmp_path.joinpath("recipe").rename(world.tmp_path / "first")
    slow = web(world.recipe(deploy=text), id="i-slow", path="/vm/slow")
    world.manager.want(service, slow)
    wait_for((world.tmp_path / "runs").exists, "deploy begun")
    agent.kill()
    agent.wait()
    world.manager.all.clear()
    world.start_agent()
    assert world.hello().epoch.boot == 2
    (world.tmp_path / "go").touch()
    world.manager.wait("/vm/slow", Status.DEPLOYED_STARTED)
    assert (world.tmp_path / "runs").read_text() == "x\n"
    assert pid in world.services()
    assert [report.path for report in world.manager.ran("deploy")] == ["/vm/web", "/vm/slow"]


def test_agent_survives_kills_at_any_moment(world):
    """However often it is killed, each deploy runs once, and at the end everything is started."""
    bundle = world.recipe(deploy=f"echo $ROBOCONF_INSTANCE_PATH >> {world.tmp_path}/runs\nsleep 0.2\n")
    instances = [web(bundle, id=f"i-{n}", path=f"/vm/web{n}") for n in range(4)]
    world.manager.want(*instances)
    for life in range(8):
        agent = world.start_agent()
        time.sleep(0.15 + 0.1 * life)  # a different moment each time; none of them may matter
        agent.kill()
        agent.wait()
    world.start_agent()
    for instance in instances:
        world.manager.wait(instance.path, Status.DEPLOYED_STARTED, patience_s=30)
    assert sorted((world.tmp_path / "runs").read_text().split()) == [f"/vm/web{n}" for n in range(4)]
    assert len(world.services()) == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_agent_that_is_told_to_leave_leaves_at_once_and_services_go_on(world, number):
    agent = world.start_agent()
    world.manager.want(web(world.recipe()))
    world.manager.wait("/vm/web", Status.DEPLOYED_STARTED)
    agent.send_signal(number)
    assert agent.wait(timeout=3) == 0
    assert len(world.services()) == 1
    assert world.log()[-1]["message"] == "the agent leaves; what it started goes on"


def test_log_is_json_lines_that_hold_no_credential(world):
    world.start_agent()
    world.hello()
    lines = world.log()
    assert {"time", "level", "agent", "message"} <= set(lines[0])
    assert {line["agent"] for line in lines} == {AGENT}
    assert json.loads(world.settings.read_text())["transport.token"] not in (world.tmp_path / "agent.log").read_text()


def test_second_process_for_the_same_directory_gets_one_line(world):
    world.start_agent()
    world.hello()
    second = world.start_agent()
    assert second.wait(timeout=20) == 1
    assert "AGENT_RUNS_ALREADY" in (world.tmp_path / "agent.log").read_text().splitlines()[-1]


def test_idle_agent_is_small(world):
    agent = world.start_agent()
    world.hello()
    with Path(f"/proc/{agent.pid}/status").open() as status:
        resident_kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident_kib <= 35 * 1024
