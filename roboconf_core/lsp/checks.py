"""What is wrong with an application, or a file that belongs to none, while its files are open in an editor.

Everything here is a matter of seconds for large applications, and runs in a thread of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from roboconf_core.dsl.files import Directory, SourceFile, Sources, read_sources, read_text
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.layout import in_file_order
from roboconf_core.dsl.loader import RecipeCheck, load_application
from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.lsp.documents import DESCRIPTOR, FILE_KINDS, Document, application_of, language_of
from roboconf_core.lsp.library import ReadFile
from roboconf_core.lsp.places import shown_part
from roboconf_core.lsp.positions import Range, Text
from roboconf_core.model.graph import Component

_NOT_LOOKED_AT = frozenset({Code.PROJ_UNREACHABLE_FILE, Code.PROJ_INVALID_FILE_LOCATION})
_OF_LINES = ("P_", "PM_")
_MOST_PROBLEMS = 500
"""Of one file; nobody reads more, and editors become slow."""


class Placed(NamedTuple):
    """A problem and the part of its file that it is shown at."""

    problem: Problem
    range: Range


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    problems: dict[Path, list[Placed]]
    """By file; files without problems are missing."""
    versions: dict[Path, int | None]
    """Of the open documents that were looked at."""


@dataclass(frozen=True, slots=True)
class Project:
    """What is checked together: an application, or one file that belongs to none."""

    path: Path
    is_application: bool


def project_of(document: Document) -> Project | None:
    """Return what a document is checked with; None when it is not checked at all."""
    root = application_of(document.path) if document.is_file else None
    if root is not None:
        return Project(root, True)
    if document.is_file or document.uri.startswith("untitled:"):
        return Project(document.path, False) if document.language in FILE_KINDS else None
    return None


@dataclass(slots=True)
class Checker:
    """Checks projects; recipes only when asked, because plugins may run programs for it."""

    check_recipe: RecipeCheck | None = None
    encoding: str = "utf-16"
    _recipes: dict[tuple[Component, str, Path], list[Problem]] = field(default_factory=dict)

    def check(self, project: Project, unsaved: Mapping[Path, Document], *, fresh: bool) -> Checked:
        """Return what is wrong with a project.

        Args:
            project: An application or a file.
            unsaved: Open documents, whose texts count instead of what is on the disk.
            fresh: Whether files on the disk may have changed, so that recipes are looked at again.
        """
        if fresh:
            self._recipes.clear()
        texts = {path: document.text for path, document in unsaved.items()}
        if project.is_application:
            problems = self._application(project.path, texts, unsaved)
        else:
            problems = _file(unsaved[project.path], texts)
        return Checked(_by_file(problems, texts, self.encoding), {path: each.version for path, each in unsaved.items()})

    def _application(
        self, root: Path, texts: Mapping[Path, str], unsaved: Mapping[Path, Document]
    ) -> list[tuple[Path, Problem]]:
        loaded = load_application(
            root, check_recipe=self._remembered if self.check_recipe else None, shown="", unsaved=texts
        )
        descriptor = root / "descriptor" / DESCRIPTOR
        found = [(_path_in(root, problem.where, descriptor), problem) for problem in loaded.problems]
        unread = {path for path, problem in found if problem.code in _NOT_LOOKED_AT and path in unsaved}
        unread |= {path for path in unsaved if path.is_relative_to(root) and not path.exists()}
        return [*found, *((path, problem) for path in unread for problem in _lines_of(unsaved[path]))]

    def _remembered(self, component: Component, installer: str, directory: Path) -> Iterable[Problem]:
        assert self.check_recipe is not None, "asked only when there is one"
        key = (component, installer, directory)
        if key not in self._recipes:
            self._recipes[key] = list(self.check_recipe(component, installer, directory))
        return self._recipes[key]


def _path_in(root: Path, where: Where | None, otherwise: Path) -> Path:
    """Return the file of a problem; what concerns a directory is shown in the descriptor."""
    path = root / where.file if where else otherwise
    return otherwise if path == root or path.is_dir() else path


def _file(document: Document, texts: Mapping[Path, str]) -> list[tuple[Path, Problem]]:
    path, kind = document.path, FILE_KINDS[document.language]
    sources = read_sources(Directory(path.parent, "", texts), path.name, kind)
    return [(_path_in(path.parent, problem.where, path), problem) for problem in _problems_of(sources, kind)]


def _problems_of(sources: Sources, kind: FileKind) -> list[Problem]:
    """Return what is wrong with files without an application around them."""
    built = build_graph(sources) if kind is FileKind.GRAPH else build_instances(sources, None, None)
    return in_file_order(built.problems)


def _lines_of(document: Document) -> list[Problem]:
    """Return what is wrong with the lines of a file that nothing leads to yet; what names refer to is not known."""
    kind = FILE_KINDS.get(document.language)
    if kind is None:
        return []
    text = Text(document.text)
    file = SourceFile(document.path.name, document.path.name, parse(document.text, kind), text.lines, usable=True)
    sources = Sources([file], complete=False)
    return [problem for problem in _problems_of(sources, kind) if problem.code.startswith(_OF_LINES)]


def _by_file(
    problems: Iterable[tuple[Path, Problem]], texts: Mapping[Path, str], encoding: str
) -> dict[Path, list[Placed]]:
    files: dict[Path, list[Placed]] = {}
    read: dict[Path, ReadFile] = {}
    for path, problem in problems:
        if path not in read:
            text = texts[path] if path in texts else read_text(path, Where(file=""))[0] or ""
            read[path] = ReadFile(path, language_of(path), text, encoding)
        placed = files.setdefault(path, [])
        if len(placed) < _MOST_PROBLEMS:
            placed.append(Placed(problem, read[path].text.range_of(shown_part(read[path], problem))))
    return files
