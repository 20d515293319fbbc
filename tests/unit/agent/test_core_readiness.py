"""Between ``start`` and readiness: the process is watched, and the random ports are not its own yet."""

from __future__ import annotations

import pytest

from roboconf_core.agent.events import Outcome, ProcessDied, Unwatch, Watch
from roboconf_core.messages.types import ActionReported, PortTaken
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status
EXPORTS = {"Web.port": "10001"}
PORTS = {"port": 10001}


@pytest.fixture
def starting(world, make):
    """A web server whose ``start`` succeeded and whose ``status`` runs for the first time."""
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", exports=EXPORTS, ports=PORTS))
    world.finish("/vm/web", Action.DEPLOY)
    world.finish("/vm/web", Action.START)
    assert world.run_of("/vm/web").action is Action.STATUS
    return world


def watches(world):
    return [type(effect) for effect in world.effects if isinstance(effect, Watch | Unwatch)]


def starts(world):
    return [run for run in world.runs if run.action is Action.START]


def die_early(world):
    """Let the process die while ``status`` runs, and ``stop`` succeed."""
    world.do(ProcessDied("id-web"))
    world.finish("/vm/web", Action.STATUS, "cancelled")
    world.finish("/vm/web", Action.STOP)


# --- the process


def test_the_process_is_watched_before_it_is_ready_and_once_only(starting):
    assert watches(starting) == [Watch]
    starting.finish("/vm/web", Action.STATUS)
    assert starting.status("/vm/web") is S.DEPLOYED_STARTED
    assert watches(starting) == [Watch]


def test_a_process_that_dies_before_it_is_ready_is_a_failed_start(starting):
    starting.do(ProcessDied("id-web"))
    assert starting.status("/vm/web") is S.STOPPING
    report = starting.report("/vm/web")
    assert (report.failure.action, report.failure.attempt) == (Action.START, 1)
    assert report.failure.reason == "its process died before it was ready"
    assert report.cause == "its process died"
    assert starting.run_of("/vm/web").id in starting.cancelled
    starting.finish("/vm/web", Action.STATUS, "cancelled")
    starting.finish("/vm/web", Action.STOP)
    assert starting.status("/vm/web") is S.DEPLOYED_STOPPED
    assert starting.report("/vm/web").failure.reason == "its process died before it was ready"
    assert starting.exports("/vm/web") is None
    assert watches(starting) == [Watch, Unwatch]


def test_a_status_that_succeeds_after_the_death_counts_for_nothing(starting):
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STATUS)
    assert S.DEPLOYED_STARTED not in starting.history("/vm/web")
    assert starting.published("/vm/web") == []
    assert starting.run_of("/vm/web").action is Action.STOP


def test_early_deaths_are_tried_again_with_back_off_and_given_up(starting):
    pauses = []
    for _ in range(2):
        die_early(starting)
        before = starting.seconds
        while not starting.running:
            starting.advance(0.25)
        pauses.append(starting.seconds - before)
        starting.finish("/vm/web", Action.START)
    die_early(starting)
    starting.advance(1000)
    assert pauses == [1.0, 2.0]
    assert starting.actions("/vm/web") == ["deploy", *["start", "stop"] * 3]
    assert starting.report("/vm/web").failure.exhausted


def test_an_early_death_leaves_nothing_to_stop_whoever_answers_to_status(starting):
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STATUS, "cancelled")
    starting.finish("/vm/web", Action.STOP, "exit status 1")
    assert starting.status("/vm/web") is S.DEPLOYED_STOPPED
    assert starting.report("/vm/web").failure.action is Action.START
    starting.advance(1)
    assert starting.run_of("/vm/web").action is Action.START


def test_a_second_start_after_an_early_death_becomes_ready(starting):
    die_early(starting)
    starting.advance(1)
    starting.finish_all()
    assert starting.status("/vm/web") is S.DEPLOYED_STARTED
    assert starting.exports("/vm/web") == EXPORTS
    assert starting.report("/vm/web").failure is None
    starting.advance(30)
    starting.finish_all()
    assert starting.status("/vm/web") is S.DEPLOYED_STARTED


def test_an_early_death_of_what_is_not_wanted_any_more_is_no_failure(starting, make):
    starting.want(make.spec("/vm/web", desired=Desired.DEPLOYED_STOPPED, generation=2))
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STATUS, "cancelled")
    starting.finish("/vm/web", Action.STOP)
    assert starting.status("/vm/web") is S.DEPLOYED_STOPPED
    assert starting.report("/vm/web").failure is None


def test_the_process_is_watched_again_after_a_restart_within_readiness(starting):
    starting.effects.clear()
    starting.crash()
    assert watches(starting) == [Watch]
    starting.do(ProcessDied("id-web"))
    assert starting.status("/vm/web") is S.STOPPING


def test_the_process_is_watched_once_when_start_ended_while_the_agent_was_away(world, make):
    world.want(make.spec("/vm/web"))
    world.finish("/vm/web", Action.DEPLOY)
    world.effects.clear()
    world.crash(ended={"/vm/web": Outcome()})
    assert watches(world) == [Watch]


def test_nothing_is_watched_after_a_reboot(starting):
    starting.effects.clear()
    starting.crash(rebooted=True)
    assert watches(starting) == []


# --- its ports


def test_ports_are_checked_until_it_was_ready_with_them(starting):
    assert starts(starting)[-1].unproven_ports == ("port",)
    die_early(starting)
    starting.advance(1)
    assert starts(starting)[-1].unproven_ports == ("port",)
    starting.finish_all()
    starting.advance(100)
    starting.finish_all()
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STOP)
    assert len(starts(starting)) == 3
    assert starts(starting)[-1].unproven_ports == ()


def test_ports_are_proven_for_good_over_stops_and_restarts_of_the_agent(starting, make):
    starting.finish_all()
    starting.want(make.spec("/vm/web", desired=Desired.DEPLOYED_STOPPED, generation=2, ports=PORTS))
    starting.finish_all()
    starting.crash()
    starting.want(make.spec("/vm/web", generation=3, ports=PORTS))
    assert starts(starting)[-1].unproven_ports == ()


def test_a_service_that_dies_soon_after_it_was_ready_proves_nothing(starting):
    starting.finish("/vm/web", Action.STATUS)
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STOP)
    assert starts(starting)[-1].unproven_ports == ("port",)


def test_only_the_ports_that_changed_are_checked(starting, make):
    starting.finish_all()
    starting.want(make.spec("/vm/web", ports={"port": 10001, "admin": 10002}, desired=Desired.DEPLOYED_STOPPED))
    starting.finish_all()
    starting.want(make.spec("/vm/web", ports={"port": 10003, "admin": 10002}, generation=2))
    starting.finish_all()
    assert starts(starting)[-1].unproven_ports == ("admin", "port")
    starting.want(make.spec("/vm/web", ports={"port": 10003, "admin": 10004}, desired=Desired.DEPLOYED_STOPPED))
    starting.finish_all()
    starting.want(make.spec("/vm/web", ports={"port": 10003, "admin": 10004}, generation=3))
    assert starts(starting)[-1].unproven_ports == ("admin",)


def test_a_new_deployment_proves_its_ports_anew(starting, make):
    starting.finish_all()
    starting.want(make.spec("/vm/web", desired=Desired.NOT_DEPLOYED, generation=2, ports=PORTS))
    starting.finish_all()
    starting.want(make.spec("/vm/web", generation=3, ports=PORTS))
    starting.finish("/vm/web", Action.DEPLOY)
    assert starts(starting)[-1].unproven_ports == ("port",)


def test_a_port_that_was_taken_between_drawing_and_start_is_told_and_redrawn_soon(starting, make):
    begun = starting.seconds
    die_early(starting)
    starting.advance(1)
    starting.finish("/vm/web", Action.START, "taken", exit_status=None, ports_taken=("port",))
    assert starting.messages(PortTaken) == [PortTaken(instance="id-web", name="port", port=10001)]
    starting.want(make.spec("/vm/web", exports={"Web.port": "10002"}, ports={"port": 10002}))
    assert starts(starting)[-1].unproven_ports == ("port",)
    starting.finish_all()
    assert starting.exports("/vm/web") == {"Web.port": "10002"}
    assert starting.seconds - begun < 3
    reasons = [m.reason for m in starting.messages(ActionReported) if m.action is Action.START]
    assert reasons == ["", "taken", ""]


def test_a_port_taken_by_who_answered_in_its_place_is_told_and_redrawn_soon(starting, make):
    starting.finish("/vm/web", Action.STATUS)
    starting.do(ProcessDied("id-web"))
    starting.finish("/vm/web", Action.STOP)
    starting.finish("/vm/web", Action.START, "taken", exit_status=None, ports_taken=("port",))
    assert starting.status("/vm/web") is S.DEPLOYED_STOPPED
    assert starting.messages(PortTaken) == [PortTaken(instance="id-web", name="port", port=10001)]
    starting.want(make.spec("/vm/web", exports={"Web.port": "10002"}, ports={"port": 10002}))
    assert starting.run_of("/vm/web").instance.ports == {"port": 10002}
