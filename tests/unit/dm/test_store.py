"""What the store keeps, and what it keeps of a decision that fails."""

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from roboconf_core.dm.core.state import APPLICATION, RECORDS, REPORT, ApplicationRecord, TargetRecord
from roboconf_core.dm.events import Record, RecordAction
from roboconf_core.dm.history import Retention
from roboconf_core.dm.store import Store, StoreError
from roboconf_core.messages.types import ActionReported, Epoch, Failure, HeldImport, InstanceReported
from roboconf_core.model.lifecycle import Action, Status

APP = ApplicationRecord(
    name="lamp",
    template="Lamp",
    version="1.0",
    default_target=TargetRecord(id="l", handler="local", properties={"a": "b"}),
)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/database.sqlite3"


@pytest.fixture
def store(url):
    store = Store(url)
    yield store
    store.close()


def stored(store):
    return {(kind, key): record for kind, key, record in store.load(RECORDS)}


def event(text="started", application="lamp"):
    return Record(application=application, path="/vm", kind="status-changed", text=text, details={"n": 1})


def output(id_="a1", path="/vm/web", application="lamp"):
    report = ActionReported(
        instance="i2", path=path, id=id_, action=Action.START, attempt=1, cause="asked", started=1.0, duration_s=2.0,
        exit_status=3, reason="exit status 3", stdout="out", stderr="err",
    )  # fmt: skip
    return RecordAction(application=application, report=report)


def test_records_come_back_as_they_were_after_a_restart(store, url):
    report = InstanceReported(
        instance="i1", path="/vm", epoch=Epoch(1, 2, 3), sequence=4, status=Status.STARTING, generation=5, since=6.5,
        waits=("for database.ip",), action=Action.START, failure=Failure(action=Action.START, reason="x", attempt=2, exhausted=False),
        imports=(HeldImport(instance="i9", path="/db", prefix="database", epoch=Epoch(1, 1, 0), sequence=1),),
    )  # fmt: skip
    with store.transaction(durable=True) as changes:
        changes.save(APPLICATION, "lamp", APP)
        changes.save(REPORT, "i1", report)
    dm_id = store.dm_id
    store.close()
    again = Store(url)
    assert stored(again) == {(APPLICATION, "lamp"): APP, (REPORT, "i1"): report}
    assert again.dm_id == dm_id
    again.close()


def test_the_newest_record_of_a_key_is_kept_and_a_deleted_one_is_gone(store):
    with store.transaction(durable=False) as changes:
        changes.save(APPLICATION, "lamp", APP)
        changes.save(APPLICATION, "other", APP)
        changes.save(APPLICATION, "lamp", dataclasses.replace(APP, description="newer"))
    with store.transaction(durable=False) as changes:
        changes.delete(APPLICATION, "other")
    assert stored(store) == {(APPLICATION, "lamp"): dataclasses.replace(APP, description="newer")}


def decide_and_fail(store):
    with store.transaction(durable=True) as changes:
        changes.save(APPLICATION, "lamp", APP)
        changes.add_event(event(), time=1.0)
        changes.set_text("port", "1")
        raise ZeroDivisionError


def save_many(store):
    with store.transaction(durable=True) as changes:
        for number in range(5000):
            changes.save(APPLICATION, f"app{number}", APP)


def test_a_decision_that_fails_midway_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError):
        decide_and_fail(store)
    assert stored(store) == {}
    assert store.newest_events() == []
    assert store.remembered_text("port") == ""


def test_a_full_disk_is_a_store_error_and_loses_nothing_committed(store):
    with store.transaction(durable=True) as changes:
        changes.save(APPLICATION, "lamp", APP)
    store._writer.connection.driver_connection.execute("PRAGMA max_page_count=1")  # as small as it is now
    with pytest.raises(StoreError, match="cannot be written"):
        save_many(store)
    assert stored(store) == {(APPLICATION, "lamp"): APP}


def test_a_durable_commit_waits_for_the_disk_and_another_does_not(store):
    def synchronous():
        return store._writer.connection.driver_connection.execute("PRAGMA synchronous").fetchone()[0]

    full, normal = 2, 1
    with store.transaction(durable=True):
        assert synchronous() == full
    with store.transaction(durable=False):
        assert synchronous() == normal


def test_events_replay_from_a_cursor_in_order(store):
    with store.transaction(durable=False) as changes:
        for number in range(5):
            changes.add_event(event(str(number), application="lamp" if number % 2 else "other"), time=float(number))
    assert [one.text for one in store.events_after(0)] == ["0", "1", "2", "3", "4"]
    third = store.events_after(0)[2].id
    assert [one.text for one in store.events_after(third, limit=1)] == ["3"]
    assert [one.text for one in store.events_after(0, application="lamp")] == ["1", "3"]
    assert [one.text for one in store.newest_events(limit=2)] == ["3", "4"]
    assert store.events_after(0)[0].details == {"n": 1}


def test_event_ids_are_not_used_again_after_pruning(store):
    with store.transaction(durable=False) as changes:
        changes.add_event(event(), time=1.0)
    newest = store.newest_event_id()
    with store.transaction(durable=False) as changes:
        changes.forget_before(events_time=2.0, actions_time=2.0, keys_time=2.0)
    with store.transaction(durable=False) as changes:
        changes.add_event(event(), time=3.0)
    assert [one.id for one in store.newest_events()] == [newest + 1]


def test_an_output_that_is_reported_twice_is_kept_once(store):
    for _ in range(2):
        with store.transaction(durable=False) as changes:
            changes.add_action(output(), time=1.0)
    (kept,) = store.newest_actions("lamp")
    assert (kept["action"], kept["stdout"], kept["stderr"], kept["exit_status"]) == ("start", "out", "err", 3)


def test_outputs_are_found_by_instance_and_subtree(store):
    with store.transaction(durable=False) as changes:
        for id_, path in enumerate(("/vm/web", "/vm/web/app", "/vm/website", "/vm_/web")):
            changes.add_action(output(str(id_), path), time=1.0)
        changes.add_action(output("other", "/vm/web", "other"), time=1.0)
    assert [one["path"] for one in store.newest_actions("lamp", path="/vm/web")] == ["/vm/web", "/vm/web/app"]
    assert len(store.newest_actions("lamp", path="/vm")) == 3
    assert [one["path"] for one in store.newest_actions("lamp", limit=1)] == ["/vm_/web"]


def test_retention_removes_what_is_old_and_what_is_too_much(store):
    with store.transaction(durable=False) as changes:
        for number in range(10):
            changes.add_event(event(str(number)), time=float(number))
            changes.add_action(output(str(number)), time=float(number))
        changes.remember("key", time=1.0, fingerprint="f", status=201, result={})
    day = 86400.0
    with store.transaction(durable=False) as changes:
        Retention(events_days=1, actions_days=1, events_count=3, actions_count=2).apply(changes, now=day + 5)
    assert [one.text for one in store.newest_events()] == ["7", "8", "9"]
    assert [one["id"] for one in store.newest_actions("lamp")] == ["8", "9"]
    assert store.remembered("key") is None


def test_the_history_of_one_application_is_forgotten_and_that_of_others_stays(store):
    with store.transaction(durable=False) as changes:
        for application in ("lamp", "other"):
            changes.add_event(event(application, application=application), time=1.0)
            changes.add_action(output(application, "/vm/web", application), time=1.0)
    with store.transaction(durable=False) as changes:
        changes.forget_history("lamp")
        changes.add_event(event("it was removed", application="lamp"), time=2.0)
    assert [one.text for one in store.newest_events()] == ["other", "it was removed"]
    assert store.newest_actions("lamp") == []
    assert len(store.newest_actions("other")) == 1


def test_answers_are_remembered_by_key(store):
    with store.transaction(durable=True) as changes:
        changes.remember("key", time=1.0, fingerprint="f", status=201, result={"name": "lamp"})
    found = store.remembered("key")
    assert (found.fingerprint, found.status, found.result) == ("f", 201, {"name": "lamp"})
    assert store.remembered("other") is None


def test_a_database_of_another_schema_is_refused(store, url, tmp_path):
    store.close()
    with sqlite3.connect(tmp_path / "database.sqlite3") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    connection.close()
    with pytest.raises(StoreError, match="schema 99"):
        Store(url)


def test_records_of_an_unknown_kind_are_refused(store):
    with store.transaction(durable=False) as changes:
        changes.save("dragon", "1", APP)
    with pytest.raises(StoreError, match="dragon"):
        stored(store)


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "database.sqlite3").write_text("this is no database, but a long enough text\n" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/database.sqlite3")


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path):
    """The child acknowledges each commit on its standard output, and is killed at a random one."""
    program = textwrap.dedent(
        """
        import sys
        from roboconf_core.dm.core.state import APPLICATION, ApplicationRecord
        from roboconf_core.dm.store import Store
        store = Store(sys.argv[1])
        for number in range(100_000):
            with store.transaction(durable=False) as changes:
                changes.save(APPLICATION, str(number), ApplicationRecord(name=str(number), template="t", version="1"))
            print(number, flush=True)
        """
    )
    url = f"sqlite:///{tmp_path}/database.sqlite3"
    with subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True) as child:
        acknowledged = [child.stdout.readline().strip() for _ in range(137)][-1]
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split()
    acknowledged = max(int(acknowledged), *(int(word) for word in rest if word)) if rest else int(acknowledged)
    store = Store(url)
    numbers = {int(key) for _, key, _ in store.load(RECORDS)}
    assert numbers >= set(range(acknowledged + 1))
    store.close()
