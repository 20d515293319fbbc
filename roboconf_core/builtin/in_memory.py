"""The transport ``in-memory``: agents and deployment manager in one process, for tests and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from roboconf_core.errors import TransportError
from roboconf_core.hooks.transports import (
    Connection,
    Listener,
    ManagerContext,
    ManagerListener,
    ManagerTransport,
    Transport,
)

if TYPE_CHECKING:  # agents load this module too: the hub is imported on first use
    from roboconf_core.builtin.hub.hub import Hub
    from roboconf_core.builtin.hub.local import LocalConnection
    from roboconf_core.builtin.hub.router import Router


class InMemoryTransport(Transport):
    """One broker, living as long as this object; whoever holds the object can connect.

    Queues are kept while the deployment manager or an agent is away, and lost with the process.
    """

    name = "in-memory"
    purpose = "carry messages within one process, for tests"

    def __init__(self, router: Router | None = None) -> None:
        """Make a broker; ``router`` brings other limits."""
        self._router = router
        self._lock = threading.Lock()
        self._hub: Hub | None = None

    def manager(self, context: ManagerContext) -> ManagerTransport:
        """Open the deployment manager's side; nothing of the context is needed."""
        return _InMemoryManager(self._running_hub())

    def agent(self, settings: Mapping[str, str], listener: Listener) -> LocalConnection:
        """Open an agent's side, within the same process."""
        from roboconf_core.builtin.hub.credentials import digest_of
        from roboconf_core.builtin.hub.local import LocalConnection

        token = settings.get("token", "")
        if not token:
            raise TransportError("the setting 'token' is missing", hint="pass what enrol returned")
        return LocalConnection(self._running_hub(), listener, digest=digest_of(token))

    def close(self) -> None:
        """End the broker; all queues are gone."""
        with self._lock:
            if self._hub is not None:
                self._hub.close()
                self._hub = None

    def _running_hub(self) -> Hub:
        from roboconf_core.builtin.hub.hub import Hub, NoStore
        from roboconf_core.builtin.hub.router import Router

        with self._lock:
            if self._hub is None:
                self._hub = Hub(self._router or Router(), NoStore(), name="in-memory-broker")
                self._hub.start()
            return self._hub


class _InMemoryManager(ManagerTransport):
    """The deployment manager's side of the broker."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._connections: list[Connection] = []

    def connect(self, listener: ManagerListener) -> Connection:
        """Open the deployment manager's connection."""
        from roboconf_core.builtin.hub.local import LocalConnection

        connection = LocalConnection(self._hub, listener, digest=None)
        self._connections.append(connection)
        return connection

    def enrol(self, agent: str, *, generation: int) -> Mapping[str, str]:
        """Make an agent's queue and credential."""
        from roboconf_core.builtin.hub.credentials import digest_of, new_token

        token = new_token()
        self._hub.enrol(agent, generation, digest_of(token))
        return {"token": token}

    def forget(self, agent: str) -> None:
        """Remove an agent's queue and credentials."""
        self._hub.forget(agent)

    def close(self) -> None:
        """Leave; the broker stays."""
        for connection in self._connections:
            connection.close()
