"""What the simulation found wrong in the agent's core, each as short as it can be told."""

from __future__ import annotations

from roboconf_core.agent.events import Outcome
from roboconf_core.model.lifecycle import Action, Status


def test_what_a_start_was_handed_counts_after_a_restart_of_the_agent(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.exported(make.publication("/db1/db"))
    world.finish("/vm/web", Action.DEPLOY)
    world.crash(ended={"/vm/web": Outcome()})
    world.advance(20)
    assert world.actions("/vm/web") == ["deploy", "start"]
    assert world.status("/vm/web") is Status.DEPLOYED_STARTED


def test_a_failed_stop_is_forgiven_once_nobody_wants_it(world, make):
    world.has_status.add("/vm/web")
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    world.exported(make.publication("/db1/db", 2, port=None))
    world.finish("/vm/web", Action.STOP, reason="exit status 1")
    world.exported(make.publication("/db1/db", 3))
    world.finish("/vm/web", Action.STATUS)
    assert world.status("/vm/web") is Status.DEPLOYED_STARTED
    assert world.report("/vm/web").failure is None
