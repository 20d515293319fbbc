"""The main job on one machine, as a user sees it."""

import json
import os
import re
import signal
import threading
import time
from collections import Counter

from command_line import eventually, fetch, fetch_or_error, processes_of, server_in

ALL = {
    "/store-vm",
    "/store-vm/store",
    "/web-vm1",
    "/web-vm1/web",
    "/web-vm2",
    "/web-vm2/web",
    "/balancer-vm",
    "/balancer-vm/balancer",
}


class Visitors:
    """A steady stream of requests, each counted by who answered it, failures included."""

    def __init__(self, url, count=4):
        self.url = url
        self.answers = Counter()
        self.failures = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self):
        while not self._stop.is_set():
            try:
                self.answers[server_in(fetch(self.url))[0]] += 1
            except Exception as error:  # noqa: BLE001 - whatever a visitor meets counts as a failure
                self.failures.append(f"{time.time():.3f} {error!r}")


def servers(url, requests=30):
    return {server_in(fetch(url))[0] for _ in range(requests)}


def test_up_ends_with_an_address_and_with_what_to_try_next(quickstart):
    assert "roboconf status" in quickstart.up.out
    assert "roboconf scale quickstart /web-vm --to 5" in quickstart.up.out
    assert "roboconf down" in quickstart.up.out


def test_up_without_a_terminal_prints_a_line_per_change(quickstart):
    for path in ALL:  # what is short-lived may fall between two looks
        assert re.search(rf"^ *[\d.]+ s  {path}  DEPLOYED_STARTED$", quickstart.up.out, re.MULTILINE), path


def test_every_instance_is_started_and_both_web_servers_answer(settled):
    assert settled.statuses() == dict.fromkeys(ALL, "DEPLOYED_STARTED")
    assert servers(settled.url) == {"/web-vm1/web", "/web-vm2/web"}


def test_status_explain_logs_events_and_wait_speak_to_people_and_to_programs(settled):
    assert "/web-vm1" not in settled.run("status").err
    assert "DEPLOYED_STARTED" in settled.run("status").out
    assert settled.json("status")["applications"][0]["name"] == "quickstart"
    assert "/balancer-vm/balancer" in settled.run("explain", "/balancer-vm/balancer").out
    assert settled.json("explain", "quickstart", "/balancer-vm/balancer")["path"] == "/balancer-vm/balancer"
    assert "The balancer listens at http://127.0.0.1:" in settled.run("logs", "/balancer-vm/balancer").out
    assert {one["action"] for one in settled.json("logs", "/store-vm/store")} >= {"deploy", "start"}
    assert "/store-vm/store" in settled.run("events", "--limit", "1000").out
    assert any(one["kind"] == "application-created" for one in settled.json("events", "--limit", "1000"))
    assert settled.json("wait") == {"settled": True, "blockers": []}


def test_scaling_up_and_down_loses_no_request(settled):
    with Visitors(settled.url) as visitors:
        eventually(lambda: len(visitors.answers) == 2, within=10)
        settled.run("scale", "quickstart", "/web-vm", "--to", "5")
        five = servers(settled.url)
        settled.run("scale", "/web-vm", "--to", "2")
        two = servers(settled.url)
    assert five == {f"/web-vm{i}/web" for i in range(1, 6)}
    assert two == {"/web-vm1/web", "/web-vm2/web"}
    assert not visitors.failures
    assert sum(visitors.answers.values()) > 200
    assert set(settled.statuses()) == ALL


def test_a_killed_web_server_is_withdrawn_restarted_and_back_in(settled):
    pids = dict(server_in(fetch(settled.url)) for _ in range(10))
    os.kill(pids["/web-vm1/web"], signal.SIGKILL)

    def is_back():
        found = dict(server_in(page) for page in (fetch_or_error(settled.url) for _ in range(6)) if "Hello" in page)
        return found.get("/web-vm1/web") not in (None, pids["/web-vm1/web"])

    eventually(is_back, within=30)
    texts = [one["text"] for one in settled.json("events", "--limit", "200") if one["path"] == "/web-vm1/web"]
    assert any("STOPPING" in text for text in texts), texts
    eventually(lambda: servers(settled.url) == {"/web-vm1/web", "/web-vm2/web"}, within=15)


def test_a_killed_store_unresolves_the_web_servers_until_it_is_back(settled):
    store = settled.instances()["/store-vm/store"]
    before = len(settled.json("events", "--limit", "1000"))
    (pid,) = [pid for pid, command in processes_of(settled.home).items() if "store.py" in command]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: settled.instances()["/store-vm/store"]["restarts"] > store["restarts"], within=30)
    settled.run("wait", "--timeout", "60")
    assert "Hello" in fetch(settled.url)
    texts = [f"{one['path']} {one['text']}" for one in settled.json("events", "--limit", "1000")[before:]]
    assert any(text.startswith("/web-vm1/web") and "UNRESOLVED" in text for text in texts), json.dumps(texts, indent=1)
