"""Starts the deployment manager of a home in the background, waits until it serves, and ends it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from roboconf_core.cli.client import NoManagerError
from roboconf_core.cli.connection import connected
from roboconf_core.dm.home import Home
from roboconf_core.errors import Code, RoboconfError

START_TIMEOUT_S = 60.0


def answers(home: Home) -> bool:
    """Tell whether the home's deployment manager serves requests."""
    try:
        with connected(home) as client:
            client.get("")
    except NoManagerError:
        return False
    return True


def ensure(home: Home, *, port: int | None = None, starting: Callable[[], None] = lambda: None) -> bool:
    """Have a deployment manager serve the home; return True if it was started here.

    Two callers at once start one: the second waits for the first.

    Args:
        home: Of the deployment manager.
        port: Of the API when none runs yet; None for the one used before, or a free one.
        starting: Called right before the process is started.

    Raises:
        RoboconfError: If it does not come up; the end of its log is told.
    """
    home.prepare()
    with _locked(home.directory / "start.lock"):
        if answers(home):
            return False
        starting()
        _wait_until_it_serves(home, _spawn(home, port))
        return True


def end(home: Home, *, timeout_s: float = 30.0) -> None:
    """End the home's deployment manager and wait until its process is gone.

    Raises:
        RoboconfError: If it is still there after the time-out.
    """
    with connected(home) as client:
        client.post("/shutdown")
    deadline = time.monotonic() + timeout_s
    while home.is_running():
        if time.monotonic() > deadline:
            raise RoboconfError(f"the deployment manager did not end within {timeout_s:.0f} s", code=Code.CLI_NO_DM)
        time.sleep(0.05)


def _spawn(home: Home, port: int | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "roboconf_core.rest", "--home", str(home.directory)]
    if port is not None:
        command += ["--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with _output(home).open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=home.directory,
            env=environment,
        )


def _wait_until_it_serves(home: Home, process: subprocess.Popen[bytes]) -> None:
    before = _output(home).stat().st_size
    deadline = time.monotonic() + START_TIMEOUT_S
    while not answers(home):
        if process.poll() is not None:
            with _output(home).open("rb") as output:
                output.seek(before)
                said = output.read()[-4000:].decode(errors="replace").strip()
            text = f"the deployment manager ended while it started (exit status {process.returncode})"
            raise RoboconfError(f"{text}:\n{said}", code=Code.CLI_NO_DM, hint=f"more is in {home.log_file}")
        if time.monotonic() > deadline:
            process.terminate()
            raise RoboconfError(
                f"the deployment manager does not serve after {START_TIMEOUT_S:.0f} s",
                code=Code.CLI_NO_DM,
                hint=f"more is in {home.log_file}",
            )
        time.sleep(0.05)


def _output(home: Home) -> Path:
    return home.directory / "dm.out"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
