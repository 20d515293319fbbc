"""Removing an application: what is waited for, what is told, what is an error."""

import pytest
from cli_views import Answers, application, failure, instance

from roboconf_core.cli import removal
from roboconf_core.errors import Code, InvalidRequestError


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch):
    monkeypatch.setattr(removal.time, "sleep", lambda _: None)


def event(kind, path="/vm", text="", **details):
    return {"id": 7, "kind": kind, "path": path, "text": text, "details": details}


def gone():
    return application(instance("/vm", "NOT_DEPLOYED", children=[instance("/vm/db", "NOT_DEPLOYED")]))


class Manager(Answers):
    """Answers for one application; its events are those since the removal began."""

    def __init__(self, *views, events=()):
        super().__init__({"/applications/shop": views})
        self.events = events

    def get(self, path, **query):
        if path == "/events":
            return {"items": [event("status-changed")], "next": None}
        return super().get(path, **query)

    def items(self, path, **query):
        assert query["start"] == 7, "older events do not concern this removal"
        return iter(self.events)


def test_it_is_deleted_once_nothing_of_it_is_deployed(capsys):
    busy = application(instance("/vm", "UNDEPLOYING", desired="NOT_DEPLOYED"))
    client = Manager(busy, gone())
    removal.remove_application(client, "shop")
    assert client.changes() == [("POST", "/applications/shop/undeploy"), ("DELETE", "/applications/shop")]
    assert capsys.readouterr().out.endswith("application shop removed\n")


def test_failures_and_processes_that_were_ended_are_told(capsys):
    events = [
        event("action-failed", "/vm/db", "stop of /vm/db failed (attempt 1): exit status 1"),
        event("machine-terminated", ended=["4711 python3 db.py"]),
    ]
    removal.remove_application(Manager(gone(), events=events), "shop")
    out = capsys.readouterr().out
    assert "stop of /vm/db failed (attempt 1): exit status 1\n" in out
    assert "/vm: was still running, ended: 4711 python3 db.py\n" in out


def test_what_was_not_undeployed_is_an_error_with_its_name_and_reason():
    events = [
        event("action-failed", "/vm/db", "undeploy of /vm/db failed (attempt 3): exit status 7"),
        event("undeploy-incomplete", left=["/vm/db"]),
    ]
    client = Manager(gone(), events=events)
    with pytest.raises(removal.NotRemovedError) as caught:
        removal.remove_application(client, "shop")
    (problem,) = caught.value.problems
    assert problem.code is Code.CLI_NOT_REMOVED
    assert problem.message.startswith("/vm/db was not undeployed")
    assert "exit status 7" in problem.message
    assert ("DELETE", "/applications/shop") in client.changes(), "the application is gone all the same"


def test_a_machine_that_cannot_be_terminated_keeps_the_application():
    stuck = instance("/vm", "PROBLEM", desired="NOT_DEPLOYED", problem="it cannot be ended: no permission")
    client = Manager(application(stuck, instance("/vm2", "NOT_DEPLOYED")))
    with pytest.raises(removal.NotRemovedError, match="/vm: it cannot be ended: no permission"):
        removal.remove_application(client, "shop")
    assert ("DELETE", "/applications/shop") not in client.changes()


def test_a_stuck_machine_is_not_told_before_the_others_are_gone():
    stuck = instance("/vm", "UNDEPLOYING", failure=failure("terminate", "no permission", exhausted=True))
    leaving = instance("/vm2", "UNDEPLOYING")
    assert removal.stuck_machines([stuck, leaving]) == []
    (problem,) = removal.stuck_machines([stuck])
    assert "terminate failed: no permission" in problem.message


def test_somebody_else_may_remove_it_meanwhile(capsys):
    missing = InvalidRequestError("application 'shop' does not exist", code=Code.DM_NOT_FOUND)
    removal.remove_application(Manager(missing), "shop")
    assert "removed by somebody else" in capsys.readouterr().out
