"""Runs the program ``dot`` of Graphviz. Source: Graphviz, "Command Line"."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from roboconf_core.documentation.diagram import Diagram
from roboconf_core.documentation.dot import to_dot
from roboconf_core.documentation.svg import finished_svg
from roboconf_core.errors import Code, InvalidModelError

PROGRAM = "dot"
TIMEOUT_S = 60.0
_LESS = "show less, such as --only dependencies; --format dot and --format mermaid need no layout"


def is_installed() -> bool:
    """Tell whether pictures can be drawn."""
    return shutil.which(PROGRAM) is not None


def draw(diagram: Diagram, *, timeout_s: float = TIMEOUT_S) -> str:
    """Return a diagram as SVG.

    Args:
        diagram: What is drawn.
        timeout_s: Seconds that the layout may take.

    Raises:
        InvalidModelError: If ``dot`` is not installed, fails, or takes too long.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        message = f"the program '{PROGRAM}' of Graphviz is not installed"
        raise _failed(message, "apt-get install graphviz; --format mermaid and --format json need no program")
    try:
        with tempfile.TemporaryDirectory(prefix="roboconf-") as empty:  # nothing of the user's is looked up beside
            done = subprocess.run(
                [program, "-Tsvg"],
                input=to_dot(diagram).encode(),
                capture_output=True,
                timeout=timeout_s,
                cwd=Path(empty),
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"'{PROGRAM}' found no layout within {timeout_s:g} s", _LESS) from error
    except OSError as error:
        raise _failed(f"'{program}' cannot be run: {error.strerror or error}", "") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise _failed(f"'{PROGRAM}' failed with status {done.returncode}: {said or 'it says nothing'}", _LESS)
    try:
        return finished_svg(done.stdout.decode(errors="replace"), diagram)
    except ValueError as error:
        raise _failed(f"'{PROGRAM}' printed no picture: {error}", "") from error


def _failed(message: str, hint: str) -> InvalidModelError:
    return InvalidModelError(message, hint=hint, code=Code.CLI_NO_DIAGRAM)
