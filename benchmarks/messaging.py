"""How long a message takes from one agent to another through the hub of the transport ``http``.

python benchmarks/messaging.py [--messages 500] [--gap-ms 10] [--writer-ms 0]

Three processes on loopback: the hub with its SQLite database, a sender, a receiver. Printed
is the time from ``publish`` to ``delivered``; every message is stored before it is delivered.
``--writer-ms`` adds a second writer of the same database, which commits with full
synchronisation as often, as the deployment manager does.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn

from roboconf_core.builtin.http.client import HttpConnection
from roboconf_core.builtin.http.manager import HttpManager
from roboconf_core.builtin.hub.local import LocalConnection
from roboconf_core.hooks.transports import Delivery

SENDER, RECEIVER = "bench/sender", "bench/receiver"
TOPIC = "bench/those.that.import.Db"


class Ear:
    """Listens: notes how old each message is."""

    def __init__(self) -> None:
        self.up = threading.Event()
        self.ages_s: list[float] = []
        self.heard = threading.Condition()
        self.connection: HttpConnection | LocalConnection | None = None

    def connected(self) -> None:
        """Take note."""
        self.up.set()

    def disconnected(self, reason: str) -> None:
        """Fail loudly: the measure would be worth nothing."""
        print(f"disconnected: {reason}", file=sys.stderr)

    def delivered(self, delivery: Delivery) -> None:
        """Note the age, and acknowledge."""
        with self.heard:
            self.ages_s.append(time.monotonic() - float(delivery.payload.split()[0]))
            self.heard.notify_all()
        if self.connection is not None:
            self.connection.acknowledge(delivery.tag)

    def overflowed(self) -> None:
        """Fail loudly."""
        print("overflowed", file=sys.stderr)

    def agent_connected(self, agent: str) -> None:
        """Ignore it."""

    def agent_disconnected(self, agent: str) -> None:
        """Ignore it."""


def serve(database: str, writer_ms: float) -> None:
    """Be the hub; prints the agents' settings."""
    server = uvicorn.Server(uvicorn.Config("unused", port=0, log_level="warning"))
    socket = server.config.bind_socket()
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    manager = HttpManager(url=url, database_url=f"sqlite:///{database}")
    server.config.app = manager.asgi()
    server.config.lifespan, server.config.ws, server.config.ws_ping_interval = "off", "websockets-sansio", None
    print(json.dumps([dict(manager.enrol(agent, generation=1)) for agent in (SENDER, RECEIVER)]), flush=True)
    if writer_ms:
        threading.Thread(target=write, args=(database, writer_ms / 1000), daemon=True).start()
    server.run(sockets=[socket])


def write(database: str, pause_s: float) -> None:
    """Commit again and again, waiting for the disk."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=20)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE others (body)")
    while True:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO others VALUES (?)", ("x" * 2000,))
        connection.execute("COMMIT")
        time.sleep(pause_s)


def connected(settings: dict[str, str]) -> Ear:
    """Return a connected agent."""
    ear = Ear()
    ear.connection = HttpConnection(settings["url"], settings["token"], ear)
    if not ear.up.wait(10):
        raise SystemExit("no connection")
    return ear


def receive(settings: dict[str, str], count: int) -> None:
    """Be the receiver; prints what was measured."""
    ear = connected(settings)
    assert ear.connection is not None
    ear.connection.subscribe([TOPIC])
    ear.connection.publish(TOPIC, f"{time.monotonic()} myself".encode())
    with ear.heard:
        ear.heard.wait_for(lambda: len(ear.ages_s) == 1)
        print("listening", flush=True)
        if not ear.heard.wait_for(lambda: len(ear.ages_s) > count, 120):
            raise SystemExit(f"only {len(ear.ages_s) - 1} of {count} messages came")
    ages = sorted(ear.ages_s[1:])
    shown = {f"p{p}": ages[min(len(ages) - 1, len(ages) * p // 100)] * 1000 for p in (50, 90, 99)}
    print(", ".join(f"{name} {value:.2f} ms" for name, value in shown.items()), f"({len(ages)} messages)", flush=True)
    ear.connection.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--gap-ms", type=float, default=10.0)
    parser.add_argument("--writer-ms", type=float, default=0.0)
    parser.add_argument("--be", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be:
        role, argument = options.be
        return serve(argument, options.writer_ms) if role == "hub" else receive(json.loads(argument), options.messages)
    me = [sys.executable, __file__, "--messages", str(options.messages), "--writer-ms", str(options.writer_ms), "--be"]
    with tempfile.TemporaryDirectory() as directory:
        hub = subprocess.Popen([*me, "hub", str(Path(directory, "hub.sqlite3"))], stdout=subprocess.PIPE, text=True)
        assert hub.stdout is not None
        sending, receiving = json.loads(hub.stdout.readline())
        receiver = subprocess.Popen([*me, "receiver", json.dumps(receiving)], stdout=subprocess.PIPE, text=True)
        assert receiver.stdout is not None
        ear = connected(sending)
        receiver.stdout.readline()
        for number in range(options.messages):
            text = f"{time.monotonic()} {number} {'x' * 300}"
            assert ear.connection is not None
            ear.connection.publish(TOPIC, text.encode(), key=f"exports:{number}:Db")
            time.sleep(options.gap_ms / 1000)
        print(receiver.stdout.read().strip())
        ear.connection.close()
        hub.terminate()
        hub.wait()
    return None


if __name__ == "__main__":
    main()
