"""An agent that ends and begins again: adopt, read, repeat; and after a reboot, start what is wanted."""

from __future__ import annotations

import pytest

from roboconf_core.agent.events import ActionEnded, Cancel, Connected, Outcome, Watch
from roboconf_core.messages.types import Epoch, ExportsHeld, ImportsRepaired, ImportsRequested
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status


@pytest.fixture
def web(world, make):
    """A started web server that imports from a database and exports."""
    world.want(make.spec("/vm/web", imports=["Db.port"], exports={"Web.port": "80"}))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    return world


def test_services_that_run_are_not_restarted_and_are_published_in_the_new_epoch(web):
    web.crash()
    assert not web.running
    assert web.status("/vm/web") is S.DEPLOYED_STARTED
    assert [p.epoch for p in web.published("/vm/web")] == [Epoch(1, 2, 0)]
    assert web.report("/vm/web").epoch == Epoch(1, 2, 0)
    web.advance(100)
    assert web.actions("/vm/web") == ["deploy", "start"]


def test_imports_are_asked_for_again_and_what_was_seen_counts_meanwhile(web, make):
    web.crash()
    web.do(Connected())
    assert ImportsRequested(prefix="Db") in web.messages(ImportsRequested)
    web.exported(make.publication("/db1/db"))
    web.advance(10)
    assert web.actions("/vm/web") == ["deploy", "start"]
    web.exported(make.publication("/db1/db", 2, port=None))
    assert web.run_of("/vm/web").action is Action.STOP


def test_what_changed_meanwhile_is_an_update_against_what_was_seen_before(web, make):
    web.crash()
    web.exported(make.publication("/db2/db"))
    web.advance(1)
    run = web.run_of("/vm/web")
    assert [p.path for p in run.joined] == ["/db2/db"]
    assert [p.path for p in run.imports] == ["/db1/db", "/db2/db"]


def test_what_is_remembered_but_unknown_to_the_manager_is_dropped(web):
    web.crash()
    web.hear(ImportsRepaired(prefix="Db", generation=1, agents={"app/db1": 1}))
    assert web.run_of("/vm/web").action is Action.STOP


def test_a_running_action_is_adopted(world, make):
    world.want(make.spec("/vm/web"))
    world.crash()
    assert world.actions() == ["deploy /vm/web"]
    world.finish_all()
    assert world.actions() == ["deploy /vm/web", "start /vm/web"]


def test_a_finished_action_is_read_and_not_repeated(world, make):
    world.want(make.spec("/vm/web"))
    world.crash(ended={"/vm/web": Outcome(has_status=True)})
    assert world.actions() == ["deploy /vm/web", "start /vm/web"]
    world.finish("/vm/web", Action.START)
    assert world.run_of("/vm/web").action is Action.STATUS


def test_a_failure_meanwhile_counts_as_an_attempt(world, make):
    world.want(make.spec("/vm/web"))
    world.crash(ended={"/vm/web": Outcome(exit_status=1, reason="exit status 1")})
    assert world.report("/vm/web").failure.attempt == 1
    assert world.report("/vm/web").status is S.NOT_DEPLOYED


def test_an_action_that_never_began_runs_again_under_a_new_id(world, make):
    world.want(make.spec("/vm/web"))
    world.finish("/vm/web", Action.DEPLOY)
    world.crash(lost=("/vm/web",))
    first, second = [run for run in world.runs if run.action is Action.START]
    assert first.id != second.id
    world.finish("/vm/web", Action.START)
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_a_deploy_that_never_began_fetches_its_recipe_and_runs_again(world, make):
    world.want(make.spec("/vm/web"))
    world.crash(lost=("/vm/web",))
    world.finish_all()
    assert world.actions() == ["deploy /vm/web", "deploy /vm/web", "start /vm/web"]


def test_an_adopted_action_that_was_to_be_ended_is_cancelled_again(world, make):
    world.want(make.spec("/vm/web"))
    world.finish("/vm/web", Action.DEPLOY)
    world.want(make.spec("/vm/web", desired=Desired.DEPLOYED_STOPPED, generation=2))
    world.advance(6)
    run = world.run_of("/vm/web")
    assert [e for e in world.effects if isinstance(e, Cancel)] == [Cancel(run.id)]
    world.crash()
    assert [e for e in world.effects if isinstance(e, Cancel)] == [Cancel(run.id)] * 2


def test_a_restart_within_readiness_goes_on_to_poll(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web"))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START)
    world.finish("/vm/web", Action.STATUS, "exit status 1")
    world.crash()
    assert world.run_of("/vm/web").action is Action.STATUS
    world.finish("/vm/web", Action.STATUS)
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_a_restart_within_a_drain_waits_until_its_deadline(web, make):
    p = web.published("/vm/web")[-1]
    web.hear(ExportsHeld(instance=p.instance, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence), "app/lb")
    web.want(make.spec("/vm/web", imports=["Db.port"], desired=Desired.DEPLOYED_STOPPED, generation=2))
    web.crash()
    assert not web.running
    web.advance(10)
    assert web.run_of("/vm/web").action is Action.STOP


def test_a_pending_retry_is_kept(world, make):
    world.want(make.spec("/vm/web", settings={"retry_delay_s": 10.0}))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START, "exit status 1")
    world.advance(4)
    world.crash()
    world.advance(5.9)
    assert not world.running
    world.advance(0.2)
    assert world.run_of("/vm/web").action is Action.START


def test_started_instances_are_watched_and_asked_at_once_after_a_restart(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web"))
    world.finish_all()
    world.effects.clear()
    world.crash()
    assert [e.instance.path for e in world.effects if isinstance(e, Watch)] == ["/vm/web"]
    assert world.run_of("/vm/web").action is Action.STATUS


def test_a_start_that_was_given_up_stays_so_after_a_restart(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"], settings={"attempts": 1}))
    world.exported(make.publication("/db1/db"))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START, "exit status 1")
    world.crash()
    world.exported(make.publication("/db1/db"))
    world.advance(60)
    assert not world.running
    assert world.report("/vm/web").failure.exhausted


def test_what_is_found_dead_after_a_restart_is_not_published_first(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", exports={"Web.port": "80"}, settings={"status_failures": 1}))
    world.finish_all()
    world.advance(11)
    world.crash(ended={"/vm/web": Outcome(exit_status=1, reason="exit status 1")})
    assert [p.variables for p in world.published("/vm/web")] == [None]


# --- reboot


def test_after_a_reboot_what_is_wanted_is_started_without_being_deployed_again(web):
    web.crash(rebooted=True)
    assert web.actions("/vm/web") == ["deploy", "start", "start"]
    assert S.DEPLOYED_STOPPED in web.history("/vm/web")
    web.finish_all()
    assert web.status("/vm/web") is S.DEPLOYED_STARTED


def test_after_a_reboot_former_exports_are_withdrawn_until_they_are_there_again(web):
    web.crash(rebooted=True)
    assert [(p.epoch, p.variables) for p in web.published("/vm/web")] == [(Epoch(1, 2, 0), None)]
    web.finish_all()
    assert web.exports("/vm/web") == {"Web.port": "80"}


def test_after_a_reboot_a_half_done_deploy_is_repeated(world, make):
    world.want(make.spec("/vm/web"))
    world.crash(rebooted=True)
    world.finish_all()
    assert world.actions() == ["deploy /vm/web", "deploy /vm/web", "start /vm/web"]


def test_after_a_reboot_children_start_after_their_parents(world, make):
    world.want(make.spec("/vm/tomcat"), make.spec("/vm/tomcat/war"))
    world.finish_all()
    world.crash(rebooted=True)
    world.finish_all()
    assert world.actions()[4:] == ["start /vm/tomcat", "start /vm/tomcat/war"]


def test_after_a_reboot_what_the_user_stopped_stays_stopped(world, make):
    world.want(make.spec("/vm/web", desired=Desired.DEPLOYED_STOPPED))
    world.finish_all()
    world.crash(rebooted=True)
    assert world.status("/vm/web") is S.DEPLOYED_STOPPED
    assert not world.running


def test_what_was_given_up_stays_so_after_a_reboot(world, make):
    world.want(make.spec("/vm/web", settings={"attempts": 1}))
    world.finish("/vm/web", Action.DEPLOY, "exit status 1")
    world.crash(rebooted=True)
    world.advance(60)
    assert world.actions() == ["deploy /vm/web"]
    assert world.report("/vm/web").failure.exhausted


# --- lives


def test_each_life_has_a_greater_boot(world):
    for boot in (2, 3):
        world.crash()
        assert world.journal["agent"]["boot"] == boot


def test_records_of_another_generation_are_forgotten(web):
    web.generation = 2
    web.crash()
    web.do(Connected())
    assert set(web.journal) == {"agent"}
    assert web.journal["agent"]["generation"] == 2


def test_withdrawals_of_forgotten_instances_outlive_the_agent(web):
    web.want()
    web.finish_all()
    web.crash()
    assert [(p.epoch.boot, p.variables) for p in web.published("/vm/web")] == [(2, None)]


def test_siblings_that_import_from_each_other_survive_a_restart(world, make):
    world.want(make.spec("/vm/store", exports={"Store.port": "1"}), make.spec("/vm/web", imports=["Store.port"]))
    world.finish_all()
    world.crash()
    world.advance(20)
    assert world.actions()[4:] == []
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_a_doubled_end_of_an_action_changes_nothing(world, make):
    world.want(make.spec("/vm/web"))
    run = world.run_of("/vm/web")
    world.finish_all()
    world.do(ActionEnded(run.id, Outcome(exit_status=1, reason="exit status 1")))
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_the_first_event_of_a_new_disk_journals_the_life(new_world):
    world = new_world(generation=3)
    assert world.journal["agent"] == {"generation": 3, "boot": 1, "withdrawn": []}
