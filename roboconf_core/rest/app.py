"""The web application: all routes, the messaging of agents, one shape of errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from roboconf_core import __version__
from roboconf_core.rest.problems import install_error_handlers
from roboconf_core.rest.routes_applications import application_routes
from roboconf_core.rest.routes_instances import action_routes, instance_routes
from roboconf_core.rest.routes_system import health_routes, system_routes
from roboconf_core.rest.routes_templates import template_routes
from roboconf_core.rest.security import Guarded, Traced
from roboconf_core.rest.service import Service

API_PREFIX = "/api/v1"
MESSAGING_PREFIX = "/messaging"


def create_app(service: Service, *, messaging: Any = None) -> FastAPI:  # noqa: ANN401 - any ASGI application
    """Return the web application of a running deployment manager.

    Args:
        service: Its parts.
        messaging: ASGI application of the transport, mounted at ``/messaging``; it knows its agents by itself.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.bell.attach()
        yield

    app = FastAPI(title="Roboconf", version=__version__, lifespan=lifespan)
    install_error_handlers(app)
    routers = (system_routes, template_routes, application_routes, instance_routes, action_routes)
    shown_in_openapi = [Depends(HTTPBearer(auto_error=False))]  # the check itself is Guarded's, before anything is read
    for routes in routers:
        app.include_router(routes(service), prefix=API_PREFIX, dependencies=shown_in_openapi)
    app.include_router(health_routes(service))
    if messaging is not None:
        app.mount(MESSAGING_PREFIX, messaging)
    app.add_middleware(Guarded, token=service.info.token, prefix=API_PREFIX, uploads=f"{API_PREFIX}/templates")
    app.add_middleware(Traced)
    return app
