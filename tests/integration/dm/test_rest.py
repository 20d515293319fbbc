"""The REST API over a real server: who may ask, shapes, pages, errors."""

import socket
import threading

import httpx
import pytest
from managers import Manager, zipped

from roboconf_core.errors import Code


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One manager for all tests of this module."""
    manager = Manager(tmp_path_factory.mktemp("rest") / "home").start()
    yield manager
    manager.close()


@pytest.fixture
def running(shared):
    """The shared manager, empty."""
    yield shared
    for one in shared.get("/applications")["items"]:
        shared.post(f"/applications/{one['name']}/undeploy")
        shared.wait_for(
            lambda name=one["name"]: set(shared.get(f"/applications/{name}")["statuses"]) <= {"NOT_DEPLOYED"}
        )
        assert shared.client.delete(f"/applications/{one['name']}").status_code == 200
    for one in shared.get("/templates")["items"]:
        assert shared.client.delete(f"/templates/{one['name']}/{one['version']}").status_code == 200


def problems_of(answer):
    body = answer.json()
    assert set(body) == {"problems", "trace"}
    assert body["trace"] == answer.headers["x-trace-id"]
    for problem in body["problems"]:
        assert set(problem) == {"code", "severity", "file", "line", "column", "message", "hint"}
    return body["problems"]


# --- who may ask


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic {token}", "Bearer", "{token}"])
def test_without_the_token_nothing_is_told(running, header):
    headers = {"Authorization": header.format(token=running.home.read().token)} if header else {}
    url = str(running.client.base_url)
    for method, path in (("GET", ""), ("GET", "applications"), ("POST", "shutdown"), ("DELETE", "applications/x")):
        answer = httpx.request(method, url + path, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert problems_of(answer)[0]["code"] == Code.DM_UNAUTHORIZED
    assert running.process.poll() is None


@pytest.mark.parametrize("path", ["", "/", "/applications", "/dragons", "/templates"])
def test_nothing_is_read_of_a_request_without_the_token(running, path):
    """The body is announced and never sent: the answer comes all the same."""
    host, port = running.home.read().url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_body_that_is_too_long_is_refused(lamp):
    body = {"name": "x", "component": "VM", "overrides": {"a": "b" * 2_000_000}}
    answer = lamp.client.post("/applications/lamp/instances", json=body)
    assert answer.status_code == 413
    assert problems_of(answer)[0]["code"] == Code.DM_TOO_LARGE


def test_health_needs_no_token(running):
    url = running.home.read().url
    assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "alive"}
    assert httpx.get(f"{url}/readyz", trust_env=False).json() == {"status": "ready"}


def test_every_resource_is_described(running):
    paths = httpx.get(f"{running.home.read().url}/openapi.json", trust_env=False).json()["paths"]
    assert {"/api/v1", "/api/v1/templates", "/api/v1/applications/{app}/scale", "/api/v1/events", "/healthz"} <= set(
        paths
    )


# --- templates


def test_a_template_is_added_once(running):
    answer = running.upload(zipped())
    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["version"]) == ("Lamp", "1.0")
    assert [problem["code"] for problem in answer.json()["warnings"]] == [
        Code.PLUGIN_MISSING
    ]  # no bash in this manager
    assert running.upload(zipped()).status_code == 200
    changed = running.upload(zipped({"graph/Db/scripts/start.sh": "#!/bin/sh\ntrue\n"}))
    assert changed.status_code == 409
    assert [one["name"] for one in running.get("/templates")["items"]] == ["Lamp"]


def test_a_template_with_mistakes_is_refused_with_all_of_them_and_their_places(running):
    graph = "VM {\n\tinstaller: target;\n\tchildren: Nothing;\n}\nDb {\n\tinstaller: bash;\n\tchildren: Void;\n}\n"
    answer = running.upload(zipped({"graph/main.graph": graph}))
    assert answer.status_code == 422
    found = problems_of(answer)
    assert len(found) >= 2
    assert {problem["file"] for problem in found if problem["line"]} <= {"graph/main.graph", "instances/main.instances"}
    assert str(running.home.directory) not in answer.text
    assert running.get("/templates")["items"] == []


@pytest.mark.parametrize("content", [b"", b"no zip", zipped({"../evil": "x"})])
def test_a_hostile_upload_is_refused_and_leaves_nothing(running, content):
    answer = running.upload(content)
    assert answer.status_code == 422
    assert problems_of(answer)[0]["code"] == Code.DM_INVALID_ARCHIVE
    assert [one.name for one in running.home.templates.iterdir() if one.name.startswith(".")] == []
    assert list(running.home.uploads.iterdir()) == []


def test_a_template_in_use_is_not_removed(lamp):
    assert lamp.client.delete("/templates/Lamp/1.0").status_code == 409
    assert lamp.client.delete("/applications/lamp").status_code == 200
    assert lamp.client.delete("/templates/Lamp/1.0").status_code == 200
    assert lamp.client.delete("/templates/Lamp/1.0").status_code == 404


# --- applications and instances


def test_an_application_is_created_shown_and_removed(lamp):
    again = lamp.client.post("/applications", json={"name": "lamp", "template": "Lamp", "version": "1.0"})
    assert again.status_code == 409
    assert [one["name"] for one in lamp.get("/applications")["items"]] == ["lamp"]
    tree = lamp.get("/applications/lamp")
    assert tree["name"] == "lamp"
    assert lamp.client.delete("/applications/lamp").status_code == 200
    answer = lamp.client.get("/applications/lamp")
    assert answer.status_code == 404
    assert problems_of(answer)[0]["code"] == Code.DM_NOT_FOUND
    kinds = {event["kind"] for event in lamp.get("/events")["items"] if event["application"] == "lamp"}
    assert "application-created" in kinds, "its history stays"


def test_an_application_is_removed_with_its_history_when_that_is_asked_for(lamp):
    assert lamp.client.delete("/applications/lamp", params={"purge": True}).status_code == 200
    kinds = {event["kind"] for event in lamp.get("/events")["items"] if event["application"] == "lamp"}
    assert kinds == {"instance-removed", "application-removed"}, "only of its removal there is still a trace"


def test_an_unknown_target_handler_is_refused_with_what_to_install(running):
    running.upload_lamp()
    body = {"name": "lamp", "template": "Lamp", "version": "1.0", "default_target": {"handler": "openstack"}}
    answer = running.client.post("/applications", json=body)
    assert answer.status_code == 422
    assert problems_of(answer)[0]["hint"] == "pip install roboconf-openstack"


def test_wrong_properties_of_a_target_are_refused(running):
    running.upload_lamp()
    target = {"handler": "scripted", "properties": {"flavour": "m1"}}
    body = {"name": "lamp", "template": "Lamp", "version": "1.0", "default_target": target}
    answer = running.client.post("/applications", json=body)
    assert answer.status_code == 422
    assert "did you mean 'flavor'?" in problems_of(answer)[0]["hint"]


def test_instances_are_listed_page_after_page(lamp):
    seen, after = [], ""
    while after is not None:
        page = lamp.get("/applications/lamp/instances", limit=3, after=after)
        seen += [one["path"] for one in page["items"]]
        after = page["next"]
    assert seen == ["/db-vm", "/db-vm/db", "/web-vm", "/web-vm/web"]


def test_an_instance_is_added_and_removed(lamp):
    lamp.post("/applications/lamp/instances", {"name": "db2", "component": "Db", "parent": "/web-vm"})
    shown = lamp.get("/applications/lamp/instances", path="/web-vm/db2")
    assert (shown["path"], shown["component"], shown["status"]) == ("/web-vm/db2", "Db", "NOT_DEPLOYED")
    removed = lamp.client.delete("/applications/lamp/instances", params={"path": "/web-vm/db2"})
    assert removed.status_code == 200
    assert lamp.client.get("/applications/lamp/instances", params={"path": "/web-vm/db2"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("instances", {"name": "x", "component": "Nothing"}, (404, 422)),
        ("instances", {"name": "../x", "component": "VM"}, (400, 422)),
        ("instances", {"name": "db-vm", "component": "VM"}, (409, 422)),
        ("instances", {"name": "x"}, (400,)),
        ("instances", {"name": "x", "component": "VM", "surprise": 1}, (400,)),
        ("instances", {"name": 5, "component": "VM"}, (400,)),
        ("scale", {"path": "/db-vm", "to": -1}, (400,)),
        ("scale", {"path": "/db-vm", "to": "5"}, (400,)),
        ("start", {"path": "/nothing"}, (404,)),
        ("replicate", {"path": "db-vm", "name": "x"}, (400,)),
    ],
)
def test_a_wrong_request_is_refused_and_changes_nothing(lamp, path, body, status):
    before = lamp.get("/applications/lamp")
    answer = lamp.client.post(f"/applications/lamp/{path}", json=body)
    assert answer.status_code in status, answer.text
    assert problems_of(answer)
    assert lamp.get("/applications/lamp") == before


def test_what_is_no_json_and_what_does_not_exist_have_the_same_shape(lamp):
    headers = {"Content-Type": "application/json"}
    answer = lamp.client.post("/applications", content=b"{no json", headers=headers)
    assert answer.status_code == 400
    assert problems_of(answer)
    assert lamp.client.get("/dragons").status_code == 404
    assert problems_of(lamp.client.get("/dragons"))
    assert lamp.client.put("/applications").status_code == 405
    assert problems_of(lamp.client.put("/applications"))


# --- waiting


def test_an_application_of_which_nothing_is_wanted_is_settled(lamp):
    assert lamp.get("/applications/lamp/settled", wait_s=30)["settled"] is True


def test_what_prevents_rest_is_told(lamp):
    lamp.post("/applications/lamp/start", {"all": True})
    found = lamp.get("/applications/lamp/settled")
    assert found["settled"] is False
    assert {"/db-vm", "/web-vm"} <= {blocker["path"] for blocker in found["blockers"]}


def test_one_who_waits_for_events_is_woken_by_the_next(lamp):
    cursor = lamp.get("/events")["next"]
    assert lamp.get("/events", after=cursor) == {"items": [], "next": cursor}
    found = []
    waiting = threading.Thread(target=lambda: found.append(lamp.get("/events", after=cursor, wait_s=60)))
    waiting.start()
    lamp.post("/applications/lamp/instances", {"name": "third", "component": "VM"})
    waiting.join(20)
    assert [event["path"] for event in found[0]["items"]] == ["/third"]
    assert found[0]["next"] == found[0]["items"][-1]["id"]


def test_events_of_one_application_are_replayed_in_order(lamp):
    lamp.post("/applications", {"name": "other", "template": "Lamp", "version": "1.0"})
    events = lamp.get("/events", after=0, limit=1000)["items"]
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)
    assert {event["application"] for event in lamp.get("/events", application="other")["items"]} == {"other"}


def test_plugins_are_listed_with_their_declared_properties(running):
    plugins = {one["name"]: one for one in running.get("/plugins")["items"]}
    (target,) = plugins["scripted"]["targets"]
    assert target["names"] == ["scripted"]
    assert target["properties"][0]["name"] == "flavor"
    assert "http" in [one["name"] for one in plugins["builtin"]["transports"]]


def test_logs_of_an_unknown_instance_are_refused(lamp):
    assert lamp.get("/applications/lamp/logs", path="/db-vm/db") == {"items": [], "next": None}
    assert lamp.client.get("/applications/lamp/logs", params={"path": "/nothing"}).status_code == 404
    assert lamp.client.get("/applications/nothing/logs").status_code == 404
