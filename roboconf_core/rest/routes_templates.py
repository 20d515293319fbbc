"""``/templates``: application templates."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from roboconf_core.dm.core.state import TemplateRecord
from roboconf_core.dm.events import AddTemplate, RemoveTemplate
from roboconf_core.dm.kept import bundles_text
from roboconf_core.dm.templates import PreparedTemplate
from roboconf_core.dm.transaction import Transaction
from roboconf_core.rest import template_views
from roboconf_core.rest.problems import TooLargeError, plain_problem
from roboconf_core.rest.service import Service, answered, page

MAX_UPLOAD_BYTES = 64 * 1024 * 1024

_ZIP_BODY = {
    "requestBody": {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
}


def template_routes(service: Service) -> APIRouter:
    """Return the routes of templates."""
    routes = APIRouter(prefix="/templates", tags=["templates"])

    @routes.get("", summary="List the templates")
    async def list_templates(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, after: Annotated[str, Query(max_length=512)] = ""
    ) -> dict[str, Any]:
        found = await service.read(template_views.templates)
        return page(found, key=lambda one: f"{one['name']} - {one['version']}", after=after, limit=limit)

    @routes.get("/{name}/{version}", summary="Show a template")
    async def show_template(name: str, version: str) -> dict[str, Any]:
        return await service.read(lambda memory: template_views.template(memory, name, version))

    @routes.post(
        "", status_code=201, summary="Add a template: a ZIP of an application's directory", openapi_extra=_ZIP_BODY
    )
    async def add_template(request: Request) -> Response:
        archive, digest = await _received(request, service.home.uploads)
        try:
            prepared = await run_in_threadpool(service.templates.prepare, archive)
        finally:
            archive.unlink()
        return await _added(service, request, prepared, digest)

    @routes.delete("/{name}/{version}", summary="Forget a template that no application uses")
    async def remove_template(request: Request, name: str, version: str) -> Response:
        return await service.ask(request, RemoveTemplate(name=name, version=version))

    return routes


async def _received(request: Request, directory: Path) -> tuple[Path, str]:
    """Store the body of a request in a new file; return it with the digest of its content."""
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=directory, suffix=".zip", delete=False) as file:
        place = Path(file.name)
        try:
            async for block in request.stream():
                digest.update(block)
                file.write(block)
                if file.tell() > MAX_UPLOAD_BYTES:
                    raise TooLargeError(f"the upload has more than {MAX_UPLOAD_BYTES} bytes")
        except BaseException:
            place.unlink()
            raise
    return place, digest.hexdigest()


async def _added(service: Service, request: Request, prepared: PreparedTemplate, digest: str) -> Response:
    template, content = prepared.template, prepared.content
    name, version = template.descriptor.name, template.descriptor.version
    warnings = {"warnings": [plain_problem(problem) for problem in prepared.warnings]}

    def also(changes: Transaction) -> None:
        changes.set_text(bundles_text(content), json.dumps(dict(template.bundles)))

    record: TemplateRecord | None = await service.read(lambda memory: memory.template_records.get(template.key))
    if record is not None and record.digest == content:
        shown = await service.read(lambda memory: template_views.template(memory, name, version))
        return JSONResponse({**shown, **warnings})
    asked = AddTemplate(template=template, digest=content)
    answer = await service.ask_for_answer(request, asked, status=201, body=digest, also=also)
    return answered(answer, warnings)
