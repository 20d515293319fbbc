"""``/applications/{app}/...``: instances, and what can be wanted of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from roboconf_core.dm.core import views
from roboconf_core.dm.events import (
    ChangeDesired,
    CreateInstance,
    RemoveInstance,
    ReplicateInstance,
    RestartAgent,
    Retry,
    Scale,
    UserRequest,
)
from roboconf_core.errors import InvalidRequestError
from roboconf_core.model.lifecycle import Desired
from roboconf_core.rest import bodies
from roboconf_core.rest.routes_applications import Cursor, Limit, PathQuery
from roboconf_core.rest.service import Service, page


def instance_routes(service: Service) -> APIRouter:
    """Return the routes of the instances of one application."""
    routes = APIRouter(prefix="/applications/{app}/instances", tags=["instances"])

    @routes.get("", summary="List all instances by path, or show one with its subtree")
    async def list_instances(app: str, path: PathQuery = "", limit: Limit = 100, after: Cursor = "") -> dict[str, Any]:
        if path:
            return await service.read(lambda memory: views.instance(memory, app, path))
        found = await service.read(lambda memory: views.instances(memory, app, ""))
        return page(found, key=lambda one: str(one["path"]), after=after, limit=limit)

    @routes.post("", status_code=201, summary="Add an instance, not deployed")
    async def create_instance(request: Request, app: str, body: bodies.NewInstance) -> Response:
        asked = CreateInstance(
            application=app, parent=body.parent, name=body.name, component=body.component, overrides=body.overrides
        )
        return await service.ask(request, asked, status=201, body=body.model_dump())

    @routes.delete("", summary="Remove an instance with its subtree, all not deployed")
    async def remove_instance(request: Request, app: str, path: PathQuery) -> Response:
        return await service.ask(request, RemoveInstance(application=app, path=_path(path)))

    return routes


def action_routes(service: Service) -> APIRouter:
    """Return the routes of what can be wanted of instances; they answer once it is stored, not once it is reached."""
    routes = APIRouter(prefix="/applications/{app}", tags=["actions"])

    async def ask(request: Request, asked: UserRequest, body: BaseModel, status: int = 202) -> Response:
        return await service.ask(request, asked, status=status, body=body.model_dump())

    @routes.post("/deploy", status_code=202, summary="Want instances deployed; what is started stays started")
    async def deploy(request: Request, app: str, body: bodies.Deploy) -> Response:
        subtree = body.all or not body.path
        desired = Desired.DEPLOYED_STOPPED
        asked = ChangeDesired(application=app, path=body.path, desired=desired, subtree=subtree, at_least=True)
        return await ask(request, asked, body)

    @routes.post("/start", status_code=202, summary="Want an instance started, with all of its subtree if told so")
    async def start(request: Request, app: str, body: bodies.Start) -> Response:
        subtree = body.all or not body.path
        desired = Desired.DEPLOYED_STARTED
        return await ask(
            request, ChangeDesired(application=app, path=body.path, desired=desired, subtree=subtree), body
        )

    @routes.post("/stop", status_code=202, summary="Want a subtree stopped; machines are kept")
    async def stop(request: Request, app: str, body: bodies.OnPath) -> Response:
        desired = Desired.DEPLOYED_STOPPED
        return await ask(request, ChangeDesired(application=app, path=body.path, desired=desired), body)

    @routes.post("/undeploy", status_code=202, summary="Want a subtree not deployed; machines are terminated")
    async def undeploy(request: Request, app: str, body: bodies.OnPath) -> Response:
        desired = Desired.NOT_DEPLOYED
        return await ask(request, ChangeDesired(application=app, path=body.path, desired=desired), body)

    @routes.post("/replicate", status_code=201, summary="Copy an instance with its subtree, not deployed")
    async def replicate(request: Request, app: str, body: bodies.Replicate) -> Response:
        asked = ReplicateInstance(application=app, path=_path(body.path), name=body.name)
        return await ask(request, asked, body, 201)

    @routes.post("/scale", status_code=202, summary="Want so many replicas of a machine")
    async def scale(request: Request, app: str, body: bodies.Scale) -> Response:
        return await ask(request, Scale(application=app, path=_path(body.path), to=body.to), body)

    @routes.post("/retry", status_code=202, summary="Try again what failed")
    async def retry(request: Request, app: str, body: bodies.OnPath) -> Response:
        return await ask(request, Retry(application=app, path=body.path), body)

    @routes.post("/restart-agent", status_code=202, summary="Start the agent of a machine again")
    async def restart_agent(request: Request, app: str, body: bodies.OnMachine) -> Response:
        return await ask(request, RestartAgent(application=app, path=_path(body.path)), body)

    return routes


def _path(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidRequestError(f"'{path}' is no instance path", hint="paths start with a slash, such as /web-vm/web")
    return path
