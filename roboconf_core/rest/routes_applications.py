"""``/applications``: applications, and what there is to see of them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from roboconf_core.dm.core import explain, settled, views
from roboconf_core.dm.events import CreateApplication, RemoveApplication
from roboconf_core.dm.templates import check_target
from roboconf_core.dm.transaction import Transaction
from roboconf_core.errors import Code, InvalidModelError, Problem
from roboconf_core.model.application import TargetDefinition
from roboconf_core.rest import bodies
from roboconf_core.rest.service import Service, page

MAX_WAIT_S = 60.0

Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str, Query(max_length=1024)]
PathQuery = Annotated[str, Query(max_length=1024)]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_S)]


def application_routes(service: Service) -> APIRouter:
    """Return the routes of applications as a whole."""
    routes = APIRouter(prefix="/applications", tags=["applications"])

    @routes.get("", summary="List the applications")
    async def list_applications(limit: Limit = 100, after: Cursor = "") -> dict[str, Any]:
        found = await service.read(views.applications)
        return page(found, key=lambda one: str(one["name"]), after=after, limit=limit)

    @routes.post("", status_code=201, summary="Create an application; nothing is deployed yet")
    async def create_application(request: Request, body: bodies.NewApplication) -> Response:
        target = _definition(body.default_target)
        await _check_targets(service, body, target)
        asked = CreateApplication(
            name=body.name,
            template=body.template,
            version=body.version,
            description=body.description,
            default_target=target,
        )
        return await service.ask(request, asked, status=201, body=body.model_dump())

    @routes.get("/{app}", summary="Show the tree of machines and instances")
    async def show_application(app: str) -> dict[str, Any]:
        return await service.read(lambda memory: views.application(memory, app))

    @routes.delete("/{app}", summary="Forget an application of which nothing is deployed")
    async def remove_application(request: Request, app: str, purge: bool = False) -> Response:
        def also(changes: Transaction) -> None:
            changes.forget_history(app)

        return await service.ask(request, RemoveApplication(name=app), body=purge, also=also if purge else None)

    @routes.get("/{app}/explain", summary="Tell why each instance is as it is, and what it waits for")
    async def explain_instances(app: str, path: PathQuery = "") -> dict[str, Any]:
        return await service.read(lambda memory: explain.explain(memory, app, path, now=time.time()))

    @routes.get("/{app}/logs", summary="Show what actions printed, the newest ones, oldest first")
    async def show_logs(app: str, path: PathQuery = "", limit: Limit = 20) -> dict[str, Any]:
        await service.read(lambda memory: views.instances(memory, app, path))  # refuses unknown names
        return {
            "items": await run_in_threadpool(service.store.newest_actions, app, path=path, limit=limit),
            "next": None,
        }

    @routes.get("/{app}/settled", summary="Tell whether an application is at rest, and what prevents it")
    async def show_settled(app: str, wait_s: Wait = 0.0) -> dict[str, Any]:
        until, blocked = asyncio.get_running_loop().time() + wait_s, ""
        while True:  # after each change: this must be cheap
            ring = service.bell.next_ring()
            blocked = await service.read(partial(settled.blocked, application=app, suspect=blocked))
            if not blocked:
                return {"settled": True, "blockers": []}
            if not await service.bell.wait(ring, until):
                return await service.read(partial(settled.settled, application=app))

    return routes


def _definition(target: bodies.Target | None) -> TargetDefinition | None:
    if target is None:
        return None
    return TargetDefinition(
        id=target.id or target.handler, handler=target.handler, name=target.name, properties=target.properties
    )


async def _check_targets(service: Service, body: bodies.NewApplication, default: TargetDefinition | None) -> None:
    """Refuse targets that could never create a machine, before an application depends on them."""
    key = f"{body.template} - {body.version}"
    template = await service.read(lambda memory: memory.templates.get(key))
    targets = {target.id: target for target in (template.targets.values() if template else ())}
    if default is not None:
        targets[default.id] = default
    problems = [problem for target in targets.values() for problem in _named(service, target)]
    if problems:
        raise InvalidModelError(problems=problems)


def _named(service: Service, target: TargetDefinition) -> list[Problem]:
    return [
        Problem(found.code, f"target '{target.id}': {found.message}", hint=found.hint)
        for found in check_target(target, service.plugins)
        if found.code is not Code.PLUGIN_MISSING
    ]
