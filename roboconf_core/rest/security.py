"""Who may ask, and where the API listens."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import Request

from roboconf_core.errors import Code, RoboconfError
from roboconf_core.rest.logs import set_trace_id
from roboconf_core.rest.problems import UnauthorizedError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(32)


class TokenRequired:
    """Lets a request in when it carries ``Authorization: Bearer TOKEN``; a FastAPI dependency."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def __call__(self, request: Request) -> None:
        """Raise ``UnauthorizedError`` unless the token is right."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), self._token):
            hint = "send 'Authorization: Bearer TOKEN'; the token is in dm.json of the deployment manager's home"
            raise UnauthorizedError("the request carries no valid token", hint=hint)


class Traced:
    """ASGI middleware: gives each request a trace, which goes into its answer and into the log."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = secrets.token_hex(6)
        set_trace_id(trace)

        async def send_traced(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace.encode())]
            await send(message)

        await self._app(scope, receive, send_traced)


def check_clear_text(host: str, *, insecure_clear_text: bool) -> None:
    """Refuse to serve in clear text where others could listen.

    Raises:
        RoboconfError: If the host is not a loopback address and that was not explicitly allowed.
    """
    if insecure_clear_text or is_loopback(host):
        return
    raise RoboconfError(
        f"the API would be served in clear text on {host}, where tokens can be overheard",
        code=Code.DM_CLEAR_TEXT,
        hint="listen on 127.0.0.1 behind a TLS proxy, or allow it with --insecure-clear-text",
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host's text is a loopback address or ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
