"""The connection of a command to the deployment manager of its home."""

from __future__ import annotations

from pathlib import Path

from roboconf_core.cli.client import HOW_TO_START, Client, NoManagerError
from roboconf_core.dm.home import DmInfo, Home, default_directory
from roboconf_core.errors import InvalidRequestError

BRING_BACK = "`roboconf dm --background` brings it back as it was; agents and applications go on meanwhile"


def the_home() -> Home:
    """Return the home that the environment names.

    Raises:
        InvalidRequestError: If it is relative to a working directory that is gone.
    """
    try:
        return Home(default_directory())
    except FileNotFoundError as error:
        hint = "change to another directory, or set ROBOCONF_HOME to an absolute path"
        raise InvalidRequestError("the working directory does not exist any more", hint=hint) from error


def connected(home: Home | None = None) -> Client:
    """Return a client of a home's deployment manager; to be used in a ``with`` statement.

    The token is sent to the process that owns the home, never to another one that took its port.

    Raises:
        NoManagerError: If none runs there.
        InvalidRequestError: If the home belongs to somebody else.
    """
    home = home or the_home()
    info = _read(home)
    if info is None or not _is_alive(info) or not home.is_running():
        raise _nobody(home, info)
    return Client(info.url, info.token)


def _read(home: Home) -> DmInfo | None:
    try:
        with home.dm_file.open("rb"):
            return home.read()
    except PermissionError as error:
        hint = "set ROBOCONF_HOME to a directory of your own"
        raise InvalidRequestError(f"{home.directory} belongs to another user", hint=hint) from error
    except OSError:
        return None


def _is_alive(info: DmInfo) -> bool:
    return info.pid is not None and Path(f"/proc/{info.pid}").exists()


def _nobody(home: Home, info: DmInfo | None) -> NoManagerError:
    if home.is_running():
        return NoManagerError(f"the deployment manager of {home.directory} is starting or ending", hint="try again")
    if info is not None and info.pid is not None:
        text = f"the deployment manager of {home.directory} ended unexpectedly: process {info.pid} is gone"
        return NoManagerError(text, hint=BRING_BACK)
    return NoManagerError(f"no deployment manager runs in {home.directory}", hint=HOW_TO_START)
