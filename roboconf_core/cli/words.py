"""What users type: an application's name that may be left out, an instance path; and what they are told to type."""

from __future__ import annotations

import difflib
import shlex
import shutil
import sys
from collections.abc import Sequence

from roboconf_core.cli.client import Client
from roboconf_core.errors import Code, InvalidRequestError, NotFoundError


def typed(*words: str) -> str:
    """Return a command line as it has to be typed here: quoted, and with the program as it was called."""
    return " ".join([_program(), *map(shlex.quote, words)])


def _program() -> str:
    called = sys.argv[0]
    known = called.rpartition("/")[2] == "roboconf" and shutil.which("roboconf") != shutil.which(called)
    return shlex.quote(called) if known else "roboconf"


def application_and_path(client: Client, words: Sequence[str]) -> tuple[str, str]:
    """Read ``[APP] PATH``; the application may be left out where only one exists.

    Raises:
        NotFoundError: If there is no such application.
        InvalidRequestError: If there are other words, or several applications to choose from.
    """
    application, path = split(words)
    if not path:
        raise usage_error(f"expected [APP] PATH, found '{shlex.join(words)}'", "give a path such as /web-vm1/web")
    return the_application(client, application), path


def application_and_any_path(client: Client, words: Sequence[str]) -> tuple[str, str]:
    """Read ``[APP] [PATH]``; an empty path, or ``/``, stands for the whole application.

    Raises:
        NotFoundError: If there is no such application.
        InvalidRequestError: If there are other words, or several applications to choose from.
    """
    application, path = split(words)
    return the_application(client, application), path.rstrip("/")


def split(words: Sequence[str]) -> tuple[str | None, str]:
    """Return application and path, None and empty where they were left out; a path starts with a slash.

    Raises:
        InvalidRequestError: If there are other words.
    """
    match list(words):
        case []:
            return None, ""
        case [path] if path.startswith("/"):
            return None, path
        case [application] if application:
            return application, ""
        case [application, path] if path.startswith("/") and application and not application.startswith("/"):
            return application, path
        case _:
            hint = "a path starts with a slash, such as /web-vm1/web"
            raise usage_error(f"expected [APP] PATH, found '{shlex.join(words)}'", hint)


def the_application(client: Client, name: str | None) -> str:
    """Return the named application, or the only one.

    Raises:
        NotFoundError: If it does not exist.
        InvalidRequestError: If the name was left out and there is not exactly one.
    """
    names = [str(one["name"]) for one in client.items("/applications")]
    if name is not None and name in names:
        return name
    if not names:
        about = "there is no application" + (f" '{name}', nor any other" if name else "")
        raise NotFoundError(about, hint="create one with `roboconf up DIR`")
    if name is not None:
        close = difflib.get_close_matches(name, names, n=1)
        raise NotFoundError(
            f"application '{name}' does not exist", hint=f"did you mean '{close[0]}'?" if close else _there(names)
        )
    if len(names) > 1:
        raise usage_error("which application?", f"name one; {_there(names)}")
    return names[0]


def usage_error(message: str, hint: str = "") -> InvalidRequestError:
    """Return the error of a command line that cannot be understood: exit status 2."""
    return InvalidRequestError(message, hint=hint, code=Code.CLI_USAGE)


def _there(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in sorted(names)[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"there {'is' if len(names) == 1 else 'are'} {shown}{more}"
