"""A local machine: an agent process with a directory of its own, that leaves nothing when it goes."""

import json
import os
import signal
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_core.errors import Code, TargetError
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.targets import AgentLaunch, Machine, Termination
from roboconf_local.handler import LocalTarget, machine_mark
from roboconf_local.processes import living, mark_of, marked, wait_for

# An agent that notes its environment, starts a daemon by two forks, tells that it is ready, and waits.
AGENT = """
import json, os, signal, sys
settings = json.load(open(sys.argv[1]))
work = os.path.join(settings["directory"], "work")
os.makedirs(work, exist_ok=True)
os.makedirs(os.path.join(settings["directory"], "state"), exist_ok=True)
json.dump(dict(os.environ), open(os.path.join(work, "environment.json"), "w"))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.pause()
    os._exit(0)
os.wait()
print("agent", os.getpid(), flush=True)
with open(os.path.join(settings["directory"], "..", "..", "ready"), "w") as ready:
    ready.write("ready")
signal.pause()
"""


@pytest.fixture
def target():
    return LocalTarget(grace_s=2.0, agent_grace_s=2.0)


@pytest.fixture
def described(tmp_path):
    """Describe machines as the deployment manager does; what a test leaves is terminated."""
    made = []

    def describe(path="/vm", *, home="home", agent=AGENT, **changes):
        directory = tmp_path / home / "machines" / "app" / path.strip("/").replace("/", "%2F")
        directory.parent.mkdir(parents=True, exist_ok=True)
        ready = directory.parent / "ready"
        if not ready.exists():
            os.mkfifo(ready)
        command = (sys.executable, "-I", "-S", "-c", agent)
        launch = AgentLaunch(command=command, settings={"agent": f"app{path}", "transport.token": "hunter2"})
        machine = Machine(dm_id=home, application="app", path=path, generation=1, launch=launch, directory=directory)
        made.append(replace(machine, **changes))
        return made[-1]

    yield describe
    for machine in made:
        for generation in (1, 2, 3):
            LocalTarget(grace_s=0.5).terminate_machine(replace(machine, generation=generation), "")


def created(target, machine):
    """Create a machine and wait until its agent is ready."""
    machine_id = target.create_machine(machine)
    ready(machine)
    return machine_id


def ready(machine):
    assert (machine.directory.parent / "ready").read_text() == "ready"


def agent_pid(machine):
    return int((machine.directory / "agent.pid").read_text())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def kill_agent(machine):
    process = living(agent_pid(machine))
    os.kill(process.pid, signal.SIGKILL)
    assert wait_for([process], 20) == []


def test_it_is_offered_under_both_names_and_shares_its_host():
    plugins = load_plugins()
    assert isinstance(plugins.target("local"), LocalTarget)
    assert plugins.target("Embedded") is plugins.target("local")
    assert plugins.target("local").shared_host


def test_the_agent_is_told_who_and_where_it_is(target, described):
    machine = described()
    machine_id = created(target, machine)
    settings = json.loads((machine.directory / "settings.json").read_text())
    assert settings == {
        "agent": "app/vm",
        "transport.token": "hunter2",
        "directory": str(machine.directory / "agent"),
        "address": "127.0.0.1",
        "shared_host": "true",
        "machine_id": machine_id,
    }


def test_only_the_owner_can_read_what_is_secret(target, described):
    machine = described()
    created(target, machine)
    assert mode(machine.directory) == 0o700
    assert {path.name: mode(path) for path in machine.directory.iterdir() if path.is_file()} == {
        "settings.json": 0o600,
        "agent.pid": 0o600,
        "agent.log": 0o600,
    }


def test_the_agent_does_not_depend_on_the_deployment_manager(target, described, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("ROBOCONF_HOME", "/somewhere")
    monkeypatch.setenv("ROBOCONF_MACHINE_ID", "the machine that the deployment manager itself runs on")
    machine = described()
    machine_id = created(target, machine)
    pid = agent_pid(machine)
    environment = json.loads((machine.directory / "agent" / "work" / "environment.json").read_text())
    assert {n: v for n, v in environment.items() if n.startswith("ROBOCONF")} == {"ROBOCONF_MACHINE_ID": machine_id}
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert os.getsid(pid) == pid
    assert living(pid).parent != os.getpid()
    proc = Path("/proc", str(pid))
    log = machine.directory / "agent.log"
    assert [(proc / "fd" / str(number)).readlink() for number in range(3)] == [Path("/dev/null"), log, log]
    assert (proc / "cwd").readlink() == machine.directory


def test_the_agent_starts_with_ordinary_signals_whatever_the_deployment_manager_ignores(target, described):
    told = (
        "import signal, sys; print([int(n) for n in (1, 2, 15) if signal.getsignal(n) == signal.SIG_IGN], flush=True);"
    )
    machine = described(agent=told + AGENT)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        created(target, machine)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (machine.directory / "agent.log").read_text().startswith("[]\n")


def test_what_the_agent_prints_is_in_its_log(target, described):
    machine = described()
    created(target, machine)
    assert (machine.directory / "agent.log").read_text() == f"agent {agent_pid(machine)}\n"


def test_two_homes_side_by_side_do_not_disturb_each_other(target, described):
    mine, theirs = described(home="mine"), described(home="theirs")
    created(target, mine)
    kept = created(target, theirs)
    before = marked(kept)
    assert len(before) == 2
    target.terminate_machine(mine, machine_mark(mine))
    assert marked(kept) == before
    assert target.is_machine_running(theirs, kept)
    assert (theirs.directory / "settings.json").exists()


def test_termination_ends_and_reports_what_the_recipes_left_running(target, described):
    machine = described()
    machine_id = created(target, machine)
    agent = agent_pid(machine)
    (daemon,) = (process.pid for process in marked(machine_id) if process.pid != agent)
    termination = target.terminate_machine(machine, machine_id)
    assert termination.left == ()
    (text,) = termination.ended
    assert text.startswith(f"{daemon} {sys.executable}")
    assert marked(machine_id) == []


def test_termination_removes_settings_and_work_and_keeps_the_logs_and_what_is_not_the_agents(target, described):
    machine = described()
    machine_id = created(target, machine)
    (machine.directory / "launch.json").write_text("{}")
    (machine.directory / "agent" / "output").mkdir()
    target.terminate_machine(machine, machine_id)
    assert sorted(path.name for path in machine.directory.iterdir()) == ["agent", "agent.log", "launch.json"]
    assert [path.name for path in (machine.directory / "agent").iterdir()] == ["output"]


def test_termination_removes_directories_that_recipes_made_read_only(target, described):
    machine = described()
    machine_id = created(target, machine)
    locked = machine.directory / "agent" / "work" / "locked" / "deep"
    locked.mkdir(parents=True)
    (locked / "file").touch()
    locked.chmod(0o500)
    locked.parent.chmod(0o500)
    target.terminate_machine(machine, machine_id)
    assert not (machine.directory / "agent" / "work").exists()


def test_termination_does_not_follow_links_out_of_the_work(target, described, tmp_path):
    machine = described()
    machine_id = created(target, machine)
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "gold").touch()
    (machine.directory / "agent" / "work" / "link").symlink_to(treasure)
    target.terminate_machine(machine, machine_id)
    assert (treasure / "gold").exists()


def test_terminating_what_was_never_created_leaves_no_trace(target, described):
    machine = described()
    assert target.terminate_machine(machine, "") == Termination()
    assert not machine.directory.exists()


def test_an_agent_that_was_killed_does_not_run_and_its_machine_is_still_found(target, described):
    machine = described()
    machine_id = created(target, machine)
    kill_agent(machine)
    assert not target.is_machine_running(machine, machine_id)
    assert target.find_machine(machine) == machine_id  # by the daemon that goes on


def test_a_restarted_agent_finds_its_settings_and_all_else_goes_on(target, described):
    machine = described()
    machine_id = created(target, machine)
    agent = agent_pid(machine)
    (daemon,) = (process for process in marked(machine_id) if process.pid != agent)
    kill_agent(machine)
    target.restart_agent(replace(machine, launch=replace(machine.launch, settings={})), machine_id)
    ready(machine)
    assert target.is_machine_running(machine, machine_id)
    assert agent_pid(machine) != agent
    assert living(daemon.pid) == daemon
    assert json.loads((machine.directory / "settings.json").read_text())["transport.token"] == "hunter2"


def test_a_restart_ends_an_agent_that_hangs(target, described):
    machine = described()
    machine_id = created(target, machine)
    os.kill(agent_pid(machine), signal.SIGSTOP)
    process = living(agent_pid(machine))
    LocalTarget(agent_grace_s=0.2).restart_agent(machine, machine_id)
    ready(machine)
    assert living(process.pid) is None
    assert target.is_machine_running(machine, machine_id)


def test_there_is_no_agent_to_restart_without_a_machine(target, described):
    machine = described()
    with pytest.raises(TargetError, match="does not exist"):
        target.restart_agent(machine, machine_mark(machine))


def test_the_pid_of_an_agent_is_found_again_when_its_note_is_lost(target, described):
    machine = described()
    machine_id = created(target, machine)
    before = marked(machine_id)
    (machine.directory / "agent.pid").unlink()
    assert target.is_machine_running(machine, machine_id)
    assert target.create_machine(machine) == machine_id
    assert marked(machine_id) == before


def test_a_foreign_process_with_the_pid_of_the_agent_is_not_the_agent(target, described):
    machine = described()
    machine_id = created(target, machine)
    kill_agent(machine)
    (machine.directory / "agent.pid").write_text(f"{os.getpid()}\n")
    assert not target.is_machine_running(machine, machine_id)
    target.terminate_machine(machine, machine_id)  # and this test goes on


def test_an_earlier_generation_that_nobody_terminated_makes_room(target, described):
    machine = described()
    machine_id = created(target, machine)
    (machine.directory / "agent" / "work" / "old").touch()
    again = replace(machine, generation=2)
    created(target, again)
    assert marked(machine_id) == []
    assert not (machine.directory / "agent" / "work" / "old").exists()


def test_a_late_termination_of_an_earlier_generation_leaves_the_new_one(target, described):
    machine = described()
    again = replace(machine, generation=2)
    machine_id = created(target, again)
    target.terminate_machine(machine, machine_mark(machine))
    assert target.is_machine_running(again, machine_id)
    assert (again.directory / "settings.json").exists()


def test_an_agent_that_ends_at_once_is_reported_with_the_end_of_its_log(target, described):
    machine = described(agent="import sys; sys.exit('no module named roboconf')")
    machine_id = target.create_machine(machine)
    process = next(iter(marked(machine_id)), None)
    assert process is None or wait_for([process], 20) == []
    with pytest.raises(TargetError, match="no module named roboconf"):
        target.configure_machine(machine, machine_id)


def test_after_an_agent_that_ended_at_once_the_machine_can_be_created_again(target, described):
    machine = described(agent="raise SystemExit(1)")
    machine_id = target.create_machine(machine)
    process = next(iter(marked(machine_id)), None)
    assert process is None or wait_for([process], 20) == []
    assert target.find_machine(machine) is None
    fine = replace(described(), attempt=2)
    assert created(target, fine) == machine_id


def test_a_program_that_does_not_exist_is_an_error_that_names_it(target, described):
    machine = described()
    machine = replace(machine, launch=replace(machine.launch, command=("/no/such/python", "-m", "agent")))
    with pytest.raises(TargetError, match=r"/no/such/python.*No such file"):
        target.create_machine(machine)
    assert target.find_machine(machine) is None


def test_a_directory_that_cannot_be_made_is_an_error_that_names_it(target, described, tmp_path):
    (tmp_path / "file").touch()
    machine = replace(described(), directory=tmp_path / "file" / "machines" / "app" / "vm")
    with pytest.raises(TargetError, match=r"/vm: .*file"):
        target.create_machine(machine)


def test_settings_that_cannot_be_read_are_an_error(target, described):
    machine = described()
    machine.directory.mkdir()
    (machine.directory / "settings.json").write_text("{")
    with pytest.raises(TargetError, match=r"settings\.json"):
        target.create_machine(machine)
    assert target.terminate_machine(machine, machine_mark(machine)) == Termination()
    assert not (machine.directory / "settings.json").exists()


def test_the_mark_is_not_readable_from_the_names_and_differs_by_each_of_them(described):
    machine = described()
    marks = {
        machine_mark(one)
        for one in (
            machine,
            replace(machine, dm_id="another"),
            replace(machine, application="another"),
            replace(machine, path="/another"),
            replace(machine, generation=7),
        )
    }
    assert len(marks) == 5
    assert machine_mark(replace(machine, attempt=3)) == machine_mark(machine)


@pytest.mark.parametrize("name", ["embedded.ip", "scp.user", "hostkey.10.0.0.1"])
def test_properties_for_hosts_over_ssh_are_refused_with_the_reason(target, name):
    (problem,) = target.check({name: "x", "handler": "embedded"})
    assert problem.code is Code.TARGET_INVALID_PROPERTIES
    assert name in problem.message
    assert "SSH" in problem.message


def test_a_slip_in_a_property_is_answered_with_the_right_one(target):
    (problem,) = target.check({"local.adress": "pool"})
    assert problem.hint == "did you mean 'local.address'?"


def test_a_machine_of_a_pool_has_an_address_of_its_own_and_gives_it_back(target, described):
    pool = {"local.address": "pool"}
    first, second = described("/vm1", properties=pool), described("/vm2", properties=pool)
    addresses = {target.address_for(first), target.address_for(second)}
    assert len(addresses) == 2
    assert all(address.startswith("127.") and address != "127.0.0.1" for address in addresses)
    machine_id = created(target, first)
    settings = json.loads((first.directory / "settings.json").read_text())
    assert settings["address"] == target.address_for(first)
    register = first.directory.parents[1] / "local-addresses.json"
    assert set(json.loads(register.read_text()).values()) == addresses
    target.terminate_machine(first, machine_id)
    assert set(json.loads(register.read_text()).values()) == {target.address_for(second)}


def test_the_agent_carries_the_mark_of_its_machine(target, described):
    machine = described()
    machine_id = created(target, machine)
    assert mark_of(agent_pid(machine)) == machine_id == machine_mark(machine)
