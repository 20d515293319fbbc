"""What users type: an application's name that may be left out, and an instance path."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from roboconf_core.cli.client import Client
from roboconf_core.errors import InvalidRequestError, NotFoundError


def application_and_path(client: Client, words: Sequence[str]) -> tuple[str, str]:
    """Read ``[APP] PATH``; the application may be left out where only one exists.

    Raises:
        InvalidRequestError: If there are other words, or several applications to choose from.
    """
    match list(words):
        case [path] if path.startswith("/"):
            return the_application(client, None), path
        case [application, path] if path.startswith("/") and not application.startswith("/"):
            return application, path
        case _:
            raise InvalidRequestError(
                f"expected [APP] PATH, found '{' '.join(words)}'",
                hint="a path starts with a slash, such as /web-vm1/web",
            )


def the_application(client: Client, name: str | None) -> str:
    """Return the named application, or the only one.

    Raises:
        NotFoundError: If it does not exist.
        InvalidRequestError: If the name was left out and there is not exactly one.
    """
    names = [one["name"] for one in client.items("/applications")]
    if name is None:
        if len(names) == 1:
            return str(names[0])
        if not names:
            raise NotFoundError("there is no application", hint="create one with `roboconf up DIR`")
        raise InvalidRequestError(f"which application? There are {', '.join(sorted(names))}", hint="name one of them")
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(sorted(names)) or 'none'}"
        raise NotFoundError(f"application '{name}' does not exist", hint=hint)
    return name
