"""The decision cores do no I/O: no clock, socket, file, thread, process or random number is within their reach."""

import ast
from pathlib import Path

import pytest

import roboconf_core

ROOT = Path(roboconf_core.__file__).parent

PURE = {
    "__future__",
    "base64",
    "collections",
    "dataclasses",
    "difflib",
    "enum",
    "functools",
    "graphlib",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "re",
    "shlex",
    "sys",
    "typing",
    "unicodedata",
    "zlib",
}
"""Modules of the standard library that compute and do nothing else."""

OURS = ("errors", "model", "messages")


def modules():
    return sorted(path for room in ("agent", "dm") for path in (ROOT / room / "core").glob("*.py"))


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def is_pure(name, room):
    if not name.startswith("roboconf_core"):
        return name.partition(".")[0] in PURE
    inside = name.removeprefix("roboconf_core.")
    return inside.startswith((f"{room}.core", f"{room}.events", *OURS))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_core_imports_nothing_that_acts(path):
    room = path.relative_to(ROOT).parts[0]
    assert [name for name in imports_of(path) if not is_pure(name, room)] == []


@pytest.mark.parametrize("room", ["model", "messages"])
def test_values_import_nothing_that_acts(room):
    found = {name for path in (ROOT / room).glob("*.py") for name in imports_of(path)}
    assert {
        n for n in found if n.partition(".")[0] not in PURE | {"roboconf_core", "types", "datetime", "time"}
    } == set()


def test_there_are_cores():
    assert len(modules()) > 20
