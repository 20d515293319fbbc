"""Starts shims without starting an interpreter for each: a small process does so once, and forks.

The process keeps nothing and owns nothing. When the agent dies, it ends and its shims go
on; when it dies itself, the next action makes another one.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from roboconf_core.agent import shim

PATIENCE_S = 10.0
"""How long a fork may take."""

_SOCKET_DESCRIPTOR = 3


class Shims:
    """Belongs to one thread."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Make it; nothing is started yet.

        Args:
            environment: Added to the agent's, for all shims.
        """
        self._environment = environment
        self._socket: socket.socket | None = None
        self._server = 0

    def prepare(self) -> None:
        """Start the server, so that the first action need not wait for it.

        Raises:
            OSError: If there can be no more processes.
        """
        if self._socket is None:
            self._start_server()

    def start(self, path: Path) -> int:
        """Start the shim of an action and return a descriptor that tells, once it is readable, that the shim ended.

        Args:
            path: Of the action.

        Raises:
            OSError: If there can be no more processes; the action does not begin.
        """
        try:
            return self._ask(path)
        except OSError:  # of a server that ended; should it have begun the action, the other shim leaves it
            self.close()
        try:
            return self._ask(path)
        except OSError:
            self.close()
            shim.claim(str(path), 0)  # a late shim leaves it
            raise

    def close(self) -> None:
        """End the server; shims go on."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            os.kill(self._server, signal.SIGKILL)  # it may be stopped
            os.waitpid(self._server, 0)

    def _ask(self, path: Path) -> int:
        server = self._socket or self._start_server()
        server.send(os.fsencode(path))
        said, descriptors, _, _ = socket.recv_fds(server, 4096, 1, socket.MSG_CMSG_CLOEXEC)
        if descriptors:
            return descriptors[0]
        raise OSError(said.decode(errors="replace") or "the process that starts shims ended")

    def _start_server(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", shim.__file__, str(_SOCKET_DESCRIPTOR)],
                os.environ | self._environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), _SOCKET_DESCRIPTOR),
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
                ],
                setpgroup=0,  # a terminal's signals are for the agent
                setsigmask=(),
                setsigdef=(signal.SIGTERM, signal.SIGINT),
            )
        ours.settimeout(PATIENCE_S)
        self._socket = ours
        return ours
