"""The one JSON shape of errors, and which HTTP status an error gets."""

from __future__ import annotations

import errno
import json
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from roboconf_core.errors import (
    Code,
    InvalidModelError,
    InvalidRequestError,
    MessageError,
    NotFoundError,
    Problem,
    RoboconfError,
)
from roboconf_core.rest.logs import trace_id

log = logging.getLogger(__name__)

_STATUS_OF_CODE = {
    Code.DM_NOT_FOUND: 404,
    Code.DM_CONFLICT: 409,
    Code.DM_UNAUTHORIZED: 401,
    Code.DM_TOO_LARGE: 413,
    Code.DM_ENDING: 503,
    Code.DM_STORE: 503,
    Code.DM_INTERNAL: 500,
    Code.DM_INVALID_REQUEST: 400,
}

_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})

_CODE_OF_STATUS = {404: Code.DM_NOT_FOUND, 413: Code.DM_TOO_LARGE}
"""For what the web framework refuses by itself."""


class UnauthorizedError(RoboconfError):
    """The request carries no valid token."""

    code = Code.DM_UNAUTHORIZED


class TooLargeError(RoboconfError):
    """The body of the request is longer than it may be."""

    code = Code.DM_TOO_LARGE


def status_of(error: RoboconfError) -> int:
    """Return the HTTP status of an error: by the code of its first problem, else by its kind, else 422."""
    status = _STATUS_OF_CODE.get(error.problems[0].code)
    if status is not None:
        return status
    match error:
        case NotFoundError():
            return 404
        case InvalidRequestError() | MessageError():
            return 400
        case InvalidModelError():
            return 422
        case _:
            return 422


def plain_problem(problem: Problem) -> dict[str, Any]:
    """Return a problem as ``roboconf validate --json`` prints it."""
    where = problem.where
    return {
        "code": problem.code.value,
        "severity": problem.severity.value,
        "file": where.file if where else "",
        "line": where.line if where else 0,
        "column": where.column if where else 0,
        "message": problem.message,
        "hint": problem.hint,
    }


def error_response(error: RoboconfError) -> JSONResponse:
    """Return an error as an answer."""
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"problems": [plain_problem(problem) for problem in error.problems], "trace": trace_id()}
    return JSONResponse(body, status_code=status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Have every error leave the application in the one shape."""

    @app.exception_handler(RoboconfError)
    async def _refused(_request: Request, error: RoboconfError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(InvalidRequestError(problems=[_invalid_part(part) for part in error.errors()]))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODE_OF_STATUS.get(error.status_code, Code.DM_INVALID_REQUEST)
        message = f"{request.method} {request.url.path}: {error.detail}"
        answer = error_response(RoboconfError(message, code=code, hint="the resources are listed at /docs"))
        answer.status_code = error.status_code
        return answer

    @app.exception_handler(OSError)
    async def _system(request: Request, error: OSError) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        if error.errno in _DISK_ERRORS:
            text = f"the deployment manager cannot write to its home: {error.strerror}"
            return error_response(RoboconfError(text, code=Code.DM_STORE, hint="make room there, and try again"))
        return error_response(_defect(error))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return error_response(_defect(error))


def _defect(error: Exception) -> RoboconfError:
    hint = "the log of the deployment manager (dm.log) says more under this trace"
    return RoboconfError(f"unexpected {type(error).__name__}", code=Code.DM_INTERNAL, hint=hint)


def _invalid_part(part: dict[str, Any]) -> Problem:
    place = ".".join(str(step) for step in part["loc"] if step not in ("body", "query", "path")) or "the body"
    found = part.get("input")
    shown = "" if found is None or isinstance(found, (dict, list)) else f", found {json.dumps(found, default=str)[:80]}"
    return Problem(Code.DM_INVALID_REQUEST, f"'{place}': {part['msg']}{shown}")
