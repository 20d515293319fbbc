"""Deploy, start, stop, undeploy: what an instance goes through, alone and in a tree."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.agent.events import Cancel, Discard, Forget, Unwatch, Watch
from roboconf_core.messages.types import DesiredState, PortTaken
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status


def test_a_new_instance_is_deployed_then_started_and_each_status_is_reported(world, make):
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}))
    world.finish_all()
    assert world.actions() == ["deploy /vm/db", "start /vm/db"]
    assert world.history("/vm/db") == [
        S.NOT_DEPLOYED,
        S.DEPLOYING,
        S.DEPLOYED_STOPPED,
        S.STARTING,
        S.DEPLOYED_STARTED,
    ]
    assert world.exports("/vm/db") == {"Db.port": "1"}


def test_deploy_alone_publishes_nothing(world, make):
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}, desired=Desired.DEPLOYED_STOPPED))
    world.finish_all()
    assert world.actions() == ["deploy /vm/db"]
    assert world.exports("/vm/db") is None


def test_deploy_waits_for_the_recipe(world, make):
    world.bundles_arrive = False
    world.want(make.spec("/vm/db"))
    assert world.actions() == []
    assert world.report("/vm/db").waits == ("waits for its recipe",)


def test_a_failed_deploy_is_tried_three_times_then_given_up_until_a_new_request(world, make):
    world.want(make.spec("/vm/db"))
    for _ in range(3):
        world.finish("/vm/db", Action.DEPLOY, "exit status 1", stderr="no space")
        world.advance(10)
    world.advance(1000)
    assert world.actions() == ["deploy /vm/db"] * 3
    report = world.report("/vm/db")
    assert report.status is S.NOT_DEPLOYED
    assert report.failure.exhausted
    assert report.failure.attempt == 3
    assert report.failure.stderr == "no space"
    world.want(make.spec("/vm/db", generation=2))
    world.finish("/vm/db", Action.DEPLOY)
    assert world.report("/vm/db").failure is None


def test_a_failed_start_waits_longer_each_time(world, make):
    world.want(make.spec("/vm/db", settings={"retry_delay_s": 2.0}))
    world.finish("/vm/db", Action.DEPLOY)
    world.finish("/vm/db", Action.START, "exit status 1")
    assert world.status("/vm/db") is S.DEPLOYED_STOPPED
    assert world.report("/vm/db").failure.next_try == world.now.wall + 2
    world.advance(1.9)
    assert world.actions("/vm/db") == ["deploy", "start"]
    world.advance(0.2)
    world.finish("/vm/db", Action.START, "exit status 1")
    world.advance(3.9)
    assert world.actions("/vm/db") == ["deploy", "start", "start"]
    world.advance(0.2)
    world.finish("/vm/db", Action.START)
    assert world.report("/vm/db").failure is None
    assert world.status("/vm/db") is S.DEPLOYED_STARTED


def test_undeploy_stops_first_and_removes_the_directory(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    world.want(make.spec("/vm/db", desired=Desired.NOT_DEPLOYED, generation=2))
    world.finish_all()
    assert world.actions("/vm/db") == ["deploy", "start", "stop", "undeploy"]
    assert world.history("/vm/db")[-4:] == [S.STOPPING, S.DEPLOYED_STOPPED, S.UNDEPLOYING, S.NOT_DEPLOYED]
    assert any(isinstance(effect, Discard) for effect in world.effects)


def test_a_started_process_is_watched_until_it_is_stopped(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    assert [type(e) for e in world.effects if isinstance(e, Watch | Unwatch)] == [Watch]
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    assert [type(e) for e in world.effects if isinstance(e, Watch | Unwatch)] == [Watch, Unwatch]


def test_a_stop_without_status_that_fails_again_and_again_ends_stopped_and_failed(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    for attempt in (1, 2):
        world.finish("/vm/db", Action.STOP, "exit status 1")
        assert world.status("/vm/db") is S.STOPPING
        assert world.report("/vm/db").failure.attempt == attempt
        world.advance(3)
    world.finish("/vm/db", Action.STOP, "exit status 1")
    assert world.status("/vm/db") is S.DEPLOYED_STOPPED
    assert world.report("/vm/db").failure.action is Action.STOP
    assert world.report("/vm/db").failure.exhausted


def test_a_failed_stop_is_never_shown_as_stopped_while_status_succeeds(world, make):
    world.has_status.add("/vm/db")
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}))
    world.finish_all()
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2, exports={"Db.port": "1"}))
    for _ in range(3):
        world.finish("/vm/db", Action.STOP, "exit status 1")
        world.finish("/vm/db", Action.STATUS)
        assert world.status("/vm/db") is S.DEPLOYED_STARTED
        assert world.exports("/vm/db") is None
        world.advance(6)
    assert world.actions("/vm/db") == ["deploy", "start", "stop", "stop", "stop"]
    assert world.report("/vm/db").failure.exhausted


def test_a_failed_stop_is_tried_again_although_status_fails(world, make):
    world.has_status.add("/vm/db")
    world.want(make.spec("/vm/db"))
    world.finish_all()
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.finish("/vm/db", Action.STOP, "exit status 1")
    world.finish("/vm/db", Action.STATUS, "exit status 3")
    assert world.status("/vm/db") is S.STOPPING
    world.advance(1)
    world.finish("/vm/db", Action.STOP)
    assert world.status("/vm/db") is S.DEPLOYED_STOPPED
    assert world.report("/vm/db").failure is None


def test_a_failed_undeploy_ends_stopped_and_is_tried_again(world, make):
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED))
    world.finish_all()
    world.want(make.spec("/vm/db", desired=Desired.NOT_DEPLOYED, generation=2))
    world.finish("/vm/db", Action.UNDEPLOY, "exit status 1")
    assert world.status("/vm/db") is S.DEPLOYED_STOPPED
    world.advance(2)
    world.finish("/vm/db", Action.UNDEPLOY)
    assert world.status("/vm/db") is S.NOT_DEPLOYED


# --- a newer request


def test_a_start_that_is_not_wanted_any_more_gets_a_grace_then_is_cancelled_and_stopped(world, make):
    world.want(make.spec("/vm/db"))
    world.finish("/vm/db", Action.DEPLOY)
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.advance(4.9)
    assert not world.cancelled
    world.advance(0.2)
    assert world.cancelled == {world.run_of("/vm/db").id}
    world.finish("/vm/db", Action.START, "cancelled")
    world.finish("/vm/db", Action.STOP)
    assert world.status("/vm/db") is S.DEPLOYED_STOPPED
    assert world.report("/vm/db").failure is None
    assert world.exports("/vm/db") is None


def test_a_start_that_ends_within_its_grace_is_stopped_without_having_published(world, make):
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}))
    world.finish("/vm/db", Action.DEPLOY)
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}, desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.finish("/vm/db", Action.START)
    world.finish("/vm/db", Action.STOP)
    assert S.DEPLOYED_STARTED not in world.history("/vm/db")
    assert world.published("/vm/db") == []


def test_a_start_that_is_wanted_again_within_its_grace_goes_on(world, make):
    world.want(make.spec("/vm/db"))
    world.finish("/vm/db", Action.DEPLOY)
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.advance(3)
    world.want(make.spec("/vm/db", generation=3))
    world.advance(60)
    assert not any(isinstance(effect, Cancel) for effect in world.effects)
    world.finish("/vm/db", Action.START)
    assert world.status("/vm/db") is S.DEPLOYED_STARTED


def test_a_failure_of_what_is_not_wanted_any_more_is_no_condition(world, make):
    world.want(make.spec("/vm/db"))
    world.finish("/vm/db", Action.DEPLOY)
    world.want(make.spec("/vm/db", desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.finish("/vm/db", Action.START, "exit status 1")
    assert world.report("/vm/db").failure is None
    assert world.report("/vm/db").generation == 2


def test_a_newer_request_cancels_the_pending_retry(world, make):
    world.want(make.spec("/vm/db"))
    world.finish("/vm/db", Action.DEPLOY)
    world.finish("/vm/db", Action.START, "exit status 1")
    world.want(make.spec("/vm/db", generation=2))
    assert world.actions("/vm/db") == ["deploy", "start", "start"]
    assert world.report("/vm/db").failure is None


def test_an_older_or_foreign_desired_state_changes_nothing(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    old = DesiredState(generation=1, version=1, machine=make.spec("/vm"))
    world.hear(old)
    world.hear(replace(old, version=9, generation=2))
    assert world.status("/vm/db") is S.DEPLOYED_STARTED
    assert world.actions("/vm/db") == ["deploy", "start"]


def test_an_instance_that_vanishes_is_stopped_undeployed_then_forgotten(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    world.want()
    world.finish_all()
    assert world.actions("/vm/db") == ["deploy", "start", "stop", "undeploy"]
    assert any(isinstance(effect, Forget) for effect in world.effects)
    assert "instance/id-db" not in world.journal


def test_a_new_instance_of_the_same_path_waits_until_the_former_is_gone(world, make):
    world.want(make.spec("/vm/db"))
    world.finish_all()
    world.want(make.spec("/vm/db", id="other"))
    world.finish("/vm/db", Action.STOP)
    assert world.run_of("/vm/db").instance.id == "id-db"
    world.finish_all()
    assert [run.instance.id for run in world.runs] == ["id-db"] * 4 + ["other"] * 2


def test_stop_and_undeploy_see_what_was_deployed(world, make):
    world.want(make.spec("/vm/db", exports={"Db.port": "1"}))
    world.finish_all()
    world.want(make.spec("/vm/db", bundle="sha256:new", exports={"Db.port": "2"}))
    world.finish_all()
    assert world.exports("/vm/db") == {"Db.port": "2"}
    world.want(make.spec("/vm/db", bundle="sha256:new", desired=Desired.NOT_DEPLOYED, generation=2))
    world.finish_all()
    stop, undeploy = world.runs[-2:]
    assert stop.instance.bundle == undeploy.instance.bundle == "sha256:db"
    assert stop.instance.exports == {"Db.port": "1"}


# --- trees


def tree(make, *, tomcat=Desired.DEPLOYED_STARTED, war=Desired.DEPLOYED_STARTED, generation=1, **fields):
    return (
        make.spec("/vm/tomcat", desired=tomcat, generation=generation, **fields),
        make.spec("/vm/tomcat/war", desired=war, generation=generation),
    )


def test_parents_come_before_children_when_starting(world, make):
    world.want(*tree(make))
    world.finish_all()
    begun = world.actions()
    assert begun.index("deploy /vm/tomcat") < begun.index("deploy /vm/tomcat/war")
    assert begun.index("start /vm/tomcat") < begun.index("start /vm/tomcat/war")


def test_children_stop_and_are_undeployed_before_their_parents_with_their_own_recipes(world, make):
    world.want(*tree(make))
    world.finish_all()
    world.want(*tree(make, tomcat=Desired.NOT_DEPLOYED, war=Desired.NOT_DEPLOYED, generation=2))
    assert world.status("/vm/tomcat") is S.STOPPING
    assert world.report("/vm/tomcat").waits == ("waits for /vm/tomcat/war to stop",)
    world.finish_all()
    assert world.actions()[4:] == [
        "stop /vm/tomcat/war",
        "stop /vm/tomcat",
        "undeploy /vm/tomcat/war",
        "undeploy /vm/tomcat",
    ]


def test_a_child_waits_for_an_unresolved_parent_and_both_start_when_the_import_comes(world, make):
    world.want(*tree(make, imports=["Db.port"]))
    world.finish_all()
    assert world.status("/vm/tomcat") is S.UNRESOLVED
    assert world.report("/vm/tomcat").waits == ("waits for Db.port: no started instance exports Db",)
    assert world.status("/vm/tomcat/war") is S.WAITING_FOR_ANCESTOR
    assert world.report("/vm/tomcat/war").waits == ("waits for /vm/tomcat to be started: it is UNRESOLVED",)
    world.exported(make.publication("/db-vm/db"))
    world.finish_all()
    assert world.status("/vm/tomcat") is world.status("/vm/tomcat/war") is S.DEPLOYED_STARTED


def test_a_parent_that_loses_its_import_stops_its_children_first_and_all_come_back(world, make):
    world.exported(make.publication("/db-vm/db"))
    world.want(*tree(make, imports=["Db.port"]))
    world.exported(make.publication("/db-vm/db"))
    world.finish_all()
    world.exported(make.publication("/db-vm/db", 2, port=None))
    world.finish_all()
    assert world.actions()[4:] == ["stop /vm/tomcat/war", "stop /vm/tomcat"]
    assert world.status("/vm/tomcat") is S.UNRESOLVED
    assert world.status("/vm/tomcat/war") is S.WAITING_FOR_ANCESTOR
    world.exported(make.publication("/db-vm/db", 3))
    world.finish_all()
    assert world.status("/vm/tomcat/war") is S.DEPLOYED_STARTED


def test_a_child_that_the_user_stopped_stays_stopped_when_its_parent_comes_back(world, make):
    world.want(*tree(make, war=Desired.DEPLOYED_STOPPED, imports=["Db.port"]))
    world.exported(make.publication("/db-vm/db"))
    world.finish_all()
    assert world.status("/vm/tomcat") is S.DEPLOYED_STARTED
    assert world.status("/vm/tomcat/war") is S.DEPLOYED_STOPPED


def test_a_child_is_not_deployed_under_a_parent_that_is_not(world, make):
    world.want(*tree(make, tomcat=Desired.NOT_DEPLOYED))
    world.finish_all()
    assert world.actions() == []
    assert world.status("/vm/tomcat/war") is S.NOT_DEPLOYED


def test_a_parent_does_not_wait_for_ever_for_a_child_whose_stop_is_given_up(world, make):
    world.has_status.add("/vm/tomcat/war")
    world.want(*tree(make))
    world.finish_all()
    stopped = Desired.DEPLOYED_STOPPED
    world.want(*tree(make, tomcat=stopped, war=stopped, generation=2))
    for _ in range(3):
        world.finish("/vm/tomcat/war", Action.STOP, "exit status 1")
        world.finish("/vm/tomcat/war", Action.STATUS)
        world.advance(5)
    world.finish("/vm/tomcat", Action.STOP)
    assert world.status("/vm/tomcat") is S.DEPLOYED_STOPPED
    assert world.status("/vm/tomcat/war") is S.DEPLOYED_STARTED


# --- room on the machine


def test_deploys_run_one_at_a_time_unless_the_component_opts_out(world, make):
    world.want(make.spec("/vm/a"), make.spec("/vm/b"), make.spec("/vm/c", settings={"serial": False}))
    assert world.actions() == ["deploy /vm/a", "deploy /vm/c"]
    assert world.run_of("/vm/a").exclusive
    assert not world.run_of("/vm/c").exclusive
    assert world.report("/vm/b").waits == ("waits for deploy of /vm/a: one at a time on a machine",)
    world.finish_all()
    assert world.status("/vm/b") is S.DEPLOYED_STARTED


def test_no_more_actions_run_than_there_are_slots(new_world, make):
    world = new_world(slots=2)
    world.want(*(make.spec(f"/vm/i{n}", settings={"serial": False}) for n in range(5)))
    assert len(world.running) == 2
    world.finish_all()
    assert all(world.status(f"/vm/i{n}") is S.DEPLOYED_STARTED for n in range(5))


def test_a_slot_is_kept_for_stops_where_there_are_enough(new_world, make):
    world = new_world(slots=4)
    world.want(make.spec("/vm/z", settings={"serial": False}))
    world.finish_all()
    others = [make.spec(f"/vm/i{n}", settings={"serial": False}) for n in range(5)]
    world.want(make.spec("/vm/z", settings={"serial": False}), *others)
    assert len(world.running) == 3
    world.want(make.spec("/vm/z", desired=Desired.DEPLOYED_STOPPED, generation=2), *others)
    assert world.run_of("/vm/z").action is Action.STOP


# --- ports


def test_a_taken_port_is_told_and_the_start_comes_with_the_new_one(world, make):
    world.want(make.spec("/vm/web", ports={"port": 10001}, exports={"Web.port": "10001"}))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START, "port taken", exit_status=None, ports_taken=("port",))
    assert world.messages(PortTaken) == [PortTaken(instance="id-web", name="port", port=10001)]
    assert world.status("/vm/web") is S.DEPLOYED_STOPPED
    world.want(make.spec("/vm/web", ports={"port": 10002}, exports={"Web.port": "10002"}))
    assert world.run_of("/vm/web").instance.ports == {"port": 10002}
    world.finish("/vm/web", Action.START)
    assert world.exports("/vm/web") == {"Web.port": "10002"}
    assert world.report("/vm/web").failure is None


def test_a_taken_port_is_told_again_and_never_given_up(world, make):
    world.want(make.spec("/vm/web", ports={"port": 10001}))
    world.finish("/vm/web", Action.DEPLOY)
    for _ in range(6):
        world.finish("/vm/web", Action.START, "port taken", exit_status=None, ports_taken=("port",))
        world.advance(61)
    assert len(world.messages(PortTaken)) == 6
    assert not world.report("/vm/web").failure.exhausted


def test_what_is_no_longer_part_of_the_application_is_undeployed_however_often_that_fails(world, make):
    world.want(make.spec("/vm/tomcat"), make.spec("/vm/tomcat/war"))
    world.finish_all()
    world.want(make.spec("/vm/tomcat"))
    world.finish("/vm/tomcat/war", Action.STOP)
    for _ in range(7):
        world.finish("/vm/tomcat/war", Action.UNDEPLOY, "exit status 1")
        world.advance(61)
    assert world.report("/vm/tomcat/war").failure.exhausted
    world.finish("/vm/tomcat/war", Action.UNDEPLOY)
    assert "instance/id-war" not in world.journal
