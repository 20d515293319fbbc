"""Where a text that a command makes goes to, and which format the name of a file asks for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from roboconf_core.errors import Code, InvalidRequestError

_Format = TypeVar("_Format")
_ESCAPE = "backslashreplace"


def format_for(wanted: _Format | None, file: Path | None, suffixes: Mapping[str, _Format], default: _Format) -> _Format:
    """Return the format to write.

    Args:
        wanted: As the command line says; None to see from the name of the file.
        file: What is written; None for standard output.
        suffixes: What names of files end with, to the format this asks for.
        default: Of standard output.

    Raises:
        InvalidRequestError: If neither says it.
    """
    if wanted is not None:
        return wanted
    if file is None:
        return default
    if file.suffix.lower() not in suffixes:
        known = ", ".join(suffixes)
        message = f"the name '{file}' does not say which format is wanted"
        raise InvalidRequestError(message, hint=f"give --format, or a name that ends with {known}", code=Code.CLI_USAGE)
    return suffixes[file.suffix.lower()]


def write_result(text: str, file: Path | None) -> None:
    """Write a text as UTF-8 into a file, or to standard output.

    What is no text, such as a part of a strange file name, is written as its escape.

    Raises:
        OSError: If the file cannot be written.
    """
    if file is not None:
        file.write_text(text, encoding="utf-8", errors=_ESCAPE, newline="\n")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(errors=_ESCAPE))
    sys.stdout.buffer.flush()
