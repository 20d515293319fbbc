"""The deployment manager itself: who it is, what happened, agents, plugins, its end."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from roboconf_core.dm.core import views
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.store import StoredEvent
from roboconf_core.hooks.manager import Plugin
from roboconf_core.hooks.properties import PropertySpec
from roboconf_core.rest.problems import plain_problem
from roboconf_core.rest.routes_applications import Cursor, Limit, Wait
from roboconf_core.rest.service import Service, page

API_VERSION = 1


def system_routes(service: Service) -> APIRouter:
    """Return the routes of the deployment manager itself."""
    routes = APIRouter(tags=["system"])

    @routes.get("", summary="Tell who this deployment manager is")
    @routes.get("/", include_in_schema=False)
    async def about() -> dict[str, Any]:
        return await _about(service)

    @routes.get("/events", summary="Replay what happened from a cursor on, or wait for what comes")
    async def list_events(
        application: str = "",
        after: Annotated[int | None, Query(ge=0)] = None,
        limit: Limit = 100,
        wait_s: Wait = 0.0,
    ) -> dict[str, Any]:
        return await _events(service, application, after, limit, wait_s)

    @routes.get("/agents", summary="List the agents")
    async def list_agents(limit: Limit = 100, after: Cursor = "") -> dict[str, Any]:
        found = await service.read(views.agents)
        return page(found, key=lambda one: str(one["agent"]), after=after, limit=limit)

    @routes.get("/plugins", summary="List the plugins: what they offer, and why a part failed to load")
    async def list_plugins(limit: Limit = 100, after: Cursor = "") -> dict[str, Any]:
        found = [plain_plugin(plugin) for plugin in sorted(service.plugins.all, key=lambda p: p.name)]
        return page(found, key=lambda one: str(one["name"]), after=after, limit=limit)

    @routes.post("/shutdown", status_code=202, summary="End the deployment manager; agents and instances stay")
    async def shut_down() -> Response:
        service.stop()
        return JSONResponse({"ending": True}, status_code=202)

    return routes


def health_routes(service: Service) -> APIRouter:
    """Return the routes that need no token."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="Tell whether the process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/readyz", summary="Tell whether requests are decided and stored")
    async def readyz() -> Response:
        ready = service.runner.alive
        return JSONResponse({"status": "ready" if ready else "ending"}, status_code=200 if ready else 503)

    return routes


def plain_event(event: StoredEvent) -> dict[str, Any]:
    """Return an event as users see it."""
    return asdict(event)


def plain_plugin(plugin: Plugin) -> dict[str, Any]:
    """Return what a plugin is and offers; properties are shown as they are declared."""
    targets = [
        {
            "names": list(target.names),
            "purpose": target.purpose,
            "shared_host": target.shared_host,
            "properties": [_plain_property(spec) for spec in target.properties],
        }
        for target in plugin.targets
    ]
    transports = [
        {
            "name": transport.name,
            "purpose": transport.purpose,
            "properties": [_plain_property(spec) for spec in transport.properties],
        }
        for transport in plugin.transports
    ]
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "installers": [{"names": list(one.names), "purpose": one.purpose} for one in plugin.installers],
        "targets": targets,
        "transports": transports,
        "problems": [plain_problem(problem) for problem in plugin.problems],
    }


def _plain_property(spec: PropertySpec) -> dict[str, Any]:
    return asdict(spec) | {"type": spec.type.value, "choices": list(spec.choices)}


async def _about(service: Service) -> dict[str, Any]:
    def count(memory: Memory) -> dict[str, Any]:
        found = views.agents(memory)
        connected = sum(1 for agent in found if agent["connected"])
        return {"applications": len(memory.applications), "agents": {"known": len(found), "connected": connected}}

    info = service.info
    return {
        "version": info.version,
        "api_version": API_VERSION,
        "dm_id": info.dm_id,
        "url": info.url,
        "started": info.started,
        "dropped": asdict(service.runner.counters),
        **await service.read(count),
    }


async def _events(service: Service, application: str, after: int | None, limit: int, wait_s: float) -> dict[str, Any]:
    store, until = service.store, asyncio.get_running_loop().time() + wait_s
    if after is None:
        last = await run_in_threadpool(store.newest_event_id)
        newest = await run_in_threadpool(store.newest_events, application=application, limit=limit)
        return {"items": [plain_event(event) for event in newest], "next": max([last, *(e.id for e in newest)])}
    while True:
        ring = service.bell.next_ring()
        found = await run_in_threadpool(store.events_after, after, application=application, limit=limit)
        if found or not await service.bell.wait(ring, until):
            return {"items": [plain_event(event) for event in found], "next": found[-1].id if found else after}
