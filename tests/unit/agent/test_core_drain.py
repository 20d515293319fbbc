"""Planned stops: the exporter waits for the importers' answers; importers answer when they are done."""

from __future__ import annotations

import pytest

from roboconf_core.agent.events import ProcessDied, QueueOverflowed
from roboconf_core.messages.types import DrainAnswered, Epoch, ExportsHeld, Farewell
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status


@pytest.fixture
def web(world, make):
    """A web server that exports its port, held by two load balancers."""
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    for balancer in ("app/lb1", "app/lb2"):
        world.hear(held(world.published("/vm/web")[-1]), balancer)
    return world


def held(p):
    return ExportsHeld(instance=p.instance, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence)


def answer(p):
    return DrainAnswered(instance=p.instance, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence)


def stop(world, make):
    world.want(
        make.spec("/vm/web", exports={"Web.port": "80"}, desired=Desired.DEPLOYED_STOPPED, generation=world.version + 1)
    )


def test_a_planned_stop_withdraws_first_and_runs_when_all_holders_have_answered(web, make):
    stop(web, make)
    withdrawal = web.published("/vm/web")[-1]
    assert withdrawal.variables is None
    assert withdrawal.planned
    assert web.status("/vm/web") is S.STOPPING
    assert web.report("/vm/web").waits == (
        "waits for app/lb1 to do without its exports",
        "waits for app/lb2 to do without its exports",
    )
    web.hear(answer(withdrawal), "app/lb1")
    assert not web.running
    web.hear(answer(withdrawal), "app/lb2")
    assert web.run_of("/vm/web").action is Action.STOP


def test_a_planned_stop_waits_no_longer_than_its_deadline(web, make):
    stop(web, make)
    web.advance(9.9)
    assert not web.running
    web.advance(0.2)
    assert web.run_of("/vm/web").action is Action.STOP


def test_an_answer_to_an_older_publication_does_not_count(web, make):
    old = web.published("/vm/web")[-1]
    web.do(QueueOverflowed())
    for balancer in ("app/lb1", "app/lb2"):
        web.hear(held(web.published("/vm/web")[-1]), balancer)
        web.hear(answer(old), balancer)
    stop(web, make)
    assert not web.running


def test_who_does_not_use_it_any_more_is_not_waited_for(web, make):
    p = web.published("/vm/web")[-1]
    for balancer in ("app/lb1", "app/lb2"):
        web.hear(answer(p), balancer)
    stop(web, make)
    assert web.run_of("/vm/web").action is Action.STOP


def test_a_holder_that_is_lost_is_not_waited_for(web, make):
    stop(web, make)
    web.hear(answer(web.published("/vm/web")[-1]), "app/lb1")
    web.hear(Farewell(agent="app/lb2", epoch=Epoch(1, 1, 0)))
    assert web.run_of("/vm/web").action is Action.STOP


def test_an_importer_that_refuted_its_farewell_says_again_what_it_holds(world, make):
    world.want(make.spec("/vm/lb", imports=["Db.port"]))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    told = world.messages(ExportsHeld)
    assert told
    world.hear(Farewell(agent="app/vm", epoch=Epoch(1, 1, 0)))
    assert world.messages(ExportsHeld) == [*told, told[-1]]


def test_a_late_word_of_a_holder_that_has_answered_does_not_hold_up_the_stop(web, make):
    first = web.published("/vm/web")[-1]
    stop(web, make)
    web.hear(answer(web.published("/vm/web")[-1]), "app/lb1")
    web.hear(held(first), "app/lb1")
    web.hear(answer(web.published("/vm/web")[-1]), "app/lb2")
    assert web.run_of("/vm/web").action is Action.STOP


def test_without_holders_a_stop_runs_at_once(world, make):
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    stop(world, make)
    assert world.run_of("/vm/web").action is Action.STOP


def test_an_accident_does_not_drain(web, make):
    web.do(ProcessDied("id-web"))
    withdrawal = web.published("/vm/web")[-1]
    assert withdrawal.variables is None
    assert not withdrawal.planned
    assert web.run_of("/vm/web").action is Action.STOP


def test_an_importer_of_the_same_agent_is_waited_for_too(world, make):
    def specs(store, generation):
        return (
            make.spec("/vm/store", exports={"Store.port": "1"}, desired=store, generation=generation),
            make.spec("/vm/web", imports=["Store.port?"]),
        )

    world.want(*specs(Desired.DEPLOYED_STARTED, 1))
    world.finish_all()
    world.advance(5)
    world.finish_all()
    world.want(*specs(Desired.DEPLOYED_STOPPED, 2))
    assert world.run_of("/vm/web").action is Action.UPDATE
    assert world.report("/vm/store").waits == ("waits for /vm/web to do without its exports",)
    world.finish("/vm/web", Action.UPDATE)
    assert world.run_of("/vm/store").action is Action.STOP


def test_the_children_of_a_parent_that_is_stopped_drain_too(world, make):
    def specs(desired, generation):
        return (
            make.spec("/vm/tomcat", desired=desired, generation=generation),
            make.spec("/vm/tomcat/war", exports={"War.port": "1"}),
        )

    world.want(*specs(Desired.DEPLOYED_STARTED, 1))
    world.finish_all()
    world.want(*specs(Desired.DEPLOYED_STOPPED, 2))
    assert world.published("/vm/tomcat/war")[-1].planned
    world.finish_all()
    assert world.status("/vm/tomcat/war") is S.WAITING_FOR_ANCESTOR


# --- the importer's side


@pytest.fixture
def importer(world, make):
    """A load balancer that two web servers serve."""
    world.want(make.spec("/vm/lb", imports=["Web.port"]))
    for name in ("w1", "w2"):
        world.exported(make.publication(f"/{name}/web", prefix="Web"))
    world.finish_all()
    world.advance(5)
    world.finish_all()
    return world


def test_an_importer_tells_the_exporters_what_it_uses(importer, make):
    topic = make.agent_topic("app/w1")
    assert importer.messages(ExportsHeld, topic) == [held(make.publication("/w1/web", prefix="Web"))]


def test_an_importer_tells_again_when_the_publication_is_a_newer_one(importer, make):
    newer = make.publication("/w1/web", 5, prefix="Web")
    importer.exported(newer)
    assert importer.messages(ExportsHeld, make.agent_topic("app/w1"))[-1] == held(newer)


def test_an_importer_answers_a_planned_withdrawal_after_its_update(importer, make):
    withdrawal = make.publication("/w1/web", 2, prefix="Web", port=None, planned=True)
    importer.exported(withdrawal)
    assert importer.messages(DrainAnswered) == []
    importer.finish("/vm/lb", Action.UPDATE)
    assert importer.messages(DrainAnswered, make.agent_topic("app/w1")) == [answer(withdrawal)]


def test_an_importer_that_sees_a_withdrawn_export_only_now_says_so_and_answers_later(world, make):
    world.want(make.spec("/vm/lb", imports=["Web.port"]))
    for name in ("w1", "w2"):
        world.exported(make.publication(f"/{name}/web", prefix="Web"))
    world.finish("/vm/lb", Action.DEPLOY)
    withdrawal = make.publication("/w1/web", 2, prefix="Web", port=None, planned=True)
    world.exported(withdrawal)
    world.finish("/vm/lb", Action.START)
    topic = make.agent_topic("app/w1")
    assert world.messages(ExportsHeld, topic) == [held(make.publication("/w1/web", prefix="Web"))]
    assert world.messages(DrainAnswered, topic) == []
    world.advance(1)
    world.finish("/vm/lb", Action.UPDATE)
    assert world.messages(DrainAnswered, topic) == [answer(withdrawal)]


def test_an_importer_whose_update_fails_does_not_answer(importer, make):
    importer.exported(make.publication("/w1/web", 2, prefix="Web", port=None, planned=True))
    importer.finish("/vm/lb", Action.UPDATE, "exit status 1")
    assert importer.messages(DrainAnswered) == []


def test_an_importer_answers_again_when_the_withdrawal_comes_again(importer, make):
    withdrawal = make.publication("/w1/web", 2, prefix="Web", port=None, planned=True)
    importer.exported(withdrawal)
    importer.finish("/vm/lb", Action.UPDATE)
    importer.exported(withdrawal)
    assert importer.messages(DrainAnswered) == [answer(withdrawal)] * 2


def test_an_importer_that_stops_for_want_of_providers_answers_after_its_stop(importer, make):
    for name in ("w1", "w2"):
        importer.exported(make.publication(f"/{name}/web", 2, prefix="Web", port=None, planned=True))
    importer.advance(5)
    importer.finish("/vm/lb", Action.UPDATE, "cancelled")
    assert importer.messages(DrainAnswered) == []
    importer.finish("/vm/lb", Action.STOP)
    assert len(importer.messages(DrainAnswered)) == 2


def test_an_importer_that_stops_says_that_it_uses_nothing_any_more(importer, make):
    importer.want(make.spec("/vm/lb", imports=["Web.port"], desired=Desired.DEPLOYED_STOPPED, generation=2))
    importer.finish("/vm/lb", Action.STOP)
    assert importer.messages(DrainAnswered, make.agent_topic("app/w1")) == [
        answer(make.publication("/w1/web", prefix="Web"))
    ]


def test_an_unplanned_withdrawal_is_not_answered(importer, make):
    importer.exported(make.publication("/w1/web", 2, prefix="Web", port=None))
    importer.finish("/vm/lb", Action.UPDATE)
    assert importer.messages(DrainAnswered) == []


def test_after_an_overflow_holders_are_asked_to_say_so_again(web):
    before = web.published("/vm/web")[-1]
    web.do(QueueOverflowed())
    after = web.published("/vm/web")[-1]
    assert after.stamp > before.stamp
    assert after.variables == before.variables
