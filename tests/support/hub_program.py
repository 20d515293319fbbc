"""A deployment manager's side of the transport ``http`` alone, as a process that can be killed.

Run with a directory, a port, and the word ``first`` at its first start: then it enrols two
agents and writes their settings as one line of JSON. It listens to the topic ``dm``, writes
what it hears line by line, and acknowledges it afterwards.
"""

from __future__ import annotations

import json
import sys

import uvicorn

from roboconf_core.builtin.http.manager import HttpManager

AGENTS = ("shop/db-vm", "shop/web-vm")


class Writer:
    """Writes what the manager hears."""

    connection = None

    def connected(self):
        pass

    def disconnected(self, reason):
        pass

    def delivered(self, delivery):
        write(delivery.payload.decode())
        if self.connection is not None:
            self.connection.acknowledge(delivery.tag)

    def overflowed(self):
        write("overflowed")

    def agent_connected(self, agent):
        pass

    def agent_disconnected(self, agent):
        pass


def write(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(directory: str, port: str, *, first: bool) -> None:
    """Serve until killed."""
    manager = HttpManager(url=f"http://127.0.0.1:{port}", database_url=f"sqlite:///{directory}/database.sqlite3")
    writer = Writer()
    writer.connection = manager.connect(writer)
    if first:
        writer.connection.subscribe(["dm"])
        write(json.dumps({agent: dict(manager.enrol(agent, generation=1)) for agent in AGENTS}))
    config = uvicorn.Config(
        manager.asgi(), port=int(port), log_config=None, lifespan="off", ws="websockets-sansio", ws_ping_interval=None
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], first=sys.argv[3:] == ["first"])
