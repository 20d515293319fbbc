"""Agents and deployment managers that are killed, at the worst of times."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from command_line import EXAMPLES, address_in, eventually, fetch, fetch_or_error, processes_of, server_in, user_in


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: is_gone(pid), within=5)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def count_of(user, path, action):
    return sum(one["action"] == action and not one["reason"] for one in user.json("logs", path, "--limit", "1000"))


def test_a_killed_agent_is_noticed_within_15_s_and_converges_without_deploying_anew(settled):
    deploys = count_of(settled, "/web-vm2/web", "deploy")
    (web,) = [pid for pid, command in processes_of(settled.home).items() if "--name /web-vm2/web" in command]
    kill(settled.agent_pid("/web-vm2"))
    eventually(lambda: settled.status_of("/web-vm2") == "PROBLEM", within=15)
    eventually(lambda: {server_in(fetch(settled.url))[0] for _ in range(8)} == {"/web-vm1/web"}, within=15)

    settled.run("agent", "start", "/web-vm2")
    eventually(lambda: settled.status_of("/web-vm2") == "DEPLOYED_STARTED", within=20)
    settled.run("wait", "--timeout", "60")
    eventually(lambda: "/web-vm2/web" in {server_in(fetch(settled.url))[0] for _ in range(8)}, within=20)
    assert count_of(settled, "/web-vm2/web", "deploy") == deploys
    assert f"(process {web})" in "".join(fetch(settled.url) for _ in range(8)), (
        "the service ran on, it must not be restarted"
    )


def test_the_application_goes_on_without_the_deployment_manager(settled):
    before = settled.statuses()
    pids = dict(server_in(fetch(settled.url)) for _ in range(8))
    kill(settled.dm_pid())
    assert "Hello" in fetch(settled.url)

    os.kill(pids["/web-vm1/web"], signal.SIGKILL)  # restarted locally: nobody tells the agent to

    def restarted():
        running = [pid for pid, command in processes_of(settled.home).items() if "--name /web-vm1/web" in command]
        return running and running != [pids["/web-vm1/web"]]

    eventually(restarted, within=30)
    assert not [1 for command in processes_of(settled.home).values() if "roboconf_core.rest" in command]

    settled.run("dm", "--background")
    assert set(settled.statuses()) == set(before)
    eventually(lambda: settled.statuses() == before, within=30)
    settled.run("wait", "--timeout", "60")
    eventually(
        lambda: (
            {server_in(page)[0] for page in (fetch_or_error(settled.url) for _ in range(8)) if "Hello" in page}
            == {"/web-vm1/web", "/web-vm2/web"}
        ),
        within=30,
    )


@pytest.fixture
def slow(tmp_path):
    """One machine with a service that runs, and one whose deploy takes 20 s."""
    application = tmp_path / "slow"
    shutil.copytree(EXAMPLES / "quickstart" / "graph" / "Store", application / "graph" / "Store")
    (application / "descriptor").mkdir()
    (application / "descriptor" / "application.properties").write_text(
        "name = slow\nversion = 1.0\ndsl-id = roboconf-1.0\n"
        "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n"
    )
    (application / "graph" / "main.graph").write_text(
        "VM {\ninstaller: target;\nchildren: Store, Slow;\n}\n"
        "Store {\ninstaller: bash;\nexports: ip, random[port] port;\n}\n"
        "Slow {\ninstaller: bash;\n}\n"
    )
    (application / "instances").mkdir()
    (application / "instances" / "model.instances").write_text(
        "instance of VM {\nname: vm;\ninstance of Store {\nname: store;\n}\ninstance of Slow {\nname: task;\n}\n}\n"
    )
    scripts = application / "graph" / "Slow" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "deploy.sh").write_text('#!/bin/bash\necho "$$" >>../../deploys\nsleep 20\n')
    # beside the other deploys of this host, whoever is first
    (application / "graph" / "Slow" / "recipe.properties").write_text("serial = false\n")
    return application


def test_an_agent_killed_in_a_deploy_lets_it_run_once_and_keeps_what_runs(tmp_path, slow):
    with user_in(tmp_path / "home") as user:
        up = user.start("up", slow)
        eventually(lambda: (user.home / "dm.json").exists(), within=30)

        def in_the_deploy():
            try:
                one = user.instances("slow")
            except AssertionError:
                return False
            running = one.get("/vm/store", {}).get("status") == "DEPLOYED_STARTED"
            return running and one["/vm/task"]["status"] == "DEPLOYING" and one["/vm/task"]["action"]

        eventually(in_the_deploy, within=40)
        (store,) = [pid for pid, command in processes_of(user.home).items() if "store.py" in command]
        kill(user.agent_pid("/vm", "slow"))
        eventually(lambda: user.status_of("/vm", "slow") == "PROBLEM", within=15)
        begun = time.monotonic()
        user.run("agent", "start", "slow", "/vm")
        out, err = up.communicate(timeout=60)
        assert up.returncode == 0, out + err
        assert "http://127.0.0.1:" in out
        assert time.monotonic() - begun < 40
        (deploys,) = list(user.home.rglob("deploys"))
        assert len(deploys.read_text().split()) == 1, "the deploy must have run once"
        assert [pid for pid, command in processes_of(user.home).items() if "store.py" in command] == [store]
        assert address_in(out)
