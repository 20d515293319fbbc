"""What is to be seen, what prevents rest, and why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from roboconf_core.dm.core import explain, settled, views
from roboconf_core.dm.events import CreateInstance
from roboconf_core.errors import NotFoundError
from roboconf_core.messages.types import Failure
from roboconf_core.model.lifecycle import Action, Status

from .core_world import TEMPLATE, Player, World, held, running_shop, vm

STORE, WEB = "/store-vm/store", "/web-vm1/web"


def blockers(world):
    return [(b.path, b.text, b.exhausted) for b in settled.blockers(world.memory, "shop")]


def texts(world, path):
    return [text for at, text, _ in blockers(world) if at == path]


def test_what_is_not_wanted_is_at_rest():
    assert settled.settled(World().memory, "shop") == {"settled": True, "blockers": []}


def test_a_running_application_is_at_rest():
    world, _, _ = running_shop()
    assert blockers(world) == []


def test_one_that_blocks_is_found_with_a_suspect_or_without():
    world, store, _ = running_shop()
    assert settled.blocked(world.memory, "shop") == settled.blocked(world.memory, "shop", STORE) == ""
    store.report(STORE, Status.STARTING, action=Action.START)
    for suspect in ("", STORE, WEB, "/gone"):
        assert settled.blocked(world.memory, "shop", suspect) == STORE


def test_machines_that_come_and_what_waits_for_them_prevent_rest():
    world = World()
    world.start()
    assert ("/store-vm", "is being created", False) in blockers(world)
    assert (STORE, "waits for /store-vm", False) in blockers(world)
    world.up("/store-vm")
    assert texts(world, STORE) == ["waits for its agent to take up the newest request"]


def test_a_newer_request_prevents_rest_until_it_is_taken_up():
    world, _store, _ = running_shop()
    world.stop(WEB)
    assert texts(world, WEB) == ["waits for its agent to take up the newest request"]


def test_a_running_action_an_update_and_a_wait_prevent_rest():
    world, store, web = running_shop()
    store.report(STORE, Status.STARTING, action=Action.START)
    assert texts(world, STORE) == ["its start runs"]
    store.report(STORE, Status.DEPLOYED_STARTED, dirty=True)
    assert texts(world, STORE) == ["an update is due"]
    web.report(WEB, Status.UNRESOLVED, waits=("waits for Store.port",))
    assert texts(world, WEB) == ["waits for Store.port"]


def test_an_exhausted_failure_is_marked():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True, stderr="a\nb\n")
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure)
    assert (STORE, "start failed (attempt 3, given up): exit status 3: b", True) in blockers(world)


def test_what_was_given_up_is_told_once():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True)
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure, waits=("start was given up: retry it",))
    assert texts(world, STORE) == ["start failed (attempt 3, given up): exit status 3"]
    store.report(STORE, Status.UNRESOLVED, failure=failure, waits=("waits for Disk.size",))
    assert texts(world, STORE) == ["start failed (attempt 3, given up): exit status 3", "waits for Disk.size"]


def test_exports_that_are_not_published_yet_prevent_rest():
    world, store, _web = running_shop()
    store.publish(STORE, "Store", None)
    assert texts(world, STORE) == ["its exports are not published yet: Store"]


def test_exports_that_an_importer_has_not_seen_prevent_rest():
    world, store, web = running_shop()
    world.ask(CreateInstance(application="shop", parent="/store-vm", name="two", component="Store"))
    world.start("/store-vm/two")
    second = store.start("/store-vm/two", "Store")
    assert blockers(world) == [(WEB, "does not work with exactly what exports Store yet", False)]
    first = store.publications[world.instance(STORE).id, "Store"]
    web.report(WEB, Status.DEPLOYED_STARTED, imports=(held(first), held(second)))
    assert blockers(world) == []


def test_an_agent_that_was_not_heard_since_a_restart_prevents_rest():
    world, store, web = running_shop()
    world.restart()
    store.hello()
    assert blockers(world) == [("/web-vm1", "was not heard of since the deployment manager started", False)]
    web.hello()
    assert blockers(world) == []


def test_a_lost_machine_and_what_is_on_it_prevent_rest():
    world, _, web = running_shop()
    for _ in range(3):
        world.wait(5)
        web.beat()
    assert ("/store-vm", "is lost: no word from its agent for 15 s", False) in blockers(world)
    assert "`roboconf agent start shop /store-vm`" in explain.explain(world.memory, "shop", "/store-vm")["text"]
    assert (STORE, "was DEPLOYED_STARTED when /store-vm was lost", False) in blockers(world)


def test_an_exhausted_machine_is_marked():
    world = World()
    world.start("/store-vm")
    for _ in range(3):
        world.failed("/store-vm")
        world.wait(10)
    world.done("/store-vm")
    assert ("/store-vm", "create failed (attempt 1, given up): no quota", True) in blockers(world)


def test_a_missing_installer_is_a_problem_and_not_a_stuck_state():
    world = World()
    world.start("/store-vm")
    world.done("/store-vm")
    world.done("/store-vm")
    Player(world, "/store-vm").hello(puppet="2")
    text = "no plugin on /store-vm serves the installer 'bash'"
    assert (STORE, text, True) in blockers(world)
    assert views.instance(world.memory, "shop", STORE)["problem"] == text


def test_undeploying_prevents_rest_until_nothing_is_left():
    world, store, _web = running_shop()
    world.undeploy("/store-vm")
    assert texts(world, "/store-vm") == ["waits until all on it is undeployed"]
    store.stop(STORE, "Store")
    assert texts(world, "/store-vm") == ["is being ended"]
    world.done("/store-vm")
    assert texts(world, "/store-vm") == []


def test_unknown_names_are_refused():
    memory = World().memory
    for ask in (
        lambda: settled.settled(memory, "x"),
        lambda: settled.blocked(memory, "x"),
        lambda: views.application(memory, "x"),
        lambda: views.instances(memory, "x"),
        lambda: views.instance(memory, "shop", "/x"),
        lambda: explain.explain(memory, "shop", "/x"),
    ):
        with pytest.raises(NotFoundError):
            ask()


# --- views


def test_an_application_is_shown_as_a_tree():
    world, _, _ = running_shop()
    view = views.application(world.memory, "shop")
    assert (view["name"], view["settled"], view["statuses"]) == ("shop", True, {"DEPLOYED_STARTED": 4})
    machine = view["instances"][0]
    assert (machine["path"], machine["machine"], machine["machine_id"]) == ("/store-vm", True, "id-1")
    store = machine["children"][0]
    assert store["exports"] == {"Store.ip": "127.0.0.1", "Store.port": "10000"}
    assert (store["status"], store["desired"], store["published"]) == (
        "DEPLOYED_STARTED",
        "DEPLOYED_STARTED",
        ["Store"],
    )
    web = view["instances"][1]["children"][0]
    assert web["imports"] == [{"path": STORE, "prefix": "Store", "instance": store["id"]}]


def test_views_are_plain_values():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True, stderr="oops")
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure)
    memory = world.memory
    for view in (
        views.applications(memory),
        views.application(memory, "shop"),
        views.instances(memory, "shop", "/store-vm"),
        views.agents(memory),
        settled.settled(memory, "shop"),
        explain.explain(memory, "shop"),
    ):
        assert json.loads(json.dumps(view)) == json.loads(json.dumps(view, sort_keys=True))
    assert views.instance(memory, "shop", STORE)["failure"]["stderr"] == "oops"


def test_instances_of_a_subtree_are_listed_flat():
    world, _, _ = running_shop()
    assert [i["path"] for i in views.instances(world.memory, "shop")] == ["/store-vm", STORE, "/web-vm1", WEB]
    assert [i["path"] for i in views.instances(world.memory, "shop", "/store-vm/")] == ["/store-vm", STORE]


def test_agents_are_listed_while_their_machines_exist():
    world, _, _ = running_shop()
    assert [a["agent"] for a in views.agents(world.memory)] == ["shop/store-vm", "shop/web-vm1"]
    assert views.agents(World().memory) == []


# --- explain


def test_an_explanation_follows_causes_to_other_instances():
    world, store, web = running_shop()
    store.publish(STORE, "Store", None)
    store.report(STORE, Status.STARTING, action=Action.START, action_since=world.now.wall, action_timeout_s=60.0)
    web.report(WEB, Status.UNRESOLVED, waits=("waits for Store.port",))
    found = explain.explain(world.memory, "shop", WEB, now=world.now.wall + 41)
    assert found["text"] == (
        f"{WEB} waits for Store.port (for 41 s)\n  {STORE} is STARTING; its start runs for 41 s of 60 s"
    )
    (reason,) = found["reasons"]
    assert reason["because"][0]["path"] == STORE


def test_an_explanation_names_providers_that_nobody_wants_started():
    world, store, web = running_shop()
    world.stop(STORE)
    store.publish(STORE, "Store", None)
    store.report(STORE, Status.DEPLOYED_STOPPED)
    web.report(WEB, Status.UNRESOLVED, waits=("waits for Store.port",))
    text = explain.explain(world.memory, "shop", WEB)["text"]
    assert f"{STORE} could export it, but DEPLOYED_STOPPED is wanted of it" in text


def test_an_explanation_says_that_nothing_exports_a_prefix():
    template = replace(TEMPLATE, instances=(vm("vm"),))
    world = World(template=template)
    world.ask(CreateInstance(application="shop", parent="/vm", name="web", component="Web"))
    world.start()
    agent = world.up("/vm")
    agent.report("/vm/web", Status.UNRESOLVED, waits=("waits for Store",))
    assert "no instance of the application exports Store" in explain.explain(world.memory, "shop", "/vm/web")["text"]


def test_an_explanation_names_the_machine_and_the_parent_that_are_waited_for():
    world = World()
    world.start()
    assert explain.explain(world.memory, "shop", WEB)["text"].splitlines() == [
        f"{WEB} waits for /web-vm1",
        "  /web-vm1 is being created (for 0 s)",
    ]


def test_an_explanation_of_what_is_at_rest_tells_how_it_came_there():
    world, store, _ = running_shop()
    store.report(STORE, Status.DEPLOYED_STARTED, cause="a user wants it started")
    text = explain.explain(world.memory, "shop", STORE)["text"]
    assert text == f"{STORE} is DEPLOYED_STARTED, as it is wanted (for 0 s): a user wants it started"
    assert "at rest" in explain.explain(world.memory, "shop")["text"]


def test_an_explanation_tells_how_to_go_on_after_what_was_given_up():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True)
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure)
    assert f"roboconf retry shop --path {STORE}" in explain.explain(world.memory, "shop")["text"]
