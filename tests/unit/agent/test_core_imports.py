"""Resolution, coalescing and updates: what an importer does when exports come, change and go."""

from __future__ import annotations

from roboconf_core.messages.types import (
    DM,
    Epoch,
    ExportsPublished,
    Farewell,
    ImportsRepaired,
    ImportsRequested,
)
from roboconf_core.model.lifecycle import Action, Desired, Status

S = Status


def started_web(world, make, *imports, **fields):
    """Have a web server started that imports from a database and, perhaps, more."""
    world.want(make.spec("/vm/web", imports=imports or ["Db.*"], **fields))
    world.exported(make.publication("/db1/db"))
    world.finish_all()
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
    world.advance(5)


def joined(run):
    return [p.path for p in run.joined]


def left(run):
    return [p.path for p in run.left]


def test_an_importer_asks_for_exports_and_starts_when_they_come(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.finish_all()
    assert world.history("/vm/web")[-1] is S.UNRESOLVED
    assert world.messages(ImportsRequested, "app/those.that.export.Db") == [ImportsRequested(prefix="Db")]
    world.exported(make.publication("/db1/db"))
    run = world.run_of("/vm/web")
    assert run.action is Action.START
    assert [p.variables for p in run.imports] == [{"Db.port": "1"}]
    world.finish_all()
    assert [held.path for held in world.report("/vm/web").imports] == ["/db1/db"]


def test_an_import_with_a_wildcard_brings_all_variables(world, make):
    started_web(world, make)
    assert world.runs[-1].imports[0].variables == {"Db.port": "1", "Db.ip": "10.0.0.9"}


def test_optional_imports_are_not_waited_for_and_cause_updates(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port?"]))
    world.finish_all()
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
    world.advance(1)
    world.exported(make.publication("/db1/db"))
    world.finish("/vm/web", Action.UPDATE)
    world.advance(1)
    world.exported(make.publication("/db1/db", 2, port=None))
    run = world.run_of("/vm/web")
    assert run.action is Action.UPDATE
    assert left(run) == ["/db1/db"]
    assert run.left[0].variables == {"Db.port": "1"}


def test_the_loss_of_the_last_mandatory_provider_stops_at_once_without_update(world, make):
    started_web(world, make, exports={"Web.port": "80"})
    world.exported(make.publication("/db1/db", 2, port=None))
    assert world.exports("/vm/web") is None
    assert not world.published("/vm/web")[-1].planned
    world.finish("/vm/web", Action.STOP)
    assert world.status("/vm/web") is S.UNRESOLVED
    assert "update" not in world.actions("/vm/web")


def test_the_loss_of_one_of_two_providers_is_an_update(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    assert joined(world.run_of("/vm/web")) == ["/db2/db"]
    world.finish("/vm/web", Action.UPDATE)
    world.advance(1)
    world.exported(make.publication("/db1/db", 2, port=None))
    assert left(world.run_of("/vm/web")) == ["/db1/db"]
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_a_changed_value_is_an_update_with_the_new_value(world, make):
    started_web(world, make)
    world.exported(make.publication("/db1/db", 2, port="2"))
    run = world.run_of("/vm/web")
    assert [p.variables["Db.port"] for p in run.changed] == ["2"]
    assert [p.variables["Db.port"] for p in run.imports] == ["2"]


def test_a_variable_that_is_not_imported_causes_no_update(world, make):
    started_web(world, make, "Db.ip")
    world.exported(make.publication("/db1/db", 2, port="2"))
    world.advance(10)
    assert world.actions("/vm/web") == ["deploy", "start"]
    assert world.report("/vm/web").imports[0].sequence == 2


def test_a_repeated_or_late_publication_changes_nothing(world, make):
    started_web(world, make)
    world.exported(make.publication("/db1/db", 3, port="3"))
    world.finish("/vm/web", Action.UPDATE)
    world.advance(5)
    for late in (make.publication("/db1/db", 2, port="2"), make.publication("/db1/db", 3, port="3")):
        world.exported(late)
    world.advance(10)
    assert world.actions("/vm/web") == ["deploy", "start", "update"]


def test_a_withdrawal_beats_the_publication_that_arrives_after_it(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.exported(make.publication("/db1/db", 2, port=None))
    world.exported(make.publication("/db1/db", 1))
    world.finish_all()
    assert world.status("/vm/web") is S.UNRESOLVED


def test_an_instance_does_not_import_itself_but_its_sibling(world, make):
    def node(name):
        return make.spec(f"/vm/{name}", component="Node", imports=["Node.port"], exports={"Node.port": name})

    world.want(node("a"))
    world.finish_all()
    assert world.status("/vm/a") is S.UNRESOLVED
    world.want(node("a"), make.spec("/vm/seed", component="Node", exports={"Node.port": "seed"}))
    world.finish_all()
    assert world.status("/vm/a") is S.DEPLOYED_STARTED
    assert [p.path for p in world.last_run("/vm/a").imports] == ["/vm/seed"]


def test_exports_of_the_machine_itself_are_imported_by_its_instances(world, make):
    world.want(make.spec("/vm/web", imports=["Vm.ip"]))
    world.finish_all()
    assert world.last_run("/vm/web").imports[0].variables == {"Vm.ip": "10.0.0.1"}


# --- coalescing


def test_a_storm_of_joins_costs_few_updates_and_the_last_one_is_complete(world, make):
    started_web(world, make)
    for n in range(300):
        world.exported(make.publication(f"/n{n}/db"))
        world.advance(0.01)
    while world.running:
        world.finish("/vm/web", Action.UPDATE)
        world.advance(5)
    updates = [run for run in world.runs if run.action is Action.UPDATE]
    assert len(updates) <= 4
    assert len(updates[-1].imports) == 301
    assert sum(len(run.joined) for run in updates) == 300


def test_changes_during_an_update_become_one_next_update_with_the_whole_difference(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.exported(make.publication("/db3/db"))
    world.exported(make.publication("/db2/db", 2, port="22"))
    world.exported(make.publication("/db1/db", 2, port=None))
    world.finish("/vm/web", Action.UPDATE)
    world.advance(0.6)
    run = world.run_of("/vm/web")
    assert joined(run) == ["/db3/db"]
    assert left(run) == ["/db1/db"]
    assert [p.path for p in run.changed] == ["/db2/db"]


def test_changes_soon_after_an_update_are_held_back_until_they_are_quiet(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE)
    for n in range(3, 8):
        world.advance(0.3)
        world.exported(make.publication(f"/db{n}/db"))
    assert world.report("/vm/web").dirty
    assert world.report("/vm/web").waits == ("waits until its imports are quiet",)
    world.advance(0.4)
    assert not world.running
    world.advance(0.2)
    assert joined(world.run_of("/vm/web")) == [f"/db{n}/db" for n in range(3, 8)]


def test_changes_that_never_rest_are_held_back_no_longer_than_the_maximum(world, make):
    started_web(world, make, settings={"quiet_max_s": 2.0})
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE)
    begun = world.seconds + 0.1
    n = 3
    while not world.running:
        world.advance(0.1)
        world.exported(make.publication(f"/db{n}/db"))
        n += 1
    assert world.seconds - begun <= 2.15


def test_a_change_that_reverts_itself_within_the_quiet_period_causes_no_update(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE)
    world.exported(make.publication("/db3/db"))
    world.advance(0.2)
    world.exported(make.publication("/db3/db", 2, port=None))
    world.advance(10)
    assert world.actions("/vm/web") == ["deploy", "start", "update"]
    assert not world.report("/vm/web").dirty


def test_a_change_during_start_is_an_update_against_what_start_saw(world, make):
    world.want(make.spec("/vm/web", imports=["Db.*"]))
    world.finish_all()
    world.exported(make.publication("/db1/db"))
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.START)
    world.advance(1)
    assert joined(world.run_of("/vm/web")) == ["/db2/db"]


def test_a_failed_update_is_retried_against_what_the_last_success_saw(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE, "exit status 1")
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
    assert world.report("/vm/web").dirty
    assert world.report("/vm/web").failure.action is Action.UPDATE
    world.exported(make.publication("/db3/db"))
    world.advance(1.1)
    run = world.run_of("/vm/web")
    assert joined(run) == ["/db2/db", "/db3/db"]
    world.finish("/vm/web", Action.UPDATE)
    assert not world.report("/vm/web").dirty
    assert world.report("/vm/web").failure is None


def test_an_update_that_was_given_up_is_tried_again_for_other_imports_or_a_new_request(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    for _ in range(3):
        world.finish("/vm/web", Action.UPDATE, "exit status 1")
        world.advance(5)
    assert not world.running
    assert world.report("/vm/web").failure.exhausted
    world.exported(make.publication("/db3/db"))
    world.finish("/vm/web", Action.UPDATE, "exit status 1")
    assert world.report("/vm/web").failure.attempt == 1
    world.advance(20)
    assert world.run_of("/vm/web").action is Action.UPDATE


def test_an_update_that_was_given_up_stays_so_after_a_restart(world, make):
    started_web(world, make, settings={"attempts": 1})
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE, "exit status 1")
    world.crash()
    for path in ("/db1/db", "/db2/db"):
        world.exported(make.publication(path))
    world.advance(60)
    assert not world.running
    assert world.report("/vm/web").failure.exhausted


def test_an_update_that_failed_is_made_good_even_when_the_imports_are_as_before(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE, "exit status 1")
    world.exported(make.publication("/db2/db", 2, port=None))
    world.advance(2)
    world.finish("/vm/web", Action.UPDATE)
    assert not world.report("/vm/web").dirty


def test_a_stop_beats_an_update_that_runs(world, make):
    started_web(world, make, exports={"Web.port": "80"})
    world.exported(make.publication("/db2/db"))
    world.want(make.spec("/vm/web", imports=["Db.*"], exports={"Web.port": "80"}, desired=Desired.DEPLOYED_STOPPED))
    assert world.status("/vm/web") is S.STOPPING
    assert world.exports("/vm/web") is None
    world.advance(4.9)
    assert not world.cancelled
    world.advance(0.2)
    assert world.cancelled
    world.finish("/vm/web", Action.UPDATE, "cancelled")
    world.finish("/vm/web", Action.STOP)
    assert world.report("/vm/web").failure is None


def test_a_stop_drops_an_update_that_is_held_back(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db"))
    world.finish("/vm/web", Action.UPDATE)
    world.exported(make.publication("/db3/db"))
    world.want(make.spec("/vm/web", imports=["Db.*"], desired=Desired.DEPLOYED_STOPPED))
    assert world.run_of("/vm/web").action is Action.STOP


def test_imports_lost_during_start_end_the_start_after_its_grace(world, make):
    world.want(make.spec("/vm/web", imports=["Db.*"]))
    world.finish_all()
    world.exported(make.publication("/db1/db"))
    world.exported(make.publication("/db1/db", 2, port=None))
    world.advance(5)
    world.finish("/vm/web", Action.START, "cancelled")
    world.finish("/vm/web", Action.STOP)
    assert world.status("/vm/web") is S.UNRESOLVED


def test_a_start_that_failed_counts_no_more_once_an_import_is_missing(world, make):
    world.want(make.spec("/vm/web", imports=["Db.*"]))
    world.finish_all()
    world.exported(make.publication("/db1/db"))
    world.finish("/vm/web", Action.START, "exit status 1")
    assert world.status("/vm/web") is S.UNRESOLVED
    assert world.report("/vm/web").failure is not None
    world.exported(make.publication("/db1/db", 2, port=None))
    assert world.report("/vm/web").failure is None
    assert world.report("/vm/web").waits == ("waits for Db.*: no started instance exports Db",)


# --- farewells and repair


def test_a_farewell_ends_all_publications_that_it_covers_also_late_ones(world, make):
    started_web(world, make)
    world.hear(Farewell(agent="app/db1", epoch=Epoch(1, 1, 0)))
    world.finish("/vm/web", Action.STOP)
    world.exported(make.publication("/db1/db", 7))
    assert world.status("/vm/web") is S.UNRESOLVED
    world.exported(make.publication("/db1/db", 1, incarnation=1))
    world.finish_all()
    assert world.status("/vm/web") is S.DEPLOYED_STARTED


def test_a_farewell_of_an_older_life_changes_nothing(world, make):
    started_web(world, make)
    world.exported(make.publication("/db1/db", 1, boot=2))
    world.hear(Farewell(agent="app/db1", epoch=Epoch(1, 1, 9)))
    world.advance(10)
    assert world.actions("/vm/web") == ["deploy", "start"]


def test_a_provider_that_comes_back_in_a_new_life_with_the_same_exports_causes_no_update(world, make):
    started_web(world, make)
    world.exported(make.publication("/db1/db", 1, boot=2))
    world.exported(make.publication("/db1/db", 9, boot=1, port="9"))
    world.advance(10)
    assert world.actions("/vm/web") == ["deploy", "start"]
    assert world.report("/vm/web").imports[0].epoch == Epoch(1, 2, 0)


def test_repair_brings_what_was_missed(world, make):
    started_web(world, make)
    world.hear(
        ImportsRepaired(
            prefix="Db",
            generation=5,
            agents={"app/db1": 1, "app/db2": 2},
            publications=(make.publication("/db1/db"), make.publication("/db2/db", generation=2)),
        )
    )
    assert joined(world.run_of("/vm/web")) == ["/db2/db"]


def test_repair_drops_agents_that_do_not_exist_and_former_generations_but_nothing_younger(world, make):
    started_web(world, make)
    world.exported(make.publication("/db2/db", generation=3))
    world.finish_all()
    world.advance(5)
    world.exported(make.publication("/young/db", generation=7))
    world.finish_all()
    world.advance(5)
    world.hear(ImportsRepaired(prefix="Db", generation=5, agents={"app/db2": 4}))
    assert left(world.run_of("/vm/web")) == ["/db1/db", "/db2/db"]
    assert [p.path for p in world.run_of("/vm/web").imports] == ["/young/db"]
    world.finish_all()
    world.exported(make.publication("/db1/db", 99))
    world.advance(10)
    assert len([run for run in world.runs if run.action is Action.UPDATE]) == 3


def test_repair_brings_farewells_that_were_missed(world, make):
    started_web(world, make)
    farewell = Farewell(agent="app/db1", epoch=Epoch(1, 1, 0))
    world.hear(ImportsRepaired(prefix="Db", generation=1, agents={"app/db1": 1}, farewells=(farewell,)))
    assert world.run_of("/vm/web").action is Action.STOP


# --- who speaks


def test_an_agent_speaks_only_for_its_own_machine(world, make):
    world.want(make.spec("/vm/web", imports=["Db.port"]))
    world.finish_all()
    good = make.publication("/db1/db")
    world.hear(ExportsPublished(publication=good), "app/evil")
    world.hear(ExportsPublished(publication=good), "other/db1")
    world.hear(ExportsPublished(publication=good), DM)
    world.hear(ExportsPublished(publication=make.publication("/db1x/db")), "app/db1")
    assert world.status("/vm/web") is S.UNRESOLVED


def test_only_the_manager_bids_farewell_repairs_and_gives_orders(world, make):
    started_web(world, make)
    world.hear(Farewell(agent="app/db1", epoch=Epoch(9, 9, 9)), "app/db1")
    world.hear(ImportsRepaired(prefix="Db", generation=9, agents={}), "app/db1")
    assert world.status("/vm/web") is S.DEPLOYED_STARTED
