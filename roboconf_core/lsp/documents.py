"""Which language a document is in, where it is, and which application it belongs to."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from roboconf_core.dsl.syntax import FileKind

DESCRIPTOR = "application.properties"


class Language(StrEnum):
    """Identifiers of languages, as editors are told to use them."""

    GRAPH = "roboconf-graph"
    INSTANCES = "roboconf-instances"
    COMMANDS = "roboconf-commands"
    PROPERTIES = "properties"
    OTHER = "other"
    """Checked as a part of an application at most."""


FILE_KINDS = {Language.GRAPH: FileKind.GRAPH, Language.INSTANCES: FileKind.INSTANCES}
_SUFFIXES = {
    ".graph": Language.GRAPH,
    ".instances": Language.INSTANCES,
    ".commands": Language.COMMANDS,
    ".properties": Language.PROPERTIES,
}


class Document(NamedTuple):
    """One version of an open document."""

    uri: str
    """As the client spells it."""
    path: Path
    """Of its file; for a document that is no file, one that does not exist."""
    language: Language
    version: int | None
    text: str
    is_file: bool


def document_of(uri: str, language_id: str, version: int | None, text: str) -> Document:
    """Return a document that a client opened; its name tells its language before the client does."""
    file = path_of(uri)
    path = file or Path(os.devnull, uri.rpartition("/")[2].partition("?")[0].replace("\0", "") or "untitled")
    language = language_of(path)
    if language is Language.OTHER and language_id in list(Language):
        language = Language(language_id)
    return Document(uri, path, language, version, text, file is not None)


def language_of(path: Path) -> Language:
    """Return the language that the name of a file tells."""
    return _SUFFIXES.get(path.suffix.lower(), Language.OTHER)


def path_of(uri: str) -> Path | None:
    """Return the file that a URI names, or None when it names none on this computer."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not path.startswith("/") or "\0" in path:
        return None
    return Path(os.path.normpath(path))


def application_of(path: Path) -> Path | None:
    """Return the nearest directory above a file that holds an application, or None."""
    for directory in path.parents:
        if all(os.path.isdir(directory / name) for name in ("descriptor", "graph")):  # noqa: PTH112 - never raises
            return directory
    return None
