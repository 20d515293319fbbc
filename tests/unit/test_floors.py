"""Imports go down only: a room imports rooms on lower floors, and rooms on one floor do not meet."""

import ast
from pathlib import Path

import pytest

import roboconf_core

ROOT = Path(roboconf_core.__file__).parent

FLOORS = {
    "errors": 0,
    "explanations": 1,
    "model": 1,
    "messages": 1.5,  # messages carry values of the model; the model knows no messages
    "dsl": 2,
    "hooks": 2,
    "agent": 3,
    "dm": 3,
    "documentation": 3,
    "simulation": 4,
    "builtin": 4,
    "cli": 5.5,  # the command line starts the REST server
    "lsp": 5,
    "rest": 5,
    "testing": 5,
}


def modules():
    return sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in FLOORS)


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide the floor"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "roboconf_core" and len(parts) > 1 and parts[1] in FLOORS:
                yield parts[1], node.lineno
            assert not name.startswith(("roboconf_bash", "roboconf_local", "roboconf_puppet")), (
                f"{path}: the core imports a plugin"
            )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_lower_floors_only(path):
    room = room_of(path)
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {other}"
        for other, line in imported_rooms(path)
        if other != room and FLOORS[other] >= FLOORS[room]
    ]
    assert not upward


def test_every_room_has_a_floor():
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(FLOORS)
