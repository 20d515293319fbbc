"""Which script of a recipe serves an action, and how it is run.

Source: Roboconf user guide, "Script Plug-in"; where that leaves the choice open
(``start.py`` beside ``start-db.rb``), ours is the same on every machine.
"""

from __future__ import annotations

import logging
import re
import shutil
import stat
from pathlib import Path

from roboconf_core.errors import LifecycleError
from roboconf_core.model.lifecycle import Action

log = logging.getLogger(__name__)

SCRIPTS = "scripts"
TEMPLATE_SUFFIX = ".j2"
_LEFT_BY_EDITORS = re.compile(r".*(~|\.(bak|orig|rej|swp|tmp|dpkg-\w+))")
_EXTENSION = re.compile(r"\.\w+")
_FALLBACK_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


def candidates(action: Action, directory: Path) -> list[str]:
    """Return the names in ``scripts`` that can serve an action, the chosen one first.

    That is ``<action>.sh``, else the action's name alone or followed by ``.``, ``-`` or
    ``_`` and anything: ``start``, then ``start.py``, then ``start-db.rb``, each group in
    alphabetical order. ``startup-lib.sh`` is no start script. A ``status`` script, which
    recipes of the original do not know, is only ``status`` or ``status.<extension>``.
    A template counts under the name that it is rendered to.
    """
    found = {n for n in _names(directory / SCRIPTS) if _serves(action, n) and not _LEFT_BY_EDITORS.fullmatch(n)}
    return sorted(found, key=lambda name: _rank(action, name))


def _serves(action: Action, name: str) -> bool:
    if not name.startswith(action.value):
        return False
    rest = name.removeprefix(action.value)
    if action is Action.STATUS:
        return not rest or _EXTENSION.fullmatch(rest) is not None
    return rest[:1] in ("", ".", "-", "_")


def script_for(action: Action, directory: Path) -> str | None:
    """Return the name of the script in ``scripts`` that serves an action, or None."""
    names = candidates(action, directory)
    if len(names) > 1 and names[0] != f"{action}.sh":
        log.warning("several scripts fit the action %s: %s; %s is taken", action, ", ".join(names), names[0])
    return names[0] if names else None


def make_executable(path: Path) -> None:
    """Let whoever may read a file execute it; links are left alone."""
    mode = path.lstat().st_mode
    wanted = mode | (mode & 0o444) >> 2
    if stat.S_ISREG(mode) and wanted != mode:
        path.chmod(stat.S_IMODE(wanted))


def make_all_executable(directory: Path) -> None:
    """Give the execute bit to every visible file of ``scripts``, at any depth."""
    for path in _visible(directory / SCRIPTS):
        make_executable(path)


def argv_for(script: Path) -> tuple[str, ...]:
    """Return how a script is run: by itself, or by a shell when it has no ``#!`` line, as a shell would do.

    Raises:
        LifecycleError: If its interpreter is not on this machine.
    """
    with script.open("rb") as file:
        first = file.readline(4096)
    if first.startswith(b"#!"):
        _check_interpreter(script, first)
        return (str(script),)
    if b"\0" in first:
        return (str(script),)
    return (_fallback_shell(), str(script))


def _check_interpreter(script: Path, first: bytes) -> None:
    name = f"{script.parent.name}/{script.name}"
    if first.endswith(b"\r\n"):
        raise LifecycleError(f"{name} has Windows line ends", hint="convert it with dos2unix")
    words = first[2:].split()
    interpreter = words[0].decode(errors="replace") if words else ""
    if shutil.which(interpreter) is None:
        message = f"{name} asks for the interpreter '{interpreter}', which is not on this machine"
        raise LifecycleError(message, hint="install it with a deploy script, or correct the first line")


def _fallback_shell() -> str:
    for shell in _FALLBACK_SHELLS:
        if shutil.which(shell):
            return shell
    raise LifecycleError("neither bash nor sh is on this machine")


def _names(directory: Path) -> set[str]:
    if not directory.is_dir():
        return set()
    return {
        path.name.removesuffix(TEMPLATE_SUFFIX)
        for path in directory.iterdir()
        if not path.name.startswith(".") and path.is_file()
    }


def _rank(action: Action, name: str) -> tuple[bool, bool, bool, str]:
    rest = name.removeprefix(action.value)
    return (rest != ".sh", rest != "", rest.count(".") != 1 or not rest.startswith("."), name)


def _visible(directory: Path) -> list[Path]:
    if directory.is_symlink() or not directory.is_dir():
        return []
    found: list[Path] = []
    for path in sorted(directory.iterdir()):
        if path.name.startswith("."):
            continue
        found += _visible(path) if path.is_dir() and not path.is_symlink() else [path]
    return found
