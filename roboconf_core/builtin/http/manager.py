"""The deployment manager's side of the transport ``http``: the hub, its store and its endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from roboconf_core.builtin.http.endpoint import Endpoint, Patience
from roboconf_core.builtin.http.store import SqlStore
from roboconf_core.builtin.hub.credentials import digest_of, new_token
from roboconf_core.builtin.hub.hub import Hub
from roboconf_core.builtin.hub.local import LocalConnection
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Limits
from roboconf_core.errors import TransportError
from roboconf_core.hooks.transports import Connection, ManagerListener, ManagerTransport


class HttpManager(ManagerTransport):
    """A hub in this process, reached by agents through ``asgi``."""

    def __init__(
        self, *, url: str, database_url: str, limits: Limits | None = None, patience: Patience | None = None
    ) -> None:
        """Open the hub.

        Args:
            url: Base URL of the API server, as agents reach it.
            database_url: SQLAlchemy URL.
            limits: Of queues.
            patience: With silent agents.

        Raises:
            TransportError: If the URL is not one, or the database cannot be used.
        """
        self._agents_url = _websocket_url(url)
        self._hub = Hub(Router(limits), SqlStore(database_url), name="message-hub")
        self._patience = patience
        self._connections: list[Connection] = []
        self._hub.start()

    @property
    def hub(self) -> Hub:
        """The hub, for its counters."""
        return self._hub

    def connect(self, listener: ManagerListener) -> Connection:
        """Open the deployment manager's connection, within the process."""
        connection = LocalConnection(self._hub, listener, digest=None)
        self._connections.append(connection)
        return connection

    def enrol(self, agent: str, *, generation: int) -> Mapping[str, str]:
        """Make an agent's queue and a credential; enrolling the same generation again adds a credential."""
        token = new_token()
        self._hub.enrol(agent, generation, digest_of(token))
        return {"url": self._agents_url, "token": token}

    def forget(self, agent: str) -> None:
        """Revoke an agent's credentials, remove its queue, close its connection."""
        self._hub.forget(agent)

    def asgi(self) -> Endpoint:
        """Return the endpoint to mount at ``/messaging``."""
        return Endpoint(self._hub, self._patience)

    def close(self) -> None:
        """Close all connections; queues and credentials stay in the database."""
        for connection in self._connections:
            connection.close()
        self._hub.close()


def _websocket_url(url: str) -> str:
    """Return where agents connect: ``http://host:1/`` becomes ``ws://host:1/messaging/``."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise TransportError(f"'{url}' is no http or https URL of the API server")
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/messaging/", "", ""))
