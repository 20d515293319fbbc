"""Reads files below one directory, and follows their imports.

Locations are relative to the directory, never to the importing file, and cannot leave it.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import Doubt, FileImport, FileKind, ParsedFile, doubt_of
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.names import Suggestions

MAX_FILE_BYTES = 64 * 1024 * 1024
_LONGEST_LOCATION = 4096
"""Characters; no system finds longer ones, and looking for them takes long."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of sources, and how its files are called in problems."""

    path: Path
    shown: str = ""
    """What stands before the location of a file in problems: ``app/graph``; may be empty."""
    unsaved: Mapping[Path, str] = field(default_factory=dict, repr=False)
    """Files that are open in an editor, with the text that counts instead of what is on the disk."""

    def where(self, location: str = "", line: int = 0, column: int = 0) -> Where:
        """Return a place in a file of this directory."""
        file = posixpath.join(self.shown, location) if location else self.shown
        return Where(file=file or ".", line=line, column=column)

    def sub(self, name: str) -> Directory:
        """Return a directory below this one."""
        return Directory(self.path / name, posixpath.join(self.shown, name), self.unsaved)

    def read(self, location: str) -> tuple[str | None, list[Problem]]:
        """Return the text of a file, or None and why it cannot be read."""
        file = self.path / location
        if file in self.unsaved:
            return self.unsaved[file], []
        return read_text(file, self.where(location))

    def as_shown(self, problem: Problem) -> Problem:
        """Return a problem whose place is a real path below this directory with the place as shown."""
        if problem.where is None:
            return replace(problem, where=self.where())
        try:
            location = Path(problem.where.file).relative_to(self.path).as_posix()
        except ValueError:
            return problem
        shown = self.where("" if location == "." else location)
        return replace(problem, where=replace(problem.where, file=shown.file))

    def normalise(self, location: str) -> str | None:
        """Return a location without ``.`` and ``..``, or None when it leads outside, or can lead nowhere."""
        normal = posixpath.normpath(location)
        if "\0" in normal or len(normal) > _LONGEST_LOCATION:
            return None
        if posixpath.isabs(normal) or normal.split("/")[0] == "..":
            return None
        try:
            inside = (self.path / normal).resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError):  # a loop of links
            return None
        return normal if inside else None


def read_text(file: Path, where: Where) -> tuple[str | None, list[Problem]]:
    """Return the text of a file, or None and why it cannot be read."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return None, [Problem(Code.P_IO_ERROR, f"{where.file} is no file that can be read", where)]
        if status.st_size > MAX_FILE_BYTES:
            hint = f"files of more than {MAX_FILE_BYTES} bytes are not read"
            return None, [Problem(Code.P_IO_ERROR, f"{where.file} is too large", where, hint)]
        content = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, [Problem(Code.P_IO_ERROR, f"{where.file} cannot be read: {reason}", where)]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        place = Where(file=where.file, line=line, column=column)
        message = f"{where.file} is no UTF-8 text: byte {content[error.start]:#04x}"
        return None, [Problem(Code.P_IO_ERROR, message, place, "save the file as UTF-8")]


@dataclass(slots=True, eq=False)
class SourceFile:
    """One file that was read."""

    location: str
    """Relative to its directory, normalised."""
    file: str
    """As shown in problems."""
    parsed: ParsedFile
    lines: list[str]
    usable: bool
    """False when it holds something else: only its problems count."""


@dataclass(slots=True, eq=False)
class Sources:
    """All files that one entry point reaches, in the order of their reading."""

    files: list[SourceFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Of reading and of imports; those of lines stand in the parsed files."""
    complete: bool = True
    """False when a file is missing, unreadable or of another kind, or an import cannot be trusted."""

    attempted: set[str] = field(default_factory=set)
    """Locations of all files that were to be read."""


def read_sources(directory: Directory, entry: str, kind: FileKind) -> Sources:
    """Read a file and all that it imports; each file once.

    Args:
        directory: What locations are relative to.
        entry: Location of the entry point, which exists and is inside.
        kind: ``GRAPH`` or ``INSTANCES``.
    """
    reader = _Reader(directory, kind)
    reader.read_all(entry)
    return reader.sources


class _Reader:
    def __init__(self, directory: Directory, kind: FileKind) -> None:
        self._directory = directory
        self._kind = kind
        self.sources = Sources()

    def read_all(self, entry: str) -> None:
        queue: list[tuple[str, Where | None]] = [(self._directory.normalise(entry) or entry, None)]
        for location, imported_at in queue:
            if location in self.sources.attempted:
                continue
            self.sources.attempted.add(location)
            source = self._read(location, imported_at)
            if source is None or not source.usable:
                self.sources.complete = False
                continue
            for found in source.parsed.imports:
                if doubt_of(found.slips) is not Doubt.NOTHING:
                    self.sources.complete = False
                if found.location and (target := self._target_of(found, source.file)):
                    queue.append((target, Where(file=source.file, line=found.line, column=found.column)))

    def _target_of(self, found: FileImport, file: str) -> str | None:
        """Return the location of an imported file, or None after reporting that there is none."""
        location = self._directory.normalise(found.location)
        if location is not None and os.path.exists(self._directory.path / location):  # noqa: PTH110 - never raises
            return location
        self.sources.complete = False
        if found.slips:
            return None  # one problem of a line is enough: perhaps the location is wrong for the same reason
        where = Where(file=file, line=found.line, column=found.column)
        message = f"the imported file '{found.location}' does not exist"
        if location is not None:
            root = self._directory.shown or "the directory of the entry point"
            hint = self._suggest(location) or f"locations are relative to {root}, not to the importing file"
        else:
            message = f"the imported file '{found.location}' lies outside of {self._directory.shown or 'the directory'}"
            hint = "locations cannot leave the directory"
        self.sources.problems.append(Problem(Code.CO_UNREACHABLE_FILE, message, where, hint))
        return None

    def _suggest(self, location: str) -> str:
        beside, suffix = posixpath.dirname(location), f".{self._kind}"
        try:
            known = sorted(file.stem for file in (self._directory.path / beside).glob(f"*{suffix}"))
        except (OSError, ValueError):  # no such directory, or no name at all
            known = []
        close = Suggestions(known).closest(posixpath.basename(location).removesuffix(suffix))
        return f"did you mean '{posixpath.join(beside, close + suffix)}'?" if close else ""

    def _read(self, location: str, imported_at: Where | None) -> SourceFile | None:
        where = self._directory.where(location)
        text, problems = self._directory.read(location)
        self.sources.problems += problems
        if text is None:
            return None
        parsed = parse(text, self._kind)
        usable = parsed.kind in (self._kind, FileKind.AGGREGATOR, FileKind.EMPTY)
        source = SourceFile(location, where.file, parsed, text.split("\n"), usable)
        self.sources.files.append(source)
        if not usable:
            self.sources.problems.append(self._of_another_kind(source, imported_at))
        return source

    def _of_another_kind(self, source: SourceFile, imported_at: Where | None) -> Problem:
        is_graph = self._kind is FileKind.GRAPH
        code = Code.CO_NOT_A_GRAPH if is_graph else Code.CO_NOT_INSTANCES
        holds = {
            FileKind.GRAPH: "it holds components or facets",
            FileKind.INSTANCES: "it holds instances",
        }.get(source.parsed.kind, "it holds no block that could be understood")
        message = f"{source.file} is {'no graph' if is_graph else 'no file of instances'}: {holds}"
        return Problem(code, message, imported_at or Where(file=source.file))
