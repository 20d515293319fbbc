"""What all routes share: the runner, the store, and how a request reaches them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.decision import Answer
from roboconf_core.dm.events import UserRequest
from roboconf_core.dm.home import DmInfo, Home
from roboconf_core.dm.runner import Runner
from roboconf_core.dm.store import Store
from roboconf_core.dm.templates import TemplateStore
from roboconf_core.dm.transaction import Transaction
from roboconf_core.errors import InvalidRequestError
from roboconf_core.hooks.manager import Plugins
from roboconf_core.rest.bell import Bell

T = TypeVar("T")

_KEY = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running deployment manager, as the routes use them."""

    home: Home
    info: DmInfo
    core: DmCore
    runner: Runner
    store: Store
    templates: TemplateStore
    plugins: Plugins
    stop: Callable[[], None]
    """Ends the deployment manager; returns at once."""
    bell: Bell = field(default_factory=Bell)
    """Rung after each change."""

    async def read(self, view: Callable[[Memory], T]) -> T:
        """Return what a pure view function shows of the core's memory, on the core's own thread."""
        return await asyncio.wrap_future(self.runner.submit_read(lambda: view(self.core.memory)))

    async def ask(
        self,
        request: Request,
        asked: UserRequest,
        *,
        status: int = 200,
        body: object = None,
        also: Callable[[Transaction], None] | None = None,
    ) -> Response:
        """Hand a user's request to the core and return its answer, once it is stored."""
        answer = await self.ask_for_answer(request, asked, status=status, body=body, also=also)
        return answered(answer)

    async def ask_for_answer(
        self,
        request: Request,
        asked: UserRequest,
        *,
        status: int,
        body: object,
        also: Callable[[Transaction], None] | None = None,
    ) -> Answer:
        """Like ``ask``, for routes that add to the answer."""
        key = idempotency_key(request)
        print_of = fingerprint(request, body) if key else ""
        future = self.runner.submit(asked, user="api", status=status, key=key, fingerprint=print_of, also=also)
        return await asyncio.wrap_future(future)


def answered(answer: Answer, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """Return the core's answer as a response."""
    headers = {"Idempotent-Replay": "true"} if answer.replayed else None
    return JSONResponse({**answer.result, **(more or {})}, status_code=answer.status, headers=headers)


def idempotency_key(request: Request) -> str:
    """Return the request's idempotency key, empty for none.

    Raises:
        InvalidRequestError: If it is not 1 to 128 printable ASCII characters without spaces.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise InvalidRequestError("the Idempotency-Key must be 1 to 128 printable characters", hint="send a UUID")
    return key


def fingerprint(request: Request, body: object) -> str:
    """Return a digest of what a request asks: its method, path and body."""
    text = json.dumps([request.method, request.url.path, str(request.query_params), body], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def page(items: Sequence[T], *, key: Callable[[T], str], after: str, limit: int) -> dict[str, Any]:
    """Return one page of items that are sorted by a key, and the cursor to go on from (None at the end)."""
    rest = [item for item in items if key(item) > after] if after else list(items)
    shown = rest[:limit]
    return {"items": shown, "next": key(shown[-1]) if len(rest) > limit else None}
