"""The descriptor of an application, ``descriptor/application.properties``.

Source: Roboconf user guide, "Application Descriptor".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from roboconf_core.dsl.properties import Properties, read_properties
from roboconf_core.dsl.values import comma_split
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.application import Descriptor
from roboconf_core.model.names import APPLICATION_NAME, VERSION, Suggestions, is_id

KEYS = (
    "name",
    "version",
    "dsl-id",
    "description",
    "graph-entry-point",
    "instance-entry-point",
    "tags",
    "exports-prefix",
    "exports",
)
_LEGACY = {key: f"application-{key}" for key in ("name", "version", "dsl-id", "description")}
_EXPORT = re.compile(r"([^\s=]+)\s+as\s+([^\s=]+)", re.IGNORECASE)


def read_descriptor(text: str, file: str) -> tuple[Descriptor | None, list[Problem]]:
    """Return a descriptor and what is wrong with it.

    Args:
        text: Content of the file.
        file: How the file is called in problems.

    Returns:
        The descriptor, with empty texts for what is missing; None when it cannot be read.
    """
    found = read_properties(text)
    if found.malformed:
        return None, [
            Problem(
                Code.PROJ_READ_DESC_FILE,
                f"'{escape.text}' is no escape: four hexadecimal digits must follow '\\u'",
                Where(file=file, line=escape.line),
            )
            for escape in found.malformed
        ]
    reader = _Reader(found, file)
    descriptor = reader.descriptor()
    return descriptor, list(reader.check(descriptor))


def external_export(item: str) -> tuple[str, str] | None:
    """Return variable and alias of ``variable as alias``, or None when an item of ``exports`` does not read so."""
    match = _EXPORT.fullmatch(item)
    return (match[1], match[2]) if match else None


def plain_name(display_name: str) -> str:
    """Return the name that identifies an application: accents removed, trimmed."""
    decomposed = unicodedata.normalize("NFD", display_name)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).strip()


class _Reader:
    def __init__(self, found: Properties, file: str) -> None:
        self._found = found
        self._file = file
        self._exports = [item for _, item in comma_split(self._text("exports"))]

    def descriptor(self) -> Descriptor:
        prefix = self._text("exports-prefix")
        exports = (match for item in self._exports if (match := _EXPORT.fullmatch(item)))
        return Descriptor(
            name=plain_name(self._text("name")),
            display_name=self._text("name"),
            version=self._text("version"),
            description=self._text("description"),
            dsl_id=self._text("dsl-id"),
            graph_entry_point=self._text("graph-entry-point"),
            instance_entry_point=self._text("instance-entry-point"),
            tags=tuple(sorted({tag for _, tag in comma_split(self._text("tags")) if tag})),
            exports_prefix=prefix,
            external_exports={match[1]: f"{prefix}.{match[2]}" for match in exports},
            where=Where(file=self._file),
            places={key: self._where(key) for key in KEYS if key in self._found.lines},
        )

    def check(self, descriptor: Descriptor) -> Iterator[Problem]:
        yield from self._check_name(descriptor)
        yield from self._check_version(descriptor)
        if not descriptor.dsl_id:
            hint = "add a line 'dsl-id = roboconf-1.0'"
            yield Problem(Code.RM_MISSING_APPLICATION_DSL_ID, "there is no 'dsl-id'", self._where("dsl-id"), hint)
        if not descriptor.graph_entry_point:
            message, hint = "there is no 'graph-entry-point'", self._missing_hint("graph-entry-point", "main.graph")
            yield Problem(Code.RM_MISSING_APPLICATION_GEP, message, self._where("graph-entry-point"), hint)
        yield from self._check_exports(descriptor)

    def _check_name(self, descriptor: Descriptor) -> Iterator[Problem]:
        where = self._where("name")
        if not descriptor.name:
            hint = self._missing_hint("name", "My application")
            yield Problem(Code.RM_MISSING_APPLICATION_NAME, "there is no 'name'", where, hint)
        elif not APPLICATION_NAME.fullmatch(descriptor.name):
            message = f"'{descriptor.display_name}' is no valid name of an application"
            hint = "a name starts with a letter or '_' and goes on with letters, digits, blanks, '_', '-', '.', '(' and ')'"
            yield Problem(Code.RM_INVALID_APPLICATION_NAME, message, where, hint)

    def _check_version(self, descriptor: Descriptor) -> Iterator[Problem]:
        where = self._where("version")
        if not descriptor.version:
            hint = self._missing_hint("version", "1.0")
            yield Problem(Code.RM_MISSING_APPLICATION_VERSION, "there is no 'version'", where, hint)
        elif not VERSION.fullmatch(descriptor.version):
            message = f"'{descriptor.version}' is no valid version"
            yield Problem(Code.RM_INVALID_APPLICATION_VERSION, message, where, "valid are 1.0, 1.0.2, 1.0-beta")

    def _check_exports(self, descriptor: Descriptor) -> Iterator[Problem]:
        where = self._where("exports")
        wrong = [item for item in self._exports if not _EXPORT.fullmatch(item)]
        if wrong:
            message = f"external exports are not understood: {', '.join(repr(item) for item in wrong)}"
            hint = "each reads 'variable as alias', for example 'Apache.ip as front_ip'"
            yield Problem(Code.PROJ_INVALID_EXTERNAL_EXPORTS, message, where, hint)
        if self._exports and not descriptor.exports_prefix:
            message, hint = "there are 'exports', but no 'exports-prefix'", "add a line 'exports-prefix = NAME'"
            yield Problem(Code.RM_MISSING_APPLICATION_EXPORT_PREFIX, message, where, hint)
        for item in self._exports:
            match = _EXPORT.fullmatch(item)
            for name in match.groups() if match else ():
                if not is_id(name):
                    message = f"'{name}' in '{item}' is no valid name of a variable"
                    yield Problem(Code.RM_INVALID_VARIABLE_NAME, message, where)

    def _text(self, key: str) -> str:
        values = self._found.values
        return values.get(key, values.get(_LEGACY.get(key, key), "")).strip()

    def _where(self, key: str) -> Where:
        lines = self._found.lines
        return Where(file=self._file, line=lines.get(key, lines.get(_LEGACY.get(key, key), 0)))

    def _missing_hint(self, key: str, example: str) -> str:
        unknown = [found for found in self._found.values if found not in KEYS and found not in _LEGACY.values()]
        close = Suggestions(unknown).closest(key)
        return f"there is '{close}': write '{key}'" if close else f"add a line '{key} = {example}'"
