"""The websocket of the hub against clients that do as they like, over a real web server."""

import http.client
import itertools
import json
import logging
import queue
import threading

import pytest
from fastapi import FastAPI
from transport_benches import HttpBench
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from roboconf_core.builtin.http import frames
from roboconf_core.builtin.http.client import HttpConnection
from roboconf_core.builtin.http.endpoint import Patience
from roboconf_core.builtin.http.pace import Pace
from roboconf_core.builtin.http.transport import HttpTransport
from roboconf_core.builtin.hub.requests import Publish, Subscribe
from roboconf_core.errors import TransportError
from roboconf_core.hooks.transports import ManagerContext
from roboconf_core.testing.peers import Company, Peer

WEB, DB = "shop/web-vm", "shop/db-vm"
TOPIC = "shop/those.that.import.Db"


@pytest.fixture
def bench(tmp_path):
    bench = HttpBench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def company(bench):
    company = Company(bench)
    yield company
    company.close()


def raw(bench, token, **options):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    url = f"ws://127.0.0.1:{bench.port}/messaging/"
    return connect(url, additional_headers=headers, proxy=None, compression=None, max_size=None, **options)


def token_of(company, agent=WEB):
    return company.transport.enrol(agent, generation=1)["token"]


def send(socket, *all_frames):
    for frame in all_frames:
        socket.send(frames.encode_frame(frame))


def receive(socket):
    """Return the next frame; those that came with it in one message are kept for the next calls."""
    together = vars(socket).setdefault("together", [])
    if not together:
        together += frames.decode_hub_frames(socket.recv(timeout=10))
    return together.pop(0)


@pytest.mark.parametrize("token", [None, "", "wrong", "é", "x" * 5000])
def test_without_a_valid_credential_the_handshake_is_answered_with_401(bench, company, token):
    with pytest.raises(InvalidStatus) as caught, raw(bench, token and token.encode().decode("latin-1")):
        pytest.fail("it connected")
    assert caught.value.response.status_code == 401


def test_plain_http_is_told_what_this_is(bench, company):
    connection = http.client.HTTPConnection("127.0.0.1", bench.port)
    connection.request("GET", "/messaging/")
    assert connection.getresponse().status == 426
    connection.close()


def test_the_hub_stamps_the_sender_whatever_a_frame_says(bench, company):
    web = company.agent(WEB, TOPIC)
    with raw(bench, token_of(company, DB)) as socket:
        send(socket, frames.Open("s"))
        header = {"op": "publish", "number": 1, "topic": TOPIC, "key": None, "sender": "@dm", "agent": WEB}
        socket.send(json.dumps(header).encode() + b"\nforged")
        web.wait_for_payload("forged")
    assert [d.sender for d in web.deliveries] == [DB]


def test_requests_are_confirmed_and_what_is_not_allowed_is_refused(bench, company):
    with raw(bench, token_of(company)) as socket:
        send(socket, frames.Open("s"))
        assert receive(socket) == frames.Welcome(0)
        send(socket, Publish(1, "bank/those.that.import.Db", None, b""))
        assert isinstance(receive(socket), frames.Refused)
        assert receive(socket) == frames.Confirm(1)
        send(socket, Publish(2, TOPIC, None, bytes(4 * 1024 * 1024 + 1)))
        assert isinstance(receive(socket), frames.Refused)
        assert receive(socket) == frames.Confirm(2)
        send(socket, frames.Ping())
        assert receive(socket) == frames.Pong()
    assert bench.manager.hub.counters.refused == 2


def test_a_request_that_is_repeated_after_a_reconnection_is_delivered_once(bench, company):
    web, token = company.agent(WEB, TOPIC), token_of(company, DB)
    for _ in range(2):
        with raw(bench, token) as socket:
            send(socket, frames.Open("same life"), Publish(1, TOPIC, None, b"once"))
            while receive(socket) != frames.Confirm(1):
                pass
    company.manager.publish(TOPIC, "end")
    web.wait_for_payload("end")
    assert web.payloads == ["once", "end"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        b"{}\n",
        frames.encode_frame(frames.Ping()),
        frames.encode_frame(Subscribe(1, TOPIC)),
        "text",
    ],
)
def test_a_connection_that_does_not_begin_with_open_is_closed(bench, company, data):
    with raw(bench, token_of(company)) as socket:
        socket.send(data)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=10)
        assert caught.value.rcvd.code == frames.NOT_VALID
    company.fence(company.agent(DB))


def test_a_connection_that_turns_to_junk_is_closed_and_may_come_again(bench, company):
    token = token_of(company)
    for junk in (b"junk", frames.encode_frame(frames.Open("again"))):
        with raw(bench, token) as socket:
            send(socket, frames.Open("s"))
            assert isinstance(receive(socket), frames.Welcome)
            socket.send(junk)
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=10)


def test_a_client_that_floods_is_held_back_and_nothing_is_lost(bench, company, monkeypatch):
    monkeypatch.setattr(bench.endpoint, "_patience", Patience(frames=5))
    with raw(bench, token_of(company), close_timeout=0.1) as socket:  # it does not read the confirmations
        send(socket, frames.Open("s"), *(Publish(n, "dm", None, b"%d" % n) for n in range(1, 1001)))
        company.manager.wait_for_payload("1000")
    assert len(company.told(Peer(WEB))) == 1000


def test_a_revoked_credential_closes_the_connection_with_its_code(bench, company):
    with raw(bench, token_of(company)) as socket:
        send(socket, frames.Open("s"))
        assert isinstance(receive(socket), frames.Welcome)
        company.transport.forget(WEB)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=10)
    assert caught.value.rcvd.code == frames.NOT_VALID


def test_an_agent_that_falls_silent_is_gone(bench, company, monkeypatch):
    monkeypatch.setattr(bench.endpoint, "_patience", Patience(silence_s=0.3))
    bench.pace = Pace(ping_s=0.05, dead_s=60.0)
    company.agent(WEB)
    company.manager.wait_for_call(f"agent_connected {WEB}")
    bench.wire(WEB).fall_silent()
    company.manager.wait_for_call(f"agent_disconnected {WEB}")
    bench.wire(WEB).cut()


def test_an_idle_agent_that_answers_stays(bench, company, monkeypatch):
    monkeypatch.setattr(bench.endpoint, "_patience", Patience(silence_s=0.5))
    bench.pace = Pace(ping_s=0.05, dead_s=5.0)
    pongs, enough, take = [], threading.Event(), HttpConnection._take

    def counting(connection, frame, socket):
        pongs.append(frame)
        if sum(isinstance(one, frames.Pong) for one in pongs) > 15:
            enough.set()
        take(connection, frame, socket)

    monkeypatch.setattr(HttpConnection, "_take", counting)
    web = company.agent(WEB)
    assert enough.wait(20)
    assert web.state() == ["connected"]


def test_a_dead_link_is_noticed_by_the_agent(bench, company):
    bench.pace = Pace(first_retry_s=0.02, last_retry_s=0.1, ping_s=0.1, dead_s=0.3)
    web = company.agent(WEB)
    bench.wire(WEB).fall_silent()
    web.wait_until_down()
    bench.wire(WEB).cut()


def test_a_dead_link_is_noticed_while_the_agent_is_stuck_in_sending(bench, company):
    bench.pace = Pace(first_retry_s=0.02, last_retry_s=0.1, ping_s=0.2, dead_s=0.6)
    web = company.agent(WEB)
    bench.wire(WEB).fall_silent()
    web.publish(TOPIC, *("x" * 1_000_000 for _ in range(12)))
    web.wait_until_down()
    bench.wire(WEB).cut()
    web.connection.close(timeout_s=1)


def test_closing_on_a_dead_link_ends_with_its_time_out(bench, company):
    web = company.agent(WEB)
    bench.wire(WEB).fall_silent()
    web.publish(TOPIC, *("x" * 1_000_000 for _ in range(12)))
    closing = threading.Thread(target=web.connection.close, kwargs={"timeout_s": 0.2})
    closing.start()
    closing.join(8)  # before the link counts as dead
    assert not closing.is_alive()
    bench.wire(WEB).cut()


class OneAgentHub:
    """A hub of a few lines, which says what a test wants."""

    def __init__(self, *conversations):
        self.conversations = list(conversations)
        self.acknowledged = queue.SimpleQueue()
        self.server = serve(self._talk, "127.0.0.1", 0, compression=None)
        self.url = f"ws://127.0.0.1:{self.server.socket.getsockname()[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def _talk(self, socket):
        assert isinstance(frames.decode_agent_frames(socket.recv())[0], frames.Open)
        send(socket, frames.Welcome(0), *self.conversations.pop(0))
        for frame in itertools.chain.from_iterable(map(frames.decode_agent_frames, socket)):
            if isinstance(frame, frames.Acknowledge):
                self.acknowledged.put(frame.tags)
                if self.conversations:
                    return

    def close(self):
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def scripted_hub():
    both = (frames.Overflowed(1), frames.Message(2, "@dm", TOPIC, b"once"))
    hub = OneAgentHub(both[:1], both[:1], both)
    yield hub
    hub.close()


def test_what_was_acknowledged_and_comes_again_is_acknowledged_again_and_not_told(scripted_hub):
    peer = Peer(WEB)
    peer.use(HttpConnection(scripted_hub.url, "token", peer, Pace(first_retry_s=0.01, last_retry_s=0.01)))
    peer.wait_for_payload("once")
    peer.connection.close()
    tags = []
    while tags[-1:] != [2]:
        tags += scripted_hub.acknowledged.get(timeout=10)
    assert tags == [1, 1, 1, 2]
    assert peer.calls.count("overflowed") == 1


def test_agents_find_the_hub_below_messaging_of_a_larger_application(tmp_path, bench, company):
    bench.close_manager()
    bench.mount = _mounted
    company.transport = bench.open_manager()
    company.manager = company._connected_manager()
    web = company.reopen(WEB, company.transport.enrol(WEB, generation=1))
    company.manager.connection.subscribe(["dm"])
    company.fence(web)


def _mounted(endpoint):
    app = FastAPI()
    app.mount("/messaging", endpoint)
    return app


def test_settings_name_the_websocket_of_the_api_server(tmp_path):
    context = ManagerContext(
        properties={},
        database_url=f"sqlite:///{tmp_path / 'database.sqlite3'}",
        directory=tmp_path,
        url="https://dm.example.org:8443/",
    )
    manager = HttpTransport().manager(context)
    settings = manager.enrol(WEB, generation=1)
    manager.close()
    assert settings["url"] == "wss://dm.example.org:8443/messaging/"
    assert len(settings["token"]) > 40
    assert settings["token"].encode() not in (tmp_path / "database.sqlite3").read_bytes()


@pytest.mark.parametrize("settings", [{}, {"url": "ws://127.0.0.1:1/"}, {"url": "http://h/", "token": "t"}])
def test_settings_that_cannot_be_used_are_refused(settings):
    with pytest.raises(TransportError):
        HttpTransport().agent(settings, Peer(WEB))


@pytest.mark.parametrize("changes", [{"url": "ftp://x"}, {"properties": {"queue.bytes": "many"}}])
def test_a_context_that_cannot_be_used_is_refused(tmp_path, changes):
    values = {"properties": {}, "database_url": "sqlite://", "directory": tmp_path, "url": "http://127.0.0.1:1"}
    with pytest.raises(TransportError):
        HttpTransport().manager(ManagerContext(**{**values, **changes}))


def test_a_connection_to_nobody_tries_again_and_closes_at_once():
    peer = Peer(WEB)
    connection = HttpConnection("ws://127.0.0.1:1/", "token", peer, Pace(first_retry_s=0.01, last_retry_s=0.01))
    connection.publish("dm", b"kept")
    connection.close(timeout_s=30)
    assert peer.calls == []


def test_the_agents_log_never_holds_the_credential(company, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="uvicorn")  # the server's log is not the agent's
    web = company.agent(WEB)
    company.fence(web)
    assert web.settings["token"] not in caplog.text
