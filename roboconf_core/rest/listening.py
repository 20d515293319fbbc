"""The socket of the API: the same address after each restart, because agents come back to it."""

from __future__ import annotations

import errno
import socket
import zlib

from roboconf_core.dm.home import Home, default_directory
from roboconf_core.errors import Code, RoboconfError

USUAL_PORT = 8181
"""As in the original."""

_OTHER_PORTS = range(8182, 9982)
"""Below the random ports of instances (from 10000 on) and the system's own (from 32768 on)."""


class AddressTakenError(RoboconfError):
    """The address cannot be listened on."""

    code = Code.DM_ADDRESS_TAKEN


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        AddressTakenError: If the address is in use, not allowed, or not of this host.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once only if told: TCP
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is in use by another program"
            hint = f"end that program (see 'ss -ltnp sport = :{port}'), or choose another port with --port"
        else:
            message, hint = f"cannot listen on {host}, port {port}: {error.strerror}", "choose another address"
        raise AddressTakenError(message, hint=hint) from error
    return listener


def listen_first_time(home: Home, host: str) -> socket.socket:
    """Return a socket that listens on a free port, which the home keeps from now on.

    The default home prefers 8181; others start their search at a place of their own, so
    that two homes rarely meet, even when one of them is at rest.
    """
    start = zlib.crc32(str(home.directory).encode()) % len(_OTHER_PORTS)
    candidates = [*_OTHER_PORTS[start:], *_OTHER_PORTS[:start]]
    if home.directory == default_directory({}):
        candidates.insert(0, USUAL_PORT)
    for port in candidates:
        try:
            return listen(host, port)
        except AddressTakenError as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno != errno.EADDRINUSE:
                raise
    raise AddressTakenError(
        f"no free port from {USUAL_PORT} to {_OTHER_PORTS[-1]} on {host}", hint="choose one with --port"
    )
