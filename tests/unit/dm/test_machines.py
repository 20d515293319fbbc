"""Steps of machines, with a scripted target handler and transport."""

import json
import stat

import pytest

from roboconf_core.dm.events import DoMachineStep, MachineStep, MachineStepDone, MachineStepFailed
from roboconf_core.dm.home import Home
from roboconf_core.dm.machines import Machines
from roboconf_core.errors import TargetError
from roboconf_core.hooks import specs
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.properties import PropertySpec
from roboconf_core.hooks.targets import TargetHandler, Termination
from roboconf_core.model.application import TargetDefinition


class Handler(TargetHandler):
    names = ("stub",)
    shared_host = True
    properties = (PropertySpec(name="size", description="how large", default="small"),)

    def __init__(self):
        self.calls = []
        self.found = None
        self.left = ()
        self.error = None
        self.configured = True

    def _called(self, name, machine, *more):
        self.calls.append((name, *more))
        self.machine = machine
        if self.error is not None:
            raise self.error

    def address_for(self, machine):
        return "127.0.0.1"

    def create_machine(self, machine):
        self._called("create", machine)
        return "m-1"

    def find_machine(self, machine):
        self._called("find", machine)
        return self.found

    def configure_machine(self, machine, machine_id):
        self._called("configure", machine, machine_id)
        return self.configured

    def is_machine_running(self, machine, machine_id):
        self._called("check", machine, machine_id)
        return False

    def restart_agent(self, machine, machine_id):
        self._called("restart", machine, machine_id)

    def terminate_machine(self, machine, machine_id):
        self._called("terminate", machine, machine_id)
        return Termination(ended=("python (17)",), left=self.left)


class Transport:
    def __init__(self):
        self.calls = []

    def enrol(self, agent, *, generation):
        self.calls.append(("enrol", agent, generation))
        return {"url": "http://127.0.0.1:1", "token": f"secret{len(self.calls)}"}

    def forget(self, agent):
        self.calls.append(("forget", agent))


@pytest.fixture
def handler():
    return Handler()


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.prepare()
    return home


@pytest.fixture
def machines(handler, transport, home):
    class Plugin:
        roboconf_target_handlers = staticmethod(specs.hookimpl(lambda: [handler]))

    Plugin.roboconf_target_handlers.__name__ = "roboconf_target_handlers"
    plugins = load_plugins(entry_points=False, modules={"stub": Plugin})
    assert plugins.problems == []
    return Machines(dm_id="dm1", home=home, plugins=plugins, transport=transport, transport_name="http")


def step(kind, *, generation=3, **more):
    target = TargetDefinition(id="t", handler=more.pop("target", "Stub"))
    return DoMachineStep(agent="lamp/web-vm", generation=generation, step=kind, target=target, **more)


def launch_file(home):
    return home.machines / "lamp" / "%2Fweb-vm" / "launch.json"


def test_creation_enrols_the_agent_and_keeps_its_settings_before_the_handler_is_called(
    machines, handler, transport, home
):
    done = machines.do(step(MachineStep.CREATE))
    assert done == MachineStepDone(
        agent="lamp/web-vm", generation=3, step=MachineStep.CREATE, machine_id="m-1", address="127.0.0.1"
    )
    settings = handler.machine.launch.settings
    assert settings == {
        "agent": "lamp/web-vm", "generation": "3", "dm_id": "dm1", "machine_id": "dm1/lamp/web-vm/3", "address": "127.0.0.1",
        "shared_host": "true", "transport": "http", "transport.url": "http://127.0.0.1:1", "transport.token": "secret1",
    }  # fmt: skip
    assert handler.machine.properties == {"size": "small"}
    assert handler.machine.directory == launch_file(home).parent
    assert json.loads(launch_file(home).read_text()) == settings
    assert stat.S_IMODE(launch_file(home).stat().st_mode) == 0o600


def test_a_second_attempt_finds_the_machine_of_the_first_and_leaves_its_credential(machines, handler, transport):
    handler.error = TargetError("no answer")
    machines.do(step(MachineStep.CREATE))
    handler.error, handler.found = None, "m-0"
    done = machines.do(step(MachineStep.CREATE, attempt=2))
    assert done.machine_id == "m-0"
    assert handler.calls == [("create",), ("find",)]
    assert transport.calls == [("enrol", "lamp/web-vm", 3)]
    assert handler.machine.launch.settings["transport.token"] == "secret1"


def test_a_second_attempt_creates_when_nothing_is_found(machines, handler):
    machines.do(step(MachineStep.CREATE))
    machines.do(step(MachineStep.CREATE, attempt=2))
    assert handler.calls == [("create",), ("find",), ("create",)]


def test_settings_of_an_older_generation_are_not_used(machines, handler, transport):
    machines.do(step(MachineStep.CREATE))
    handler.found = "m-0"
    machines.do(step(MachineStep.CREATE, generation=4, attempt=2))
    assert transport.calls[-1] == ("enrol", "lamp/web-vm", 4)
    assert handler.machine.launch.settings["generation"] == "4"


def test_an_agent_is_restarted_with_the_settings_that_it_was_created_with(machines, handler, transport):
    machines.do(step(MachineStep.CREATE))
    assert isinstance(machines.do(step(MachineStep.RESTART_AGENT, machine_id="m-1")), MachineStepDone)
    assert handler.machine.launch.settings["transport.token"] == "secret1"
    assert transport.calls == [("enrol", "lamp/web-vm", 3)]


def test_a_check_tells_whether_the_machine_runs(machines):
    assert machines.do(step(MachineStep.CHECK, machine_id="m-1")).running is False


def test_a_configuration_that_goes_on_is_no_result(machines, handler):
    handler.configured = False
    assert machines.do(step(MachineStep.CONFIGURE, machine_id="m-1")) is None
    handler.configured = True
    assert isinstance(machines.do(step(MachineStep.CONFIGURE, machine_id="m-1")), MachineStepDone)


def test_termination_tells_what_it_ended_and_revokes_the_credential(machines, transport, home):
    machines.do(step(MachineStep.CREATE))
    done = machines.do(step(MachineStep.TERMINATE, machine_id="m-1"))
    assert done.ended == ("python (17)",)
    assert transport.calls[-1] == ("forget", "lamp/web-vm")
    assert not launch_file(home).exists()


def test_a_machine_with_leftovers_is_not_gone(machines, handler, transport):
    handler.left = ("python (17)",)
    failed = machines.do(step(MachineStep.TERMINATE, machine_id="m-1"))
    assert isinstance(failed, MachineStepFailed)
    assert "python (17)" in failed.reason
    assert ("forget", "lamp/web-vm") not in transport.calls


def test_a_machine_whose_identifier_never_came_is_looked_for_before_it_is_given_up(machines, handler, transport):
    machines.do(step(MachineStep.TERMINATE))
    handler.found = "m-0"
    machines.do(step(MachineStep.TERMINATE))
    assert handler.calls == [("find",), ("find",), ("terminate", "m-0")]
    assert transport.calls == [("forget", "lamp/web-vm")] * 2


def test_what_a_handler_raises_becomes_the_reason(machines, handler):
    handler.error = TargetError("no more machines", hint="ask for a larger quota")
    assert machines.do(step(MachineStep.CREATE)).reason == "no more machines (ask for a larger quota)"
    handler.error = KeyError("flavor")
    assert "target handler 'Stub' failed: KeyError('flavor')" in machines.do(step(MachineStep.CREATE)).reason


def test_a_missing_plugin_is_told_with_what_to_install(machines):
    assert "pip install roboconf-openstack" in machines.do(step(MachineStep.CREATE, target="openstack")).reason
