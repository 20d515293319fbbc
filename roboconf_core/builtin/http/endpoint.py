"""The hub's websocket, as a plain ASGI application; one coroutine and one writer per agent."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from roboconf_core.builtin.http.frames import (
    NOT_VALID,
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
    decode_agent_frames,
    encode_frame,
    encode_frames,
)
from roboconf_core.builtin.hub.credentials import digest_of
from roboconf_core.builtin.hub.hub import Hub
from roboconf_core.builtin.hub.values import Came, Deliver, Left, Opened, Refuse
from roboconf_core.errors import MessageError, TransportError

log = logging.getLogger(__name__)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

GOING_AWAY = 1012
"""Close code: the hub restarts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the hub waits for an agent, in seconds, and how much it takes at once."""

    silence_s: float = 15.0
    """An agent that sends nothing for so long, not even a ping, is gone."""
    frames: int = 256
    """Frames that may wait for the hub; then the agent is not read until they are stored."""
    bytes: int = 8 * 1024 * 1024
    """The same, in bytes."""


class Endpoint:
    """The ASGI application; any path."""

    def __init__(self, hub: Hub, patience: Patience | None = None) -> None:
        self._hub = hub
        self._patience = patience or Patience()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._serve(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 426, "headers": [(b"upgrade", b"websocket")]})
            await send({"type": "http.response.body", "body": b"agents connect here by websocket\n"})
        else:
            raise NotImplementedError(f"scope {scope['type']}")  # how ASGI says that a scope is not supported

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        digest = digest_of(_bearer_token(scope))
        try:
            agent = await asyncio.wrap_future(self._hub.agent_of(digest))
        except TransportError:
            await _deny(scope, send, 503)
            return
        if agent is None:
            log.warning("a connection without a valid credential from %s was refused", (scope.get("client") or "?")[0])
            await _deny(scope, send, 401)
            return
        await send({"type": "websocket.accept"})
        socket = _Socket(self._hub, agent, digest, self._patience, receive, send)
        await socket.serve()


class _Socket:
    """One accepted websocket; a ``Link`` of the hub. All but ``tell`` and ``end`` belongs to the event loop."""

    def __init__(self, hub: Hub, agent: str, digest: str, patience: Patience, receive: Receive, send: Send) -> None:
        self._hub = hub
        self._agent = agent
        self._digest = digest
        self._patience = patience
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._outgoing: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._number: int | None = None
        self._close: tuple[int, str] | None = None
        """Code and reason with which this side ends the connection; None when the agent's side did."""

    async def serve(self) -> None:
        """Pass frames on until either side ends."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            if self._number is not None:
                self._hub.detach(self._number)
        if self._close is not None:
            code, reason = self._close
            with suppress(OSError):  # the agent left first
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        for result in results:
            if isinstance(result, Exception):
                raise result

    # --- for the hub's thread: a Link

    def tell(self, outputs: Sequence[Opened | Deliver | Refuse | Came | Left], confirmed: int) -> None:
        """Send on what the hub tells."""
        frames = [frame for output in outputs if (frame := _frame_of(output)) is not None]
        if confirmed:
            frames.append(Confirm(confirmed))
        messages = list(encode_frames(frames))
        self._call(lambda: self._outgoing.extend(messages))

    def end(self, reason: str, *, replaced: bool) -> None:
        """Close the connection, after what was told before."""
        restarts = self._hub.is_closing
        code = REPLACED if replaced else GOING_AWAY if restarts else NOT_VALID
        self._call(lambda: self._end_with(code, reason))

    def _call(self, change: Callable[[], None]) -> None:
        def changed() -> None:
            change()
            self._news.set()

        with suppress(RuntimeError):  # the web server is gone, and this connection with it
            self._loop.call_soon_threadsafe(changed)

    # --- in the event loop

    def _end_with(self, code: int, reason: str) -> None:
        self._close = self._close or (code, reason)

    async def _write(self) -> None:
        while self._close is None or self._outgoing:
            await self._news.wait()
            self._news.clear()
            while self._outgoing:
                try:
                    await self._send({"type": "websocket.send", "bytes": self._outgoing.popleft()})
                except OSError:
                    return  # the agent left; the reader sees it too

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._patience.silence_s) as patience:
                await self._read_frames(patience)
        except TimeoutError:
            log.warning("nothing was heard of %s for %g s", self._agent, self._patience.silence_s)
            self._end_with(GOING_AWAY, "nothing was heard for too long")
        except MessageError as error:
            log.warning("%s sent what cannot be understood: %s", self._agent, error)
            self._end_with(NOT_VALID, "a frame cannot be understood")
        except TransportError:
            self._end_with(GOING_AWAY, "the message hub is closed")

    async def _read_frames(self, patience: asyncio.Timeout) -> None:
        frames = size = 0
        while (data := await self._next_bytes()) is not None:
            patience.reschedule(self._loop.time() + self._patience.silence_s)
            together = decode_agent_frames(data)
            for frame in together:
                self._take(frame)
            frames, size = frames + len(together), size + len(data)
            if frames >= self._patience.frames or size >= self._patience.bytes:
                patience.reschedule(None)
                await asyncio.wrap_future(self._hub.barrier())
                patience.reschedule(self._loop.time() + self._patience.silence_s)
                frames = size = 0

    async def _next_bytes(self) -> bytes | None:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return None
        data = event.get("bytes")
        if not isinstance(data, bytes):
            raise MessageError("frames are binary")
        return data

    def _take(self, frame: AgentFrame) -> None:
        if isinstance(frame, Open) is (self._number is not None):
            raise MessageError("a connection begins with one frame 'open'")
        match frame:
            case Open(session=session):
                self._number = self._hub.attach(self, session, digest=self._digest)
            case Ping():
                self._outgoing.append(encode_frame(Pong()))
                self._news.set()
            case Acknowledge(tags=tags):
                self._hub.acknowledge(self._number or 0, tags)
            case _:
                self._hub.take(self._number or 0, frame)


def _frame_of(output: Opened | Deliver | Refuse | Came | Left) -> HubFrame | None:
    match output:
        case Deliver(entry=entry):
            if entry.is_marker:
                return Overflowed(entry.seq)
            return Message(entry.seq, entry.sender, entry.topic, entry.payload)
        case Opened(number=number):
            return Welcome(number)
        case Refuse(number=number, reason=reason):
            return Refused(number, reason)
        case _:
            return None  # only the deployment manager hears who comes and leaves


def _bearer_token(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name.lower() == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:], "latin-1").strip()
    return ""


async def _deny(scope: Scope, send: Send, status: int) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": status, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close"})
