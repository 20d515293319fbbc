"""What the transport ``http`` is, without the parts that either side needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from roboconf_core.errors import TransportError
from roboconf_core.hooks.properties import PropertySpec, PropertyType, with_defaults
from roboconf_core.hooks.transports import Connection, Listener, ManagerContext, ManagerTransport, Transport


class HttpTransport(Transport):
    """The deployment manager is the hub; agents connect out to its websocket."""

    name = "http"
    purpose = "carry messages over websockets to a hub inside the deployment manager; nothing to install"
    properties: ClassVar[tuple[PropertySpec, ...]] = (
        PropertySpec(
            name="queue.messages",
            description="how many messages wait for one agent before its queue is dropped and repaired",
            type=PropertyType.INTEGER,
            default="10000",
            example="20000",
        ),
        PropertySpec(
            name="queue.bytes",
            description="the same, in bytes of payload",
            type=PropertyType.INTEGER,
            default=str(16 * 1024 * 1024),
            unit="bytes",
            example="33554432",
        ),
    )

    def manager(self, context: ManagerContext) -> ManagerTransport:
        """Open the hub; its tables are in the deployment manager's database."""
        from roboconf_core.builtin.http.manager import HttpManager  # the database is imported on this side only
        from roboconf_core.builtin.hub.values import Limits

        properties = with_defaults(self.properties, context.properties)
        limits = Limits(
            queue_messages=_positive(properties, "queue.messages"), queue_bytes=_positive(properties, "queue.bytes")
        )
        return HttpManager(url=context.url, database_url=context.database_url, limits=limits)

    def agent(self, settings: Mapping[str, str], listener: Listener) -> Connection:
        """Connect to the hub in the background."""
        from roboconf_core.builtin.http.client import HttpConnection  # imports the websocket library

        missing = [name for name in ("url", "token") if not settings.get(name)]
        if missing:
            raise TransportError(f"settings are missing: {', '.join(missing)}", hint="pass what enrol returned")
        return HttpConnection(settings["url"], settings["token"], listener)


def _positive(properties: Mapping[str, str], name: str) -> int:
    text = properties[name].strip()
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise TransportError(f"property '{name}' is '{text}', expected a number above 0")
    return int(text)
