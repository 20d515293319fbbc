"""Hello, heartbeat, topics, requests, refutation: how an agent keeps in touch."""

from __future__ import annotations

from roboconf_core.agent.events import BundleFailed, Connected, Disconnected, FetchBundle, QueueOverflowed
from roboconf_core.messages.digest import digest_of_publications, digest_of_reports
from roboconf_core.messages.types import (
    DesiredState,
    Epoch,
    ExportsPublished,
    Farewell,
    Heartbeat,
    Hello,
    ImportsRequested,
    InstanceReported,
    ReportsRequested,
    Resynchronize,
)
from roboconf_core.model.lifecycle import Status


def test_the_first_words_are_a_hello_and_a_heartbeat(world):
    assert world.messages(Hello, "dm") == [Hello(epoch=Epoch(1, 1, 0), version=0, handlers={})]
    assert len(world.messages(Heartbeat, "dm")) == 1


def test_heartbeats_come_every_five_seconds_while_connected(world):
    world.advance(20)
    assert len(world.messages(Heartbeat)) == 5
    world.do(Disconnected())
    world.advance(20)
    assert len(world.messages(Heartbeat)) == 5
    world.do(Connected())
    assert len(world.messages(Heartbeat)) == 6


def test_a_heartbeat_says_by_digests_what_was_reported_published_and_is_held(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"], exports={"Web.port": "80"}))
    theirs = make.publication("/db1/db")
    world.exported(theirs)
    world.finish_all()
    world.advance(5)
    beat = world.messages(Heartbeat)[-1]
    assert beat.version == 1
    assert beat.reports == digest_of_reports([world.report("/vm/web")])
    assert beat.published == digest_of_publications(world.published("/vm") + world.published("/vm/web"))
    assert beat.held == {"Db": digest_of_publications([theirs])}


def test_what_is_only_remembered_from_the_journal_asks_for_repair(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    world.crash()
    world.do(Connected())
    assert world.messages(Heartbeat)[-1].held == {"Db": ""}
    world.exported(make.publication("/db1/db"))
    world.advance(5)
    assert world.messages(Heartbeat)[-1].held == {"Db": digest_of_publications([make.publication("/db1/db")])}


def test_an_agent_listens_to_what_it_imports_and_to_requests_for_what_it_exports(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"], exports={"Web.port": "80", "plain": "x"}))
    assert world.topics == {
        "app/machine/vm",
        "app/those.that.import.Db",
        "app/those.that.export.Web",
        "app/those.that.export.Vm",
    }
    world.want()
    world.finish_all()
    world.want()
    assert world.topics == {"app/machine/vm", "app/those.that.export.Vm"}


def test_after_a_reconnection_or_an_overflow_imports_are_asked_for_again(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    asked = len(world.messages(ImportsRequested))
    world.do(Disconnected())
    world.do(Connected())
    assert len(world.messages(ImportsRequested)) == asked + 1
    world.do(QueueOverflowed())
    assert len(world.messages(ImportsRequested)) == asked + 2


def test_what_a_backlog_brings_and_takes_back_causes_no_update(world, make):
    world.want(make.spec("/vm/web", imports=["Db.*?"]))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    world.advance(10)
    runs = len(world.runs)
    world.do(Disconnected())
    world.do(Connected())
    world.hear(Farewell(agent="app/db1", epoch=Epoch(1, 1, 0)))
    world.exported(make.publication("/db1/db", incarnation=1))
    world.advance(10)
    assert len(world.runs) == runs


def test_requests_for_exports_are_answered_unchanged_and_many_of_them_together(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}), make.spec("/vm/off", exports={"Web.port": "81"}))
    world.finish_all()
    before = world.messages(ExportsPublished, "app/those.that.import.Web")
    for n in range(50):
        world.hear(ImportsRequested(prefix="Web"), f"app/lb{n}")
    world.advance(1)
    answers = world.messages(ExportsPublished, "app/those.that.import.Web")[len(before) :]
    assert answers == before * 2


def test_only_agents_of_the_same_application_are_answered(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    before = len(world.sent)
    world.hear(ImportsRequested(prefix="Web"), "other/lb")
    assert len(world.sent) == before


def test_reports_are_repeated_when_they_are_asked_for(world, make):
    world.want(make.spec("/vm/web"))
    world.finish_all()
    last = world.report("/vm/web")
    world.sent.clear()
    world.hear(ReportsRequested())
    assert world.messages(InstanceReported) == [last]


def test_publications_and_withdrawals_are_repeated_when_they_are_asked_for(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    world.want()
    world.finish_all()
    world.sent.clear()
    world.hear(Resynchronize())
    assert [(p.prefix, p.variables) for p in world.published("/vm") + world.published("/vm/web")] == [
        ("Vm", {"Vm.ip": "10.0.0.1"}),
        ("Web", None),
    ]


def test_an_agent_that_lives_refutes_its_own_farewell(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}), make.spec("/vm/lb", imports=["Web.port"]))
    world.finish_all()
    world.advance(1)
    runs = len(world.runs)
    world.hear(Farewell(agent="app/vm", epoch=Epoch(1, 1, 0)))
    assert world.published("/vm/web")[-1].epoch == Epoch(1, 1, 1)
    assert world.messages(Heartbeat)[-1].epoch == Epoch(1, 1, 1)
    world.advance(5)
    assert len(world.runs) == runs
    world.hear(Farewell(agent="app/vm", epoch=Epoch(1, 1, 0)))
    assert world.published("/vm/web")[-1].epoch == Epoch(1, 1, 1)


def test_an_agent_on_a_new_disk_takes_up_after_the_life_that_the_manager_knows(world):
    world.hear(Farewell(agent="app/vm", epoch=Epoch(1, 7, 2)))
    assert world.journal["agent"]["boot"] == 7
    world.crash()
    assert world.journal["agent"]["boot"] == 8


def test_an_agent_of_a_former_generation_does_not_refute(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    world.hear(Farewell(agent="app/vm", epoch=Epoch(2, 1, 0)))
    assert world.published("/vm/web")[-1].epoch == Epoch(1, 1, 0)


def test_changed_exports_of_a_started_instance_are_published_and_vanished_prefixes_withdrawn(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80", "Old.x": "1"}))
    world.finish_all()
    world.want(make.spec("/vm/web", exports={"Web.port": "81"}))
    assert world.exports("/vm/web") == {"Web.port": "81"}


def test_orders_come_from_the_manager_only(world, make):
    world.hear(
        DesiredState(generation=1, version=5, machine=make.spec("/vm"), instances=(make.spec("/vm/web"),)), "app/evil"
    )
    assert world.runs == []


def test_a_recipe_that_cannot_be_had_is_asked_for_again_later_and_after_a_reconnection(world, make):
    world.bundles_arrive = False
    world.want(make.spec("/vm/web"))
    world.do(BundleFailed("sha256:web", "not found"))
    assert world.report("/vm/web").waits == ("waits for its recipe: not found",)
    asked = [e for e in world.effects if isinstance(e, FetchBundle)]
    world.advance(1.1)
    assert len([e for e in world.effects if isinstance(e, FetchBundle)]) == len(asked) + 1
    world.do(Disconnected())
    world.bundles_arrive = True
    world.do(Connected())
    world.finish_all()
    assert world.status("/vm/web") is Status.DEPLOYED_STARTED
