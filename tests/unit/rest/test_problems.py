"""Errors leave the API in one shape, each with the status that fits."""

import asyncio
import errno
import os

import httpx
import pytest
from fastapi import FastAPI

from roboconf_core.errors import ConflictError
from roboconf_core.rest.problems import install_error_handlers


def answer_to(error):
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    async def fail():
        raise error

    async def ask():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://manager") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    (problem,) = answer.json()["problems"]
    return answer.status_code, problem


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_nothing_is_no_defect_but_told_as_it_is(number):
    status, problem = answer_to(OSError(number, os.strerror(number), "/home/templates/x"))
    assert (status, problem["code"]) == (503, "DM_STORE")
    assert os.strerror(number) in problem["message"]


def test_another_error_of_the_system_is_a_defect():
    status, problem = answer_to(FileNotFoundError(errno.ENOENT, "gone", "x"))
    assert (status, problem["code"]) == (500, "DM_INTERNAL")
    assert "FileNotFoundError" in problem["message"]


def test_a_conflict_is_409():
    assert answer_to(ConflictError("taken"))[0] == 409
