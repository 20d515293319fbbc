"""What agents say and are told: reports, exports, repair, recipes, ports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from roboconf_core.dm.core.directory import digest_of_prefix
from roboconf_core.dm.core.port_space import shared_ports
from roboconf_core.dm.events import (
    ChangeDesired,
    CreateApplication,
    CreateInstance,
    RecordAction,
    RemoveInstance,
    Retry,
    SendBundle,
    TimerFired,
)
from roboconf_core.errors import ConflictError
from roboconf_core.messages.digest import digest_of_publications
from roboconf_core.messages.types import (
    ActionReported,
    BundleChunk,
    BundleRequested,
    DesiredState,
    ExportsPublished,
    Failure,
    Heartbeat,
    Hello,
    ImportsRepaired,
    PortTaken,
    ReportsRequested,
    Resynchronize,
)
from roboconf_core.model.lifecycle import Action, Desired, Status

from .core_world import LOCAL, TEMPLATE, Player, World, running_shop

STORE, WEB = "/store-vm/store", "/web-vm1/web"


def test_a_change_of_status_is_recorded_with_its_cause():
    world, store, _ = running_shop()
    store.report(STORE, Status.STOPPING, cause="a user wants it stopped")
    (record,) = world.records("status-changed")
    assert (record.path, record.details["from"], record.details["to"]) == (STORE, "DEPLOYED_STARTED", "STOPPING")
    assert record.text.endswith("a user wants it stopped")


def test_only_the_newest_report_counts():
    world, store, _ = running_shop()
    old = store.reports[world.instance(STORE).id]
    store.report(STORE, Status.STOPPING)
    assert store.say(old) == []
    assert world.memory.reports[old.instance].status is Status.STOPPING


def test_a_report_of_a_newer_life_counts_whatever_its_sequence():
    world, store, _ = running_shop()
    store.sequence = 100
    store.report(STORE, Status.STOPPING)
    again = store.again()
    again.report(STORE, Status.DEPLOYED_STARTED)
    assert world.memory.reports[world.instance(STORE).id].status is Status.DEPLOYED_STARTED


def test_reports_about_the_instances_of_others_are_dropped():
    world, store, web = running_shop()
    report = store.reports[world.instance(STORE).id]
    assert web.say(replace(report, epoch=web.epoch, sequence=99, status=Status.STOPPING)) == []
    assert web.say(replace(report, epoch=web.epoch, sequence=99, path=WEB)) == []
    assert store.say(replace(report, sequence=99, path="/store-vm/other")) == []


def test_reports_and_exports_of_an_older_generation_are_dropped():
    world, store, _ = running_shop()
    report = store.reports[world.instance(STORE).id]
    publication = store.publications[report.instance, "Store"]
    old = store.epoch._replace(generation=0, boot=99)
    assert store.say(replace(report, epoch=old, sequence=99)) == []
    assert store.say(ExportsPublished(publication=replace(publication, epoch=old, sequence=99))) == []


def test_exports_in_the_name_of_others_are_dropped():
    world, store, web = running_shop()
    publication = store.publications[world.instance(STORE).id, "Store"]
    assert web.say(ExportsPublished(publication=replace(publication, sequence=99))) == []
    forged = replace(publication, agent=web.name, epoch=web.epoch, sequence=99)
    assert web.say(ExportsPublished(publication=forged)) == []


def test_a_heartbeat_that_agrees_is_answered_by_nothing():
    _world, store, web = running_shop()
    held = {"Store": digest_of_publications(store.publications.values())}
    assert store.beat() == []
    assert web.beat(held=held) == []


def test_an_older_version_is_told_again_as_it_is():
    world, store, _ = running_shop()
    world.stop(STORE)
    ((_, told),) = world.published(DesiredState)
    store.beat()
    assert world.published(DesiredState) == [("shop/machine/store-vm", told)]
    store.version = 0
    store.hello()
    assert world.published(DesiredState) == [("shop/machine/store-vm", told)]


def test_the_version_grows_only_when_something_changes():
    world, _store, _ = running_shop()
    before = world.machine("/store-vm").version
    world.stop(WEB)
    world.start(WEB)
    assert world.machine("/store-vm").version == before
    world.stop(STORE)
    world.start(STORE)
    assert world.machine("/store-vm").version == before + 2


def test_a_version_beyond_the_stored_one_is_passed():
    world, store, _ = running_shop()
    world.hear(store.name, Hello(epoch=store.epoch, version=7, handlers={"bash": "1"}))
    ((_, told),) = world.published(DesiredState)
    assert told.version == 8


def test_reports_that_differ_are_asked_for():
    world, store, _ = running_shop()
    store.reports.clear()
    store.beat()
    assert world.published(object) == [("shop/machine/store-vm", ReportsRequested())]


def test_exports_that_differ_are_asked_for():
    world, store, _ = running_shop()
    store.publications.clear()
    store.beat()
    assert world.published(object) == [("shop/machine/store-vm", Resynchronize())]


def test_imports_that_differ_are_repaired_with_all_that_is_known():
    world, store, web = running_shop()
    store.publish(STORE, "Store", None)
    web.beat(held={"Store": digest_of_publications([]), "Web": "wrong"})
    ((topic, repaired),) = world.published(object)
    assert topic == "shop/machine/web-vm1"
    assert isinstance(repaired, ImportsRepaired)
    assert (repaired.prefix, repaired.generation) == ("Web", 2)
    assert repaired.agents == {"shop/store-vm": 1, "shop/web-vm1": 2}
    web.beat(held={"Store": "wrong"})
    ((_, repaired),) = world.published(object)
    assert repaired.publications == (store.publications[world.instance(STORE).id, "Store"],)


def test_the_digest_of_a_prefix_follows_its_exports():
    world, store, _ = running_shop()
    assert digest_of_prefix(world.memory, "shop", "Store") == digest_of_publications(store.publications.values())
    store.publish(STORE, "Store", {"Store.ip": "10.0.0.1"})
    assert digest_of_prefix(world.memory, "shop", "Store") == digest_of_publications(store.publications.values())
    store.publish(STORE, "Store", None)
    assert digest_of_prefix(world.memory, "shop", "Store") == digest_of_publications([])


def test_an_older_publication_does_not_replace_a_newer_one():
    _world, store, _ = running_shop()
    old = store.publish(STORE, "Store", {"Store.ip": "10.0.0.1"})
    store.publish(STORE, "Store", None)
    assert store.say(ExportsPublished(publication=old)) == []


def test_the_directory_survives_a_restart():
    world, _store, _ = running_shop()
    before = digest_of_prefix(world.memory, "shop", "Store")
    world.restart()
    assert digest_of_prefix(world.memory, "shop", "Store") == before


def action(world, **more):
    values = dict(
        instance=world.instance(STORE).id, path=STORE, id="a1", action=Action.START, attempt=2, cause="", started=1.0,
        duration_s=1.0, exit_status=3, reason="exit status 3", stdout="", stderr="no such file",
    )  # fmt: skip
    return ActionReported(**(values | more))


def test_what_an_action_printed_is_kept_once():
    world, store, _ = running_shop()
    store.say(action(world))
    assert [e.report.stderr for e in world.effects if isinstance(e, RecordAction)] == ["no such file"]
    assert world.records("action-failed")[0].text == f"start of {STORE} failed (attempt 2): exit status 3"
    assert store.say(action(world)) == []


def test_an_action_of_an_instance_of_others_is_dropped():
    world, _, web = running_shop()
    assert web.say(action(world)) == []
    assert web.say(action(world, path=WEB)) == []


def test_a_recipe_of_the_application_is_sent():
    world, store, _ = running_shop()
    store.say(BundleRequested(digest="sha256:bb", offset=5))
    assert world.effects == [SendBundle(agent="shop/store-vm", digest="sha256:bb", offset=5)]


def test_a_recipe_of_no_concern_is_said_not_to_exist():
    world, store, _ = running_shop()
    store.say(BundleRequested(digest="sha256:cc", offset=0))
    assert world.published(object) == [
        ("shop/machine/store-vm", BundleChunk(digest="sha256:cc", offset=0, size=0, data=""))
    ]


def test_messages_of_unknown_senders_are_dropped():
    world, store, _ = running_shop()
    beat = Heartbeat(epoch=store.epoch, version=0, reports="", published="")
    assert world.hear("shop/nobody", beat) == []
    assert world.hear("other/store-vm", beat) == []
    assert world.send(TimerFired("machine:shop/nobody")) == []
    assert world.send(TimerFired("unknown")) == []


# --- ports


def ports(world, application="shop"):
    return {i.path: i.ports.get("port") for i in world.memory.instances_of(application) if i.ports}


def test_machines_of_a_shared_host_share_one_space_of_ports():
    world = World()
    world.ask(CreateApplication(name="two", template="shop", version="1", default_target=LOCAL))
    assert ports(world) == {STORE: 10000, WEB: 10001}
    assert ports(world, "two") == {STORE: 10002, WEB: 10003}


def test_other_machines_have_a_space_of_their_own():
    assert ports(World(shared_hosts=())) == {STORE: 10000, WEB: 10000}


def test_ports_in_use_are_not_drawn_on_the_shared_host():
    world = World()
    request = CreateApplication(name="two", template="shop", version="1", default_target=LOCAL)
    world.ask(request, ports_in_use=frozenset({10002, 10004}))
    assert ports(world, "two") == {STORE: 10003, WEB: 10005}


def test_the_port_of_a_removed_instance_is_free_again():
    world = World()
    world.ask(RemoveInstance(application="shop", path=STORE))
    world.ask(CreateInstance(application="shop", parent="/store-vm", name="new", component="Store"))
    assert world.instance("/store-vm/new").ports == {"port": 10000}


def test_an_override_needs_no_port():
    world = World()
    overrides = {"port": "8080"}
    world.ask(CreateInstance(application="shop", parent="/web-vm1", name="w", component="Web", overrides=overrides))
    assert world.instance("/web-vm1/w").ports == {}


def test_a_taken_port_is_drawn_again_published_and_not_forgotten():
    world, store, _ = running_shop()
    taken = PortTaken(instance=world.instance(STORE).id, name="port", port=10000)
    store.say(taken, ports_in_use=frozenset({10000, 10002}))
    assert ports(world)[STORE] == 10003
    assert store.desired.instances[0].ports == {"port": 10003}
    assert store.desired.instances[0].exports["Store.port"] == "10003"
    (record,) = world.records("port-redrawn")
    assert record.details == {"name": "port", "taken": 10000, "port": 10003}
    assert store.say(taken) == []
    world.ask(CreateInstance(application="shop", parent="/web-vm1", name="w", component="Web"))
    assert world.instance("/web-vm1/w").ports == {"port": 10002}


def test_a_taken_port_of_the_instance_of_somebody_else_is_ignored():
    world, _, web = running_shop()
    assert web.say(PortTaken(instance=world.instance(STORE).id, name="port", port=10000)) == []


def test_a_port_that_was_taken_before_the_first_start_is_drawn_again():
    world = World()
    request = ChangeDesired(application="shop", desired=Desired.DEPLOYED_STARTED)
    world.ask(request, ports_in_use=frozenset({10000}))
    assert ports(world) == {STORE: 10002, WEB: 10001}


def test_ports_of_the_shared_host_are_those_that_others_must_not_draw():
    world = World()
    assert shared_ports(world.memory) == {10000, 10001}
    world.ask(RemoveInstance(application="shop", path=STORE))
    assert shared_ports(world.memory) == {10001}
    assert shared_ports(World(shared_hosts=()).memory) == frozenset()


def test_ports_run_out_with_a_clear_error():
    world = World()
    with pytest.raises(ConflictError, match="no port from 10000 to 32767 is free"):
        world.ask(
            CreateInstance(application="shop", parent="/web-vm1", name="w", component="Web"),
            ports_in_use=frozenset(range(10000, 32768)),
        )
    assert world.instance("/web-vm1/w") is None


def test_a_retry_is_a_new_generation_of_what_failed():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True)
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure)
    assert world.ask(Retry(application="shop"))["retried"] == [STORE]
    store.listen(world.effects)
    assert store.desired.instances[0].generation == 2
    assert world.ask(Retry(application="shop"))["retried"] == []


def test_starting_again_what_failed_is_a_new_attempt():
    world, store, _ = running_shop()
    failure = Failure(action=Action.START, reason="exit status 3", attempt=3, exhausted=True)
    store.report(STORE, Status.DEPLOYED_STOPPED, failure=failure)
    assert world.start(STORE)["changed"] == [STORE]


def test_an_agent_that_starts_anew_keeps_what_is_wanted():
    world, _store, _ = running_shop()
    again = Player(world, "/store-vm", boot=2)
    again.hello()
    assert again.desired.version == 1
    assert world.machine("/store-vm").epoch == again.epoch
    assert world.memory.templates == {TEMPLATE.key: TEMPLATE}
