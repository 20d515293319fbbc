"""Asks Puppet itself whether it can read manifests.

Source: ``puppet help parser validate``; its JSON output is that of Puppet 6.9 and newer.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT = 60
"""Seconds until an unanswered question is given up; usual are 0.5 to 2."""


class Fault(NamedTuple):
    """The first thing in a manifest that Puppet cannot read; 0 where Puppet gives no line or column."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What Puppet says about some manifests."""

    faults: dict[Path, Fault] = field(default_factory=dict)
    failure: str = ""
    """Why Puppet could not be asked; empty when it could."""


def ask_puppet(manifests: Iterable[Path]) -> Answer | None:
    """Let Puppet read manifests, all in one call: starting Puppet takes longer than reading them.

    The last answers are remembered as long as the files stay the same.

    Returns:
        None when the program is not installed.
    """
    program = shutil.which("puppet")
    if program is None:
        return None
    files = tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in manifests)
    return _asked(program, files) if files else Answer()


@lru_cache(maxsize=8)
def _asked(program: str, files: tuple[tuple[Path, int, int], ...]) -> Answer:
    paths = [path for path, _, _ in files]
    with tempfile.TemporaryDirectory(prefix="roboconf-puppet-") as empty:
        command = [program, "parser", "validate", "--render-as", "json", "--color", "false"]
        command += ["--confdir", empty, "--vardir", empty]  # settings of this host change nothing, and none are written
        command += [os.path.abspath(path) for path in paths]  # noqa: PTH100 - follows no links, begins with no '-'
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(failure=f"it did not answer within {TIMEOUT} s")
        except OSError as error:
            return Answer(failure=error.strerror or type(error).__name__)
    if done.returncode == 0:
        return Answer()
    faults = _faults_of(done.stdout, {os.path.abspath(path): path for path in paths})  # noqa: PTH100 - as above
    return Answer(faults) if faults else Answer(failure=_last_line(done.stderr) or f"exit status {done.returncode}")


def _faults_of(output: str, paths: dict[str, Path]) -> dict[Path, Fault]:
    """Return the faults of a JSON object ``{file: {"message", "line", "pos"}}``; none when it is something else."""
    try:
        answers: Any = json.loads(output)
    except ValueError:
        return {}
    if not isinstance(answers, dict):
        return {}
    return {
        paths[file]: Fault(str(each.get("message")), each.get("line") or 0, each.get("pos") or 0)
        for file, each in answers.items()
        if file in paths and isinstance(each, dict)
    }


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
