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
POLL_S = 0.05


def answers(home: Home) -> bool:
    """Tell whether the home's deployment manager serves requests; one that is ending does not."""
    try:
        with connected(home) as client:
            client.get("")
    except NoManagerError:
        return False
    except RoboconfError as error:
        if error.problems[0].code is Code.DM_ENDING:
            return False
        raise
    return True


def ensure(home: Home, *, port: int | None = None, starting: Callable[[], None] = lambda: None) -> bool:
    """Have a deployment manager serve the home; return True if it was started here.

    Two callers at once start one: the second waits for the first.

    Args:
        home: Of the deployment manager.
        port: Of the API when none runs yet; None for the one used before, or a free one.
        starting: Called right before the process is started.

    Raises:
        RoboconfError: If it does not come up; what it said is told.
    """
    home.prepare()
    with _locked(home.directory / "start.lock"):
        if serves_soon(home):
            return False
        starting()
        output = home.directory / "dm.out"
        said = output.stat().st_size if output.exists() else 0
        _wait_until_it_serves(home, _spawn(home, port, output), lambda: _read_from(output, said))
        return True


def was_here(home: Home) -> bool:
    """Tell whether a deployment manager may have left something behind: one that was killed, or that left agents."""
    try:
        return home.database.exists() and home.read() is not None
    except OSError:
        return False


def serves_soon(home: Home, *, patience_s: float = 0.0) -> bool:
    """Wait for a deployment manager that is starting or ending; return whether it serves.

    Args:
        home: Of the deployment manager.
        patience_s: How long one that does not even run is waited for, in seconds.

    Raises:
        RoboconfError: If one runs, but does not answer.
    """
    begin = time.monotonic()
    while not answers(home):
        waited = time.monotonic() - begin
        if waited >= patience_s and not home.is_running():
            return False
        if waited > START_TIMEOUT_S:
            text = f"the deployment manager of {home.directory} runs, but does not answer"
            raise RoboconfError(text, code=Code.CLI_NO_DM, hint=f"see {home.log_file}, or end its process")
        time.sleep(POLL_S)
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
        time.sleep(POLL_S)


def _spawn(home: Home, port: int | None, output: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "roboconf_core.rest", "--home", str(home.directory)]
    if port is not None:
        command += ["--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with output.open("ab") as stream:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd=home.directory,
            env=environment,
        )


def _wait_until_it_serves(home: Home, process: subprocess.Popen[bytes], said: Callable[[], str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    hint = f"more is in {home.log_file}"
    while not answers(home):
        if process.poll() is not None:
            reason = said().removeprefix("error ") or f"its process ended with exit status {process.returncode}"
            raise RoboconfError(f"the deployment manager could not start: {reason}", code=Code.CLI_NO_DM, hint=hint)
        if time.monotonic() > deadline:
            process.terminate()
            text = f"the deployment manager does not serve after {START_TIMEOUT_S:.0f} s"
            raise RoboconfError(text, code=Code.CLI_NO_DM, hint=hint)
        time.sleep(POLL_S)


def _read_from(file: Path, position: int) -> str:
    with file.open("rb") as stream:
        stream.seek(position)
        return stream.read()[-4000:].decode(errors="replace").strip()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
