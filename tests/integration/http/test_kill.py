"""The hub's process is killed in the middle of traffic: nothing is lost, nothing comes twice."""

import json
import signal
import socket
import subprocess
import sys
import threading

import hub_program
import pytest

from roboconf_core.builtin.http.client import HttpConnection
from roboconf_core.builtin.http.pace import Pace
from roboconf_core.testing.peers import Peer, without_repetitions

SENDER, RECEIVER = hub_program.AGENTS
TOPIC = "shop/those.that.import.Db"
TEXTS = [f"message {number}" for number in range(600)]


class HubProcess:
    """Starts, is killed and starts again; remembers what its manager heard."""

    def __init__(self, directory):
        self._directory = directory
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self.lines = []
        self._changed = threading.Condition()

    def start(self, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, hub_program.__file__, str(self._directory), str(self._port), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def wait_for_line(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(condition, self.lines)), 30), self.lines[-5:]
        return next(filter(condition, self.lines))

    def _read(self, lines):
        with lines:
            for line in lines:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()


@pytest.fixture
def hub(tmp_path):
    hub = HubProcess(tmp_path)
    hub.start("first")
    yield hub
    hub.kill()


def agent(name, settings):
    peer = Peer(name, patience_s=30.0)
    pace = Pace(first_retry_s=0.02, last_retry_s=0.05)
    return peer.use(HttpConnection(settings["url"], settings["token"], peer, pace))


def test_a_killed_hub_loses_nothing_and_doubles_nothing(hub):
    settings = json.loads(hub.wait_for_line(lambda line: line.startswith("{")))
    receiver, sender = agent(RECEIVER, settings[RECEIVER]), agent(SENDER, settings[SENDER])
    receiver.connection.subscribe([TOPIC])
    receiver.publish(TOPIC, "listening")
    receiver.wait_for_payload("listening")

    def publish():
        for number, text in enumerate(TEXTS):
            sender.publish(TOPIC, text)
            sender.publish("dm", text)
            if number % 5 == 0:
                receiver.wait(lambda number=number: len(receiver.deliveries) > number, "what was sent before")

    publisher = threading.Thread(target=publish)
    publisher.start()
    for kill_at in (100, 200, 350):
        receiver.wait(lambda kill_at=kill_at: len(receiver.deliveries) > kill_at, "some messages")
        hub.kill()
        hub.start()
    receiver.wait_for_payload(TEXTS[-1])
    hub.wait_for_line(lambda line: line == TEXTS[-1])
    publisher.join()
    assert receiver.payloads == ["listening", *TEXTS]
    assert without_repetitions(line for line in hub.lines if line.startswith("message")) == TEXTS
    sender.connection.close()
    receiver.connection.close()
