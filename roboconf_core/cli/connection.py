"""The connection of a command to the deployment manager of its home."""

from __future__ import annotations

from roboconf_core.cli.client import HOW_TO_START, Client, NoManagerError
from roboconf_core.dm.home import Home, default_directory


def the_home() -> Home:
    """Return the home that the environment names."""
    return Home(default_directory())


def connected(home: Home | None = None) -> Client:
    """Return a client of a home's deployment manager; to be used in a ``with`` statement.

    Raises:
        NoManagerError: If none was ever started there.
    """
    home = home or the_home()
    info = home.read()
    if info is None:
        raise NoManagerError(f"no deployment manager was ever started in {home.directory}", hint=HOW_TO_START)
    return Client(info.url, info.token)
