"""Files of an application with their symbols, read again only when they changed.

One thread owns a library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from roboconf_core.dsl.files import Directory, read_text
from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.symbols import Role, Symbols, symbols_of, symbols_of_commands, symbols_of_descriptor
from roboconf_core.dsl.syntax import FileKind, ParsedFile
from roboconf_core.errors import Where
from roboconf_core.lsp.documents import DESCRIPTOR, FILE_KINDS, Document, Language, application_of
from roboconf_core.lsp.positions import Text

_MOST_FILES = 2000


class ReadFile:
    """One version of one file, taken apart when first asked."""

    def __init__(self, path: Path, language: Language, text: str, encoding: str) -> None:
        self.path = path
        self.language = language
        self.text = Text(text, encoding)

    @cached_property
    def parsed(self) -> ParsedFile | None:
        """Its blocks; None for a descriptor."""
        kind = FILE_KINDS.get(self.language)
        return parse(self.text.text, kind) if kind else None

    @property
    def is_parsed(self) -> bool:
        """Whether its blocks are known already."""
        return "parsed" in self.__dict__

    @cached_property
    def symbols(self) -> Symbols:
        """All it declares and refers to."""
        if self.parsed is not None:
            return symbols_of(self.parsed, self.text.lines)
        if self.language is Language.COMMANDS:
            return symbols_of_commands(self.text.text)
        is_descriptor = self.path.name == DESCRIPTOR
        return symbols_of_descriptor(self.text.text) if is_descriptor else Symbols()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that belong together, as they are at one moment."""

    current: ReadFile
    """Where the question is asked."""
    files: Mapping[Path, ReadFile]
    """Descriptor, commands, and the graph and instances that the entry points and the current file lead to."""
    root: Path | None = None
    """Of the application; None for a file that belongs to none."""

    def directory_of(self, kind: FileKind) -> Directory:
        """Return what locations of one kind of files are relative to."""
        return _directory(self.root, self.current.path, kind)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Tells whether a file on the disk is still the same."""

    modified_ns: int
    size: int
    inode: int


@dataclass(slots=True)
class Library:
    """Reads files, and keeps what they say until they change."""

    encoding: str = "utf-16"
    _read: dict[Path, tuple[_Stamp | None, ReadFile]] = field(default_factory=dict)
    _earlier: dict[Path, ReadFile] = field(default_factory=dict)
    """Last versions that were taken apart, of files that have changed since."""

    def parsed_before(self, path: Path) -> ReadFile | None:
        """Return the last version of a file that was taken apart; it may be older than the file."""
        _, known = self._read.get(path, (None, None))
        return known if known is not None and known.is_parsed else self._earlier.get(path)

    def read(self, document: Document) -> ReadFile:
        """Return an open document, taken apart."""
        file = self._file(document.path, document.language, {document.path: document})
        assert file is not None, "an open document needs no reading"
        return file

    def snapshot(
        self, document: Document, unsaved: Mapping[Path, Document], *, instances_before: ReadFile | None = None
    ) -> Snapshot:
        """Return all files that belong together with a document.

        Args:
            document: Where the question is asked.
            unsaved: All open documents, whose texts count instead of what is on the disk.
            instances_before: An older version that is good enough where the document holds instances, which can be
                very many: nothing else refers to them.
        """
        unsaved = {**unsaved, document.path: document}
        root = application_of(document.path) if document.is_file else None
        current = self.read(document)
        stand_in = {}
        if instances_before is not None and current.language is Language.INSTANCES:
            stand_in[current.path] = instances_before
        found: dict[Path, ReadFile] = {}
        if root is not None:
            entry = (root / "descriptor" / DESCRIPTOR, Language.PROPERTIES)
            found = self._reached(root, entry, unsaved, stand_in)
            found |= self._commands(root, unsaved)
        if current.path not in found and current.language in FILE_KINDS:
            found |= self._reached(root, (current.path, current.language), unsaved, stand_in)
        return Snapshot(current, found, root)

    def _reached(
        self,
        root: Path | None,
        entry: tuple[Path, Language],
        unsaved: Mapping[Path, Document],
        stand_in: Mapping[Path, ReadFile],
    ) -> dict[Path, ReadFile]:
        found: dict[Path, ReadFile] = {}
        queue = [entry]
        for path, language in queue:
            if path in found:
                continue
            file = stand_in.get(path) or self._file(path, language, unsaved)
            if file is None:
                continue
            found[path] = file
            for reference in file.symbols.references:
                if reference.role is Role.FILE:
                    target = _kind_named(file.language, reference.owner)
                    directory = _directory(root, path, FILE_KINDS[target])
                    location = directory.normalise(reference.name)
                    if location is not None:
                        queue.append((directory.path / location, target))
        return found

    def _commands(self, root: Path, unsaved: Mapping[Path, Document]) -> dict[Path, ReadFile]:
        files = (
            self._file(path, Language.COMMANDS, unsaved) for path in sorted((root / "commands").rglob("*.commands"))
        )
        return {file.path: file for file in files if file is not None}

    def _file(self, path: Path, language: Language, unsaved: Mapping[Path, Document]) -> ReadFile | None:
        stamp, known = self._read.get(path, (None, None))
        if path in unsaved:
            text = unsaved[path].text
            if known is None or known.text.text != text or known.language is not language:
                known = ReadFile(path, language, text, self.encoding)
            self._keep(path, None, known)
            return known
        now = _stamp_of(path)
        if now is None:
            return None
        if known is not None and stamp == now and known.language is language:
            return known
        content, _ = read_text(path, Where(file=str(path)))
        if content is None:
            return None
        known = ReadFile(path, language, content, self.encoding)
        self._keep(path, now, known)
        return known

    def _keep(self, path: Path, stamp: _Stamp | None, file: ReadFile) -> None:
        if len(self._read) >= _MOST_FILES:
            self._read.clear()
            self._earlier.clear()
        known = self._read[path][1] if path in self._read else None
        if known is not None and known is not file and known.is_parsed:
            self._earlier[path] = known
        self._read[path] = (stamp, file)


def _kind_named(language: Language, key: str) -> Language:
    """Return the language of a file that another one names."""
    if language is Language.PROPERTIES:
        return Language.GRAPH if key == "graph-entry-point" else Language.INSTANCES
    return language


def _directory(root: Path | None, file: Path, kind: FileKind) -> Directory:
    return Directory(file.parent if root is None else root / ("graph" if kind is FileKind.GRAPH else "instances"))


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
