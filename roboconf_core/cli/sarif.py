"""Problems in SARIF, the format in which code scanners exchange what they find.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from roboconf_core import __version__
from roboconf_core.errors import Code, Problem, Where

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_log(problems: Iterable[Problem], base: Path) -> dict[str, Any]:
    """Return problems as one run of a SARIF log.

    Args:
        problems: What was found; what is wrong with the command line becomes a notification, no result.
        base: Directory that the URIs of files are relative to, absolute.
    """
    found = list(problems)
    results = [problem for problem in found if problem.code is not Code.CLI_USAGE]
    notifications = [_notification(problem) for problem in found if problem.code is Code.CLI_USAGE]
    codes = {code: index for index, code in enumerate(sorted({problem.code for problem in results}))}
    invocation: dict[str, Any] = {"executionSuccessful": not notifications}
    if notifications:
        invocation["toolConfigurationNotifications"] = notifications
    driver = {"name": "roboconf", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes[problem.code], base) for problem in results],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": str(code),
        "shortDescription": {"text": code.title},
        "defaultConfiguration": {"level": str(code.severity)},
    }


def _result(problem: Problem, index: int, base: Path) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": str(problem.code),
        "ruleIndex": index,
        "level": str(problem.severity),
        "message": _message(problem),
    }
    if problem.where is not None and problem.where.file:
        result["locations"] = [{"physicalLocation": _location(problem.where, base)}]
    return result


def _notification(problem: Problem) -> dict[str, Any]:
    return {"descriptor": {"id": str(problem.code)}, "level": str(problem.severity), "message": _message(problem)}


def _message(problem: Problem) -> dict[str, str]:
    hint = f" ({problem.hint})" if problem.hint else ""
    return {"text": f"{problem.message}{hint}"}


def _location(where: Where, base: Path) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": artifact_uri(where.file, base)}}
    if where.line:
        location["region"] = {"startLine": where.line} | ({"startColumn": where.column} if where.column else {})
    return location


def artifact_uri(file: str, base: Path) -> str:
    """Return the URI of a file: relative to a directory where it is below, else absolute.

    Args:
        file: Path, relative to the current directory or absolute.
        base: The directory, absolute.
    """
    path = Path(os.path.normpath(base / file))
    if path != base and path.is_relative_to(base):
        return quote(os.fsencode(path.relative_to(base)))
    return f"file://{quote(os.fsencode(path))}"
