"""What descriptions leave out: values that should not be read by everybody who may read about an application."""

from __future__ import annotations

import re

HIDDEN = "***"

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_TELLING = ("passw", "passphrase", "pwd", "secret", "token", "credential", "privatekey", "apikey", "accesskey")
_TELLING_AT_THE_END = ("pass", "key", "pin")
_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def looks_secret(key: str) -> bool:
    """Tell whether the name of a property or variable says that its value is a secret."""
    words = [word.lower() for word in _WORDS.findall(key)]
    joined = "".join(words)
    return any(each in joined for each in _TELLING) or bool(words and words[-1] in _TELLING_AT_THE_END)


def shown_value(key: str, value: str, *, secret: bool = False) -> str:
    """Return a value as it may be shown: secrets hidden, also those in addresses.

    Args:
        key: Name of the property or variable.
        value: What is to be shown.
        secret: Whether it is known to be one, whatever the name says.
    """
    if value and (secret or looks_secret(key)):
        return HIDDEN
    return _LOGIN.sub(HIDDEN, value)
