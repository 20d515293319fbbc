"""An agent's connection to the hub: two threads around a websocket.

The reader connects, again and again with growing jittered pauses, and takes in frames. The
writer sends what is in the outbox. Both are light: standard library and websockets.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from socket import SHUT_RDWR
from typing import Literal, ParamSpec
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from roboconf_core.builtin.http.frames import (
    REPLACED,
    Acknowledge,
    AgentFrame,
    Confirm,
    HubFrame,
    Message,
    Open,
    Overflowed,
    Ping,
    Pong,
    Refused,
    Welcome,
    decode_hub_frames,
    encode_frame,
    encode_frames,
)
from roboconf_core.builtin.http.pace import Backoff, Pace
from roboconf_core.builtin.hub.outbox import Outbox, Receipts
from roboconf_core.errors import MessageError, TransportError
from roboconf_core.hooks.transports import Connection, Delivery, Listener

log = logging.getLogger(__name__)

_library_log = logging.getLogger("roboconf_core.builtin.http.websocket")
_library_log.setLevel(logging.INFO)  # below that, the library writes the handshake, in which the credential stands

_P = ParamSpec("_P")

_MAX_FRAME_BYTES = 8 * 1024 * 1024
_BATCH = 64
"""Most requests that the writer takes at once."""


class HttpConnection(Connection):
    """One agent's end. Methods may be called from any thread; the listener is called from the reader."""

    def __init__(self, url: str, token: str, listener: Listener, pace: Pace | None = None) -> None:
        """Begin to connect, in the background.

        Args:
            url: Of the hub, ``ws://`` or ``wss://``.
            token: The agent's credential.
            listener: Who hears.
            pace: Waits.

        Raises:
            TransportError: If the URL is not one.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise TransportError(f"'{url}' is no ws or wss URL", hint="pass what enrol returned")
        self._url = url
        self._proxy: Literal[True] | None = None if _is_loopback(parts.hostname) else True
        self._token = token
        self._listener = listener
        self._pace = pace or Pace()
        self._session = uuid.uuid4().hex
        self._changed = threading.Condition()
        """Guards all that follows."""
        self._outbox = Outbox()
        self._receipts = Receipts()
        self._acknowledged: list[int] = []
        self._ping_due = False
        self._opening: ClientConnection | None = None
        """The present connection, from its handshake on."""
        self._socket: ClientConnection | None = None
        """The same, once the hub said welcome."""
        self._connecting = True
        """Whether an attempt to connect is being made."""
        self._sending = False
        self._closing = False
        """The listener hears nothing any more; what was published is still sent."""
        self._closed = False
        self._failure = ""
        """Why the last attempt to connect failed."""
        self._reader = threading.Thread(target=self._read, name="messaging-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="messaging-writer", daemon=True)
        self._reader.start()
        self._writer.start()

    # --- for any thread

    def publish(self, topic: str, payload: bytes, *, key: str | None = None) -> None:
        """Send a message; kept until the hub has stored it."""
        with self._changed:
            self._outbox.publish(topic, key, payload)
            self._changed.notify_all()

    def subscribe(self, topics: Iterable[str]) -> None:
        """Listen to topics."""
        with self._changed:
            for topic in topics:
                self._outbox.subscribe(topic)
            self._changed.notify_all()

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Stop listening to topics."""
        with self._changed:
            for topic in topics:
                self._outbox.unsubscribe(topic)
            self._changed.notify_all()

    def acknowledge(self, tag: int) -> None:
        """Tell that a delivery was taken in; told again if the connection breaks meanwhile."""
        with self._changed:
            self._receipts.add(tag)
            self._acknowledged.append(tag)
            self._changed.notify_all()

    def close(self, *, timeout_s: float = 5.0) -> None:
        """Leave, once the hub has stored what was sent; at once when there is no connection and none is being made."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_idle() or not (self._socket or self._connecting), timeout_s)
            socket, idle, self._closed = self._opening, self._is_idle(), True
            self._changed.notify_all()
        if socket is not None:
            if not idle:
                _cut(socket)
            socket.close()
        for thread in (self._reader, self._writer):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _is_idle(self) -> bool:
        return not (self._outbox or self._acknowledged or self._sending)

    # --- the writer

    def _write(self) -> None:
        while True:
            with self._changed:
                self._sending = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closed or (self._socket is not None and self._has_work()))
                socket = self._socket
                if self._closed or socket is None:
                    return
                frames = self._next_frames()
                self._sending = True
            with suppress(WebSocketException, OSError):  # the reader sees it too; what is not confirmed is sent again
                for data in encode_frames(frames):
                    socket.send(data)

    def _has_work(self) -> bool:
        return bool(self._acknowledged or self._ping_due or self._outbox.has_unsent)

    def _next_frames(self) -> list[AgentFrame]:
        frames: list[AgentFrame] = []
        if self._acknowledged:
            frames.append(Acknowledge(tuple(self._acknowledged[:_BATCH])))
            del self._acknowledged[:_BATCH]
        if self._ping_due:
            self._ping_due = False
            frames.append(Ping())
        while len(frames) < _BATCH and (request := self._outbox.next_unsent()) is not None:
            frames.append(request)
        return frames

    # --- the reader

    def _read(self) -> None:
        backoff = Backoff(self._pace, random.uniform)
        while not self._closing:
            end = self._converse()
            if end.was_up:
                backoff.succeeded()
            if end.was_replaced:
                backoff.displaced()
            with self._changed:
                self._connecting = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._closing, backoff.pause_s())
                self._connecting = not self._closing

    def _converse(self) -> _End:
        """Connect and listen until the connection ends; tell the listener of both."""
        try:
            with self._connect() as socket:
                return self._talk(socket)
        except (OSError, WebSocketException) as error:
            self._note_failure(_reason_of(error))
            return _End()

    def _talk(self, socket: ClientConnection) -> _End:
        replaced = False
        with self._changed:
            if self._closed:
                return _End()
            self._opening = socket
        try:
            socket.send(encode_frame(Open(self._session)))
            reason = self._listen(socket)
        except ConnectionClosed as error:
            replaced = error.rcvd is not None and error.rcvd.code == REPLACED
            reason = _reason_of(error)
        except MessageError as error:
            reason = f"the hub sent what cannot be understood: {error}"
        with self._changed:
            was_up = self._socket is socket
            self._opening = self._socket = None
            self._changed.notify_all()
        _cut(socket)
        if was_up:
            self._tell(self._listener.disconnected, reason)
        else:
            self._note_failure(reason)
        return _End(was_up, replaced)

    def _connect(self) -> ClientConnection:
        return connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            compression=None,  # messages are small, and a compressor per agent is not
            proxy=self._proxy,
            open_timeout=self._pace.connect_s,
            ping_interval=None,  # pings are frames of ours: they show that the hub's own code lives
            close_timeout=1.0,
            max_size=_MAX_FRAME_BYTES,
            logger=_library_log,
        )

    def _listen(self, socket: ClientConnection) -> str:
        """Take in frames until the link is silent for too long; return the reason."""
        heard, asked = time.monotonic(), False
        while True:
            patience_s = heard + (self._pace.dead_s if asked else self._pace.ping_s) - time.monotonic()
            try:
                data = socket.recv(timeout=max(0.0, patience_s))
            except TimeoutError:
                if asked:
                    return f"nothing was heard for {self._pace.dead_s:g} s"
                asked = True
                with self._changed:
                    self._ping_due = True
                    self._changed.notify_all()
            else:
                heard, asked = time.monotonic(), False
                for frame in decode_hub_frames(data if isinstance(data, bytes) else data.encode()):
                    self._take(frame, socket)

    def _take(self, frame: HubFrame, socket: ClientConnection) -> None:
        match frame:
            case Message(tag=tag) | Overflowed(tag=tag) if tag in self._receipts:
                self.acknowledge(tag)  # the first acknowledgement was lost
            case Message():
                delivery = Delivery(sender=frame.sender, topic=frame.topic, payload=frame.payload, tag=frame.tag)
                self._tell(self._listener.delivered, delivery)
            case Overflowed(tag=tag):
                if self._tell(self._listener.overflowed):
                    self.acknowledge(tag)
            case Confirm(number=number):
                with self._changed:
                    self._outbox.confirm(number)
                    self._changed.notify_all()
            case Welcome(number=number):
                self._come_up(socket, number)
            case Refused(reason=reason):
                log.error("the hub refused a request: %s", reason)
            case Pong():
                pass  # that something was heard is all it says

    def _come_up(self, socket: ClientConnection, number: int) -> None:
        with self._changed:
            self._outbox.restart(number)
            self._socket = socket
            self._failure = ""
            self._changed.notify_all()
        self._tell(self._listener.connected)

    def _tell(self, call: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> bool:
        """Call the listener, and tell whether it was called: not while closing."""
        if self._closing:
            return False
        try:
            call(*args, **kwargs)
        except Exception:
            log.exception("the listener of the connection failed")
        return True

    def _note_failure(self, reason: str) -> None:
        """Log why connecting failed, once per reason."""
        if reason != self._failure:
            log.warning("no connection to %s: %s; trying again", self._url, reason)
        self._failure = reason


@dataclass(frozen=True, slots=True)
class _End:
    """How an attempt to converse with the hub ended."""

    was_up: bool = False
    was_replaced: bool = False


def _cut(socket: ClientConnection) -> None:
    """Free a writer that is stuck on a dead link; what remains is closed by leaving the context."""
    with suppress(OSError):  # closed already
        socket.socket.shutdown(SHUT_RDWR)


def _reason_of(error: Exception) -> str:
    if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
        return "the hub does not accept the credential"
    return str(error) or type(error).__name__


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
