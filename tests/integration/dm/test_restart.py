"""The deployment manager is killed and started again: everything is as it was."""

import json
import resource
import socket
import threading

import httpx
import pytest


def without_times(value):
    """Leave out what only tells about the present process."""
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in ("connected", "waits", "since")}
    if isinstance(value, list):
        return [without_times(one) for one in value]
    return value


def test_everything_is_as_it_was_after_kill_9(manager):
    manager.start().with_lamp()
    manager.post("/applications/lamp/instances", {"name": "third", "component": "VM"})
    manager.post("/applications/lamp/instances", {"name": "db2", "component": "Db", "parent": "/third"})
    manager.post("/applications/lamp/start", {"path": "/db-vm", "all": True})
    manager.wait_for(lambda: manager.calls("/db-vm") == ["create"])
    manager.wait_for(lambda: manager.machine("/db-vm")["machine_id"])
    before = (manager.get("/applications/lamp"), manager.get("/events")["items"], manager.get("/templates"))
    info = manager.home.read()
    manager.kill()
    manager.start()
    again = manager.home.read()
    assert (again.url, again.token, again.dm_id) == (info.url, info.token, info.dm_id)
    assert without_times(manager.get("/applications/lamp")) == without_times(before[0])
    assert manager.get("/events")["items"][: len(before[1])] == before[1]
    assert manager.get("/templates") == before[2]
    assert manager.calls("/db-vm") == ["create"]


def test_no_acknowledged_request_is_lost_by_kill_9(manager):
    """Two users add instances as fast as they can; the process is killed in the midst of it."""
    manager.start().with_lamp()
    acknowledged = []
    enough = threading.Event()

    def add(user):
        headers, url = manager.client.headers, str(manager.client.base_url)
        with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as client:
            for number in range(10_000):
                body = {"name": f"{user}-{number}", "component": "VM"}
                try:
                    answer = client.post("/applications/lamp/instances", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged.append(f"/{user}-{number}")
                if len(acknowledged) >= 60:
                    enough.set()

    users = [threading.Thread(target=add, args=(name,)) for name in ("ann", "bob")]
    for user in users:
        user.start()
    assert enough.wait(60)
    manager.kill()
    for user in users:
        user.join()
    manager.start()
    paths = {one["path"] for one in manager.get("/applications/lamp/instances", limit=1000)["items"]}
    assert paths >= set(acknowledged)


def test_a_full_disk_ends_the_manager_and_loses_nothing_acknowledged(lamp):
    """No file may grow any more: as on a full disk, commits fail."""
    largest = max(file.stat().st_size for file in lamp.home.directory.iterdir() if file.is_file())
    resource.prlimit(lamp.process.pid, resource.RLIMIT_FSIZE, (largest + 50_000, resource.RLIM_INFINITY))
    acknowledged = []
    for number in range(1000):
        try:
            answer = lamp.client.post("/applications/lamp/instances", json={"name": f"n{number}", "component": "VM"})
        except httpx.TransportError:
            break
        if answer.status_code != 201:
            assert answer.status_code == 503, answer.text
            break
        acknowledged.append(f"/n{number}")
    _, said = lamp.process.communicate(timeout=30)
    assert lamp.process.returncode == 1
    assert "DM_STORE" in said
    assert "Traceback" not in said
    assert acknowledged
    lamp.start()
    paths = {one["path"] for one in lamp.get("/applications/lamp/instances", limit=1000)["items"]}
    assert paths >= set(acknowledged)
    assert len(paths) <= 4 + len(acknowledged) + 1


def test_a_key_gives_the_first_answer_again_after_kill_9(lamp):
    body = {"name": "third", "component": "VM"}
    first = lamp.post("/applications/lamp/instances", body, headers={"Idempotency-Key": "k1"})
    lamp.kill()
    lamp.start()
    again = lamp.client.post("/applications/lamp/instances", json=body, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json(), again.headers["idempotent-replay"]) == (201, first, "true")
    other = lamp.client.post(
        "/applications/lamp/instances", json={"name": "fourth", "component": "VM"}, headers={"Idempotency-Key": "k1"}
    )
    assert other.status_code == 409
    assert len(lamp.get("/applications/lamp/instances")["items"]) == 5


def test_a_creation_in_the_midst_of_which_the_manager_died_is_not_done_twice(lamp):
    lamp.post("/applications/lamp/start", {"path": "/db-vm", "all": True})
    lamp.wait_for(lambda: lamp.calls("/db-vm") == ["create"])
    lamp.kill()
    lamp.start()
    lamp.wait_for(lambda: lamp.machine("/db-vm")["machine_id"] == "scripted-1")
    assert lamp.calls("/db-vm").count("create") == 1


def test_the_end_in_good_order_keeps_the_address_and_takes_back_the_pid(running):
    info = running.home.read()
    running.end()
    assert running.process.returncode == 0
    assert running.home.read().pid is None
    assert not running.home.is_running()
    running.start()
    assert running.home.read().url == info.url


def test_the_api_ends_the_manager(running):
    assert running.client.post("/shutdown").status_code == 202
    assert running.process.wait(30) == 0


def test_waiting_requests_do_not_hold_up_the_end(lamp):
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(lamp.client.get("/events", params={"after": 10**9, "wait_s": 60}))
    )
    waiting.start()
    lamp.wait_for(lambda: lamp.get("")["applications"] == 1)
    lamp.process.terminate()
    assert lamp.process.wait(20) == 0
    waiting.join(20)
    assert [answer.status_code for answer in answers] == [200]


def test_a_second_manager_in_the_same_home_is_refused(running):
    status, said = running.fail()
    assert status == 1
    assert "runs in" in said
    assert "Traceback" not in said
    assert running.get("")["dm_id"]


def test_a_taken_port_is_told_with_a_way_out(running, tmp_path):
    url = running.home.read().url
    running.end()
    port = url.rpartition(":")[2]
    with socket.create_server(("127.0.0.1", int(port))):
        status, said = running.fail()
    assert status == 1
    assert f"port {port}" in said
    assert "--port" in said


def test_clear_text_off_loopback_is_refused(manager):
    status, said = manager.fail("--host", "0.0.0.0")
    assert status == 1
    assert "--insecure-clear-text" in said


def test_logs_are_json_lines_without_the_token(lamp):
    lamp.client.get("/applications/nothing")
    lines = [json.loads(line) for line in lamp.home.log_file.read_text().splitlines()]
    assert {"time", "level", "logger", "thread", "message"} <= set(lines[0])
    assert lamp.home.read().token not in lamp.home.log_file.read_text()


def test_files_of_a_removed_template_are_gone_after_a_restart(running):
    running.upload_lamp()
    assert len(list(running.home.templates.iterdir())) == 1
    assert len(list(running.home.bundles.iterdir())) == 2
    assert running.client.delete("/templates/Lamp/1.0").status_code == 200
    running.end()
    running.start()
    assert list(running.home.templates.iterdir()) == []
    assert list(running.home.bundles.iterdir()) == []


@pytest.mark.parametrize("name", ["dm.json"])
def test_a_lost_dm_json_is_written_again_with_the_same_token(running, name):
    info = running.home.read()
    running.kill()
    (running.home.directory / name).unlink()
    running.start()
    again = running.home.read()
    assert (again.token, again.url) == (info.token, info.url)
