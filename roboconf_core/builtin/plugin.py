"""What the core itself offers, through the same hooks as any plugin."""

from __future__ import annotations

from collections.abc import Iterable

from roboconf_core.builtin.http.transport import HttpTransport
from roboconf_core.builtin.in_memory import InMemoryTransport
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.hooks.transports import Transport


@hookimpl
def roboconf_transports() -> Iterable[Transport]:
    """Offer the transports that need no server."""
    return [InMemoryTransport(), HttpTransport()]
