"""Names that users give, and names that they meant.

Source: Roboconf user guide, "Application Descriptor" and "Instances Definition".
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from roboconf_core.errors import InvalidRequestError

_APPLICATION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.() -]*")
_INSTANCE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_. -]*")


def application_name(text: str) -> str:
    """Return the technical name of an application: trimmed, without accents.

    Raises:
        InvalidRequestError: If it is empty, a path, or holds other characters.
    """
    return _checked(without_accents(text.strip()), text, "application", _APPLICATION_NAME, "_ - . ( ) and spaces")


def instance_name(text: str) -> str:
    """Return the name of an instance as it is.

    Raises:
        InvalidRequestError: If it is empty, a path, or holds other characters.
    """
    return _checked(text, text, "instance", _INSTANCE_NAME, "_ - . and spaces")


def without_accents(text: str) -> str:
    """Return a text with its letters stripped of accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that proposes the known name most like this one; empty when none is."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{close[0]}'?" if close else ""


def _checked(name: str, text: str, kind: str, pattern: re.Pattern[str], others: str) -> str:
    if not name:
        raise InvalidRequestError(f"the {kind} has no name")
    if "/" in name or "\\" in name or name in (".", ".."):
        raise InvalidRequestError(f"'{text}' is no name of an {kind}: it is a path", hint="give a name without slashes")
    if not pattern.fullmatch(name):
        hint = f"begin with a letter or _, go on with letters, digits, {others}"
        raise InvalidRequestError(f"'{text}' is no name of an {kind}", hint=hint)
    return name
