"""The hub's thread: stores before it tells, and goes on after what fails."""

import threading

import pytest

from roboconf_core.builtin.hub import hub as hub_module
from roboconf_core.builtin.hub.hub import Hub, NoStore
from roboconf_core.builtin.hub.local import LocalConnection
from roboconf_core.builtin.hub.router import Router
from roboconf_core.errors import TransportError
from roboconf_core.testing.peers import Peer


class FailingStore(NoStore):
    """Fails on demand."""

    def __init__(self):
        self.broken = threading.Event()
        self.attempts = 0
        self.tried = threading.Condition()

    def save(self, changes):
        with self.tried:
            self.attempts += 1
            self.tried.notify_all()
        if self.broken.is_set():
            raise TransportError("disk full")

    def wait_for_attempts(self, count):
        with self.tried:
            assert self.tried.wait_for(lambda: self.attempts >= count, 10)


class UnreadableStore(NoStore):
    def open(self):
        raise TransportError("unreadable")


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(hub_module, "_RETRY_S", (0.01,))
    return FailingStore()


@pytest.fixture
def hub(store):
    hub = Hub(Router(), store, name="hub under test")
    hub.start()
    yield hub
    hub.close()


def manager_of(hub):
    peer = Peer("@dm")
    peer.use(LocalConnection(hub, peer, digest=None))
    peer.connection.subscribe(["dm"])
    return peer


def test_nothing_is_told_before_it_is_stored(hub, store):
    manager = manager_of(hub)
    hub.barrier().result(10)
    store.broken.set()
    before = store.attempts
    manager.publish("dm", "patience")
    store.wait_for_attempts(before + 3)
    assert manager.payloads == []
    store.broken.clear()
    manager.wait_for_payload("patience")


def test_closing_a_hub_that_cannot_store_ends_waits_with_an_error(hub, store):
    store.broken.set()
    answers = []

    def enrol():
        try:
            hub.enrol("shop/vm", 1, "digest")
        except TransportError as error:
            answers.append(error)

    waiting = threading.Thread(target=enrol)
    waiting.start()
    store.wait_for_attempts(2)
    hub.close()
    waiting.join(10)
    assert "closed" in str(answers[0])


def test_a_closed_hub_answers_with_an_error(hub):
    hub.close()
    hub.close()
    with pytest.raises(TransportError):
        hub.enrol("shop/vm", 1, "digest")
    with pytest.raises(TransportError):
        hub.barrier().result(1)


def test_a_store_that_cannot_be_read_is_an_error_of_the_start():
    hub = Hub(Router(), UnreadableStore(), name="hub under test")
    with pytest.raises(TransportError, match="unreadable"):
        hub.start()


def test_a_request_with_a_defect_is_logged_and_the_hub_goes_on(hub, caplog):
    manager = manager_of(hub)
    hub.acknowledge(1, None)
    manager.publish("dm", "still here")
    manager.wait_for_payload("still here")
    assert "a request to the message hub failed" in caplog.text


def test_closing_the_hub_tells_connections(hub):
    manager = manager_of(hub)
    hub.close()
    manager.wait_until_down()
    manager.publish("dm", "too late")
    manager.connection.close(timeout_s=1)


def test_a_connection_closed_at_once_still_sends(hub):
    manager = manager_of(hub)
    hub.enrol("shop/vm", 1, "digest")
    peer = Peer("shop/vm")
    connection = LocalConnection(hub, peer, digest="digest")
    connection.publish("dm", b"in a hurry")
    connection.close()
    manager.wait_for_payload("in a hurry")
    assert peer.calls == []
