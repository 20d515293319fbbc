"""Who may ask, and where the API listens."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from roboconf_core.errors import Code, RoboconfError
from roboconf_core.rest.logs import set_trace_id
from roboconf_core.rest.problems import UnauthorizedError, error_response

MAX_BODY_BYTES = 1024 * 1024
"""Of requests other than uploads."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(32)


class Guarded:
    """ASGI middleware: below a prefix, nothing is read of a request without ``Authorization: Bearer TOKEN``.

    Bodies are bounded too; those of uploads by their own route, which streams them.
    """

    def __init__(self, app: AsgiApp, *, token: str, prefix: str, uploads: str) -> None:
        self._app = app
        self._token = token.encode()
        self._prefix = prefix
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(self._prefix + "/"):
            await self._app(scope, receive, send)
        elif not self._is_authorized(scope):
            hint = "send 'Authorization: Bearer TOKEN'; the token is in dm.json of the deployment manager's home"
            refusal = error_response(UnauthorizedError("the request carries no valid token", hint=hint))
            await refusal(scope, receive, send)
        else:
            is_upload = scope["path"].rstrip("/") == self._uploads
            await self._app(scope, receive if is_upload else _bounded(receive), send)

    def _is_authorized(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, token = given[0].partition(b" ")
        return scheme.lower() == b"bearer" and secrets.compare_digest(token.strip(), self._token)


def _bounded(receive: Receive) -> Receive:
    """Return a ``receive`` that refuses a body of more than ``MAX_BODY_BYTES``."""
    taken = 0

    async def receive_bounded() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body has more than {MAX_BODY_BYTES} bytes")
        return message

    return receive_bounded


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
