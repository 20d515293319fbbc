"""Ready, polled, dead, restarted: what ``status`` and a watched process tell of an instance."""

from __future__ import annotations

import pytest

from roboconf_core.agent.events import ProcessDied
from roboconf_core.messages.types import ActionReported
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status


@pytest.fixture
def web(world, make):
    """A started web server whose recipe has a ``status`` action."""
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish_all()
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
    return world


def polls(world):
    return [run for run in world.runs if run.action is Action.STATUS]


def test_an_instance_is_started_and_published_only_when_status_succeeds(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START)
    delays = []
    for _ in range(6):
        world.finish("/vm/web", Action.STATUS, "exit status 1")
        assert world.status("/vm/web") is S.STARTING
        assert world.exports("/vm/web") is None
        before = world.seconds
        while not world.running:
            world.advance(0.05)
        delays.append(round(world.seconds - before, 2))
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0], abs=0.06)
    world.finish("/vm/web", Action.STATUS)
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
    assert world.exports("/vm/web") == {"Web.port": "80"}


def test_an_instance_that_is_not_ready_in_time_is_stopped_and_started_again(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", settings={"ready_timeout_s": 2.0}))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START)
    while world.status("/vm/web") is S.STARTING:
        if world.running:
            world.finish("/vm/web", Action.STATUS, "exit status 1", stderr="refused")
        world.advance(0.1)
    report = world.report("/vm/web")
    assert report.failure.reason == "not ready after 2 s"
    assert report.failure.action is Action.START
    assert report.failure.stderr == "refused"
    world.finish("/vm/web", Action.STOP)
    assert world.status("/vm/web") is S.DEPLOYED_STOPPED
    assert world.report("/vm/web").failure.reason == "not ready after 2 s"
    world.advance(2)
    assert world.run_of("/vm/web").action is Action.START
    assert world.exports("/vm/web") is None


def test_a_start_that_is_never_ready_is_given_up(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", settings={"ready_timeout_s": 1.0}))
    world.finish("/vm/web", Action.DEPLOY)
    for _ in range(200):
        for run in list(world.running.values()):
            world.finish("/vm/web", reason="exit status 1" if run.action is Action.STATUS else "")
        world.advance(0.5)
    assert world.actions("/vm/web") == ["deploy", *["start", "stop"] * 3]
    assert world.report("/vm/web").failure.exhausted


def test_a_started_instance_is_polled_in_its_period(web):
    before = len(polls(web))
    for _ in range(100):
        web.advance(1)
        web.finish_all()
    assert len(polls(web)) - before in (9, 10, 11)


def test_polls_of_many_instances_are_spread(world, make):
    world.has_status |= {f"/vm/i{n}" for n in range(6)}
    world.want(*(make.spec(f"/vm/i{n}") for n in range(6)))
    world.finish_all()
    world.runs.clear()
    moments = {}
    while len(moments) < 6:
        world.advance(0.05)
        for run in list(world.running.values()):
            moments[run.instance.path] = round(world.seconds, 2)
            world.finish(run.instance.path)
    assert len(set(moments.values())) > 3


def test_status_runs_right_after_an_update(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", imports=["Db.port?"]))
    world.finish_all()
    world.advance(1)
    world.exported(make.publication("/db1/db"))
    world.finish("/vm/web", Action.UPDATE)
    assert world.run_of("/vm/web").action is Action.STATUS


def test_one_failed_poll_changes_nothing(web):
    web.advance(11)
    web.finish("/vm/web", Action.STATUS, "exit status 1")
    web.advance(1)
    web.finish("/vm/web", Action.STATUS)
    assert web.status("/vm/web") is S.DEPLOYED_STARTED
    web.advance(11)
    web.finish("/vm/web", Action.STATUS, "exit status 1")
    assert web.status("/vm/web") is S.DEPLOYED_STARTED


def test_two_failed_polls_in_a_row_withdraw_clean_up_and_restart(web):
    web.advance(11)
    web.finish("/vm/web", Action.STATUS, "exit status 1")
    web.advance(1)
    web.finish("/vm/web", Action.STATUS, "exit status 7", stderr="gone")
    assert web.exports("/vm/web") is None
    assert web.status("/vm/web") is S.STOPPING
    assert web.report("/vm/web").cause == "status failed: exit status 7"
    assert [m.stderr for m in web.messages(ActionReported) if m.action is Action.STATUS] == ["gone"]
    web.finish("/vm/web", Action.STOP, "exit status 1")
    web.finish("/vm/web", Action.STATUS, "exit status 7")
    web.advance(1)
    web.finish("/vm/web", Action.STOP)
    web.finish("/vm/web", Action.START)
    web.finish("/vm/web", Action.STATUS)
    report = web.report("/vm/web")
    assert report.status is S.DEPLOYED_STARTED
    assert report.restarts == 1
    assert report.failure is None
    assert web.exports("/vm/web") == {"Web.port": "80"}


def test_a_dead_process_is_noticed_at_once_and_restarted(web):
    web.do(ProcessDied("id-web"))
    assert web.report("/vm/web").cause == "its process died"
    web.finish("/vm/web", Action.STOP)
    assert web.run_of("/vm/web").action is Action.START


def test_one_that_dies_again_and_again_is_restarted_later_and_later_but_always(web):
    delays = []
    for _ in range(9):
        web.do(ProcessDied("id-web"))
        web.finish("/vm/web", Action.STOP)
        before = web.seconds
        while not web.running:
            web.advance(0.5)
        delays.append(web.seconds - before)
        web.finish("/vm/web", Action.START)
        web.finish("/vm/web", Action.STATUS)
    assert delays == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert web.report("/vm/web").restarts == 9


def test_after_a_calm_a_death_is_repaired_at_once_again(web):
    for _ in range(3):
        web.do(ProcessDied("id-web"))
        web.advance(10)
        web.finish_all()
    for _ in range(70):
        web.advance(1)
        web.finish_all()
    web.do(ProcessDied("id-web"))
    web.finish("/vm/web", Action.STOP)
    assert web.run_of("/vm/web").action is Action.START


def test_a_dead_instance_that_turns_out_to_run_is_started_as_before(web):
    web.do(ProcessDied("id-web"))
    web.finish("/vm/web", Action.STOP, "exit status 1")
    web.finish("/vm/web", Action.STATUS)
    assert web.status("/vm/web") is S.DEPLOYED_STARTED
    assert web.exports("/vm/web") == {"Web.port": "80"}
    assert web.report("/vm/web").failure is None


def test_nothing_is_left_to_stop_of_a_process_that_died(web):
    web.do(ProcessDied("id-web"))
    web.finish("/vm/web", Action.STOP, "exit status 1")
    web.finish("/vm/web", Action.STATUS, "exit status 3")
    assert web.run_of("/vm/web").action is Action.START


def test_a_death_during_a_stop_is_part_of_it(web, make):
    web.want(make.spec("/vm/web", exports={"Web.port": "80"}, desired=Desired.DEPLOYED_STOPPED, generation=2))
    web.do(ProcessDied("id-web"))
    web.finish("/vm/web", Action.STOP)
    assert web.status("/vm/web") is S.DEPLOYED_STOPPED
    assert web.report("/vm/web").restarts == 0


def test_the_death_of_a_parent_stops_its_children_and_all_come_back(world, make):
    world.want(make.spec("/vm/tomcat"), make.spec("/vm/tomcat/war", exports={"War.port": "1"}))
    world.finish_all()
    world.do(ProcessDied("id-tomcat"))
    assert world.published("/vm/tomcat/war")[-1].variables is None
    assert not world.published("/vm/tomcat/war")[-1].planned
    world.finish_all()
    assert world.actions()[4:] == [
        "stop /vm/tomcat/war",
        "stop /vm/tomcat",
        "start /vm/tomcat",
        "start /vm/tomcat/war",
    ]


def test_polls_are_not_reported_as_actions(web):
    reports = len(web.sent)
    web.advance(11)
    web.finish("/vm/web", Action.STATUS)
    assert not [m for _, m in web.sent[reports:] if type(m).__name__ in ("InstanceReported", "ActionReported")]
