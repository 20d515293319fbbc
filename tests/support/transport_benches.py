"""Benches for the transports of the core."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from urllib.parse import urlsplit

import uvicorn

from roboconf_core.builtin.http.client import HttpConnection
from roboconf_core.builtin.http.manager import HttpManager
from roboconf_core.builtin.http.pace import Pace
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Limits
from roboconf_core.builtin.in_memory import InMemoryTransport
from roboconf_core.hooks.transports import ManagerContext
from roboconf_core.testing.peers import TransportBench

QUEUE_LIMIT = 1100
LIMITS = Limits(queue_messages=QUEUE_LIMIT, window=64)


class InMemoryBench(TransportBench):
    """Agents and manager in this process; interrupting is a method of the connection."""

    queue_limit = QUEUE_LIMIT

    def __init__(self, router=None):
        self.transport = InMemoryTransport(router or Router(LIMITS))
        self._connections = {}
        self._manager = None

    def open_manager(self):
        context = ManagerContext(properties={}, database_url="", directory=None, url="")
        self._manager = self.transport.manager(context)
        return self._manager

    def close_manager(self):
        self._manager.close()

    def open_agent(self, agent, settings, listener):
        self._connections[agent] = self.transport.agent(settings, listener)
        return self._connections[agent]

    def interrupt(self, agent):
        self._connections[agent].interrupt("the network is down")

    def restore(self, agent):
        self._connections[agent].connect()

    def forged(self, settings):
        return {**settings, "token": "never-issued"}

    def close(self):
        self.transport.close()


class Wire:
    """A TCP forwarder between one agent and the hub, which can be cut, or fall silent as a dead link does."""

    def __init__(self):
        self.target = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake_reader, self._wake = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._other = {}
        self._cut = self._silent = self._ended = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        self._change("_cut", True)

    def mend(self):
        self._change("_cut", False)

    def fall_silent(self):
        self._change("_silent", True)

    def close(self):
        self._change("_ended", True)
        self._thread.join()

    def _change(self, name, value):
        self._done.clear()
        setattr(self, name, value)
        self._wake.send(b"!")
        assert self._done.wait(10)

    def _run(self):
        while not self._ended:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake_reader:
                    self._wake_reader.recv(100)
                    if self._cut or self._ended:
                        self._drop(*self._other)
                    self._done.set()
                elif key.fileobj is self._listener:
                    self._accept()
                elif not self._silent:
                    self._forward(key.fileobj)
                else:
                    self._selector.unregister(key.fileobj)  # what is sent is swallowed, the connection seems to live
        for one in (self._listener, self._wake_reader, self._wake):
            one.close()
        self._selector.close()
        self._done.set()

    def _accept(self):
        near, _ = self._listener.accept()
        try:
            if self._cut:
                raise ConnectionError
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, one):
        try:
            data = one.recv(65536) if one in self._other else b""
            if data:
                self._other[one].sendall(data)
        except OSError:
            data = b""
        if not data and one in self._other:
            self._drop(one, self._other[one])

    def _drop(self, *sockets):
        for one in sockets:
            self._other.pop(one, None)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(one)
            one.close()


class HttpBench(TransportBench):
    """A real web server on loopback, one forwarder per agent."""

    queue_limit = QUEUE_LIMIT
    pace = Pace(first_retry_s=0.02, last_retry_s=0.1)

    def __init__(self, directory, *, limits=LIMITS):
        self._url = f"sqlite:///{directory / 'database.sqlite3'}"
        self._limits = limits
        self._wires = {}
        self._server = None
        self.mount = lambda endpoint: endpoint

    def open_manager(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.manager = HttpManager(url=f"http://127.0.0.1:{self.port}", database_url=self._url, limits=self._limits)
        self.endpoint = self.manager.asgi()
        config = uvicorn.Config(
            self.mount(self.endpoint), log_config=None, lifespan="off", ws="websockets-sansio", ws_ping_interval=None
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()
        for wire in self._wires.values():
            wire.target = self.port
        return self.manager

    def close_manager(self):
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
            self.manager.close()
            self._listener.close()

    def wire(self, agent):
        if agent not in self._wires:
            self._wires[agent] = Wire()
            self._wires[agent].target = self.port
        return self._wires[agent]

    def open_agent(self, agent, settings, listener):
        assert urlsplit(settings["url"]).path == "/messaging/"
        return HttpConnection(
            f"ws://127.0.0.1:{self.wire(agent).port}/messaging/", settings["token"], listener, self.pace
        )

    def interrupt(self, agent):
        self.wire(agent).cut()

    def restore(self, agent):
        self.wire(agent).mend()

    def forged(self, settings):
        return {**settings, "token": "never-issued"}

    def close(self):
        self.close_manager()
        for wire in self._wires.values():
            wire.close()
