"""The ports of one host that are not free, while some are drawn."""

from __future__ import annotations

from roboconf_core.errors import ConflictError

LOWEST = 10000
HIGHEST = 32767
"""Above it, systems take ports for outgoing connections."""


class UsedPorts:
    """Ports that are held, found taken, or in use by others; only grows."""

    def __init__(self, ports: set[int]) -> None:
        self._ports = ports
        self._next = LOWEST

    def take_lowest(self) -> int:
        """Take the lowest free port.

        Raises:
            ConflictError: If no port is free.
        """
        for port in range(self._next, HIGHEST + 1):
            if port not in self._ports:
                self._next = port + 1
                return port
        hint = "remove instances that are not needed"
        raise ConflictError(f"no port from {LOWEST} to {HIGHEST} is free", hint=hint)
