"""The server: takes in what the client says, asks the other modules, and answers.

The event loop only keeps texts and passes messages. Two threads do the work: one answers
questions and owns the library, one checks whole applications.

Source: Language Server Protocol 3.17.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import unquote

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from roboconf_core import __version__
from roboconf_core.hooks.manager import Plugins, load_plugins
from roboconf_core.lsp import answers
from roboconf_core.lsp.answers import Question
from roboconf_core.lsp.changes import EditAbilities
from roboconf_core.lsp.checks import Checked, Checker, Project, project_of
from roboconf_core.lsp.documents import Document, document_of
from roboconf_core.lsp.library import Library
from roboconf_core.lsp.rename import RenameRefusedError

TYPING_PAUSE_S = 0.3
"""Nothing is checked before the user has stopped typing for this long."""
REQUEST_FAILED = -32803
"""Code of the protocol for a request that is understood, but cannot be fulfilled."""

log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class RoboconfServer(LanguageServer):
    """A language server for the applications that one client edits."""

    def __init__(self) -> None:
        super().__init__("roboconf", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.ended_well = False
        """Whether the client said that it ends."""
        self._questions = ThreadPoolExecutor(1, "questions")
        self._checks = ThreadPoolExecutor(1, "checks")
        self._library = Library()
        self._checker = Checker()
        self._plugins: Plugins | None = None
        self._projects: dict[Project, _State] = {}
        self._of_document: dict[str, Project] = {}

    def begin(self) -> None:
        """Take in what the client can do."""
        encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
        self._library.encoding = self._checker.encoding = encoding

    # --- documents

    def documents(self) -> dict[Path, Document]:
        """Return all open documents by path."""
        return {document.path: document for document in map(_document, self.workspace.text_documents.values())}

    def document(self, uri: str) -> Document | None:
        """Return an open document."""
        found = self.workspace.text_documents.get(unquote(uri))  # clients may spell one URI in several ways
        return _document(found) if found is not None else None

    # --- questions

    async def ask(
        self, uri: str, answer: Callable[Concatenate[Question, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        """Have a question about a document answered; None when it is not open.

        Raises:
            JsonRpcException: If what was asked for is refused.
        """
        documents = self.documents()
        document = self.document(uri)
        if document is None:
            return None
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._questions, lambda: answer(Question(self._library, document, documents), *args, **kwargs)
            )
        except RenameRefusedError as error:
            raise JsonRpcException(error.problems[0].message, REQUEST_FAILED) from error

    def is_current(self, document: Document) -> bool:
        """Tell whether a document is still as it was."""
        now = self.document(document.uri)
        return now is not None and now.text == document.text

    def installers(self) -> list[str]:
        """Return the names that installed plugins offer."""
        return [name for plugin in self.plugins().all for handler in plugin.installers for name in handler.names]

    def plugins(self) -> Plugins:
        """Return the installed plugins; they are loaded when first asked for."""
        if self._plugins is None:
            self._plugins = load_plugins()
        return self._plugins

    def edit_abilities(self) -> EditAbilities:
        """Return what the client can do with changes of several files."""
        workspace = self.client_capabilities.workspace
        can = workspace.workspace_edit if workspace else None
        moves = types.ResourceOperationKind.Rename in ((can.resource_operations if can else None) or ())
        return EditAbilities(versions=bool(can and can.document_changes), moves=moves)

    # --- checks

    def check(self, uri: str, *, pause_s: float = 0.0, fresh: bool = False) -> None:
        """Have the application of a document checked, and show what is wrong with it.

        Args:
            uri: Of a document that was opened, changed or closed.
            pause_s: How long nothing may change before.
            fresh: Whether files on the disk may have changed.
        """
        document = self.document(uri)
        project = project_of(document) if document else None
        before = self._of_document.pop(uri, None)
        if project is not None:
            self._of_document[uri] = project
            self._schedule(project, pause_s, fresh)
        if before is not None and before != project:
            if before in self._of_document.values():
                self._schedule(before, pause_s, fresh)
            else:
                self._forget(before)

    def check_all(self) -> None:
        """Have everything checked again, because files on the disk changed."""
        for uri in [document.uri for document in self.documents().values()]:
            self.check(uri, pause_s=TYPING_PAUSE_S, fresh=True)

    def _schedule(self, project: Project, pause_s: float, fresh: bool) -> None:
        state = self._projects.setdefault(project, _State())
        state.generation += 1
        state.pause_s = pause_s
        state.fresh = state.fresh or fresh
        if state.task is None or state.task.done():
            state.task = asyncio.get_running_loop().create_task(self._check_until_current(project, state))
            state.task.add_done_callback(_log_defect)

    async def _check_until_current(self, project: Project, state: _State) -> None:
        """Check until nothing changed meanwhile; what was found of older texts, or of what was closed, is dropped."""
        while self._projects.get(project) is state:
            generation = state.generation
            await asyncio.sleep(state.pause_s)
            if generation != state.generation:
                continue
            fresh, state.fresh = state.fresh, False
            documents = self.documents()
            if not project.is_application and project.path not in documents:
                return
            loop = asyncio.get_running_loop()
            checked = await loop.run_in_executor(
                self._checks, partial(self._check_now, project, documents, fresh=fresh)
            )
            if generation == state.generation and self._projects.get(project) is state:
                self._show(project, state, checked)
                return

    def _check_now(self, project: Project, documents: dict[Path, Document], *, fresh: bool) -> Checked:
        if self._checker.check_recipe is None:
            self._checker.check_recipe = self.plugins().check_recipe
        return self._checker.check(project, documents, fresh=fresh)

    def _show(self, project: Project, state: _State, checked: Checked) -> None:
        documents = self.documents()
        opened = [path for path, each in documents.items() if self._of_document.get(each.uri) == project]
        for path in dict.fromkeys([*checked.problems, *state.shown, *opened]):
            placed = checked.problems.get(path, [])
            self._publish(path, documents, [answers.to_diagnostic(each) for each in placed])
        state.shown = set(checked.problems)

    def _forget(self, project: Project) -> None:
        state = self._projects.pop(project, None)
        documents = self.documents()
        for path in state.shown if state else ():
            self._publish(path, documents, [])

    def _publish(self, path: Path, documents: dict[Path, Document], diagnostics: list[types.Diagnostic]) -> None:
        document = documents.get(path)
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri=self._uri(path, document), diagnostics=diagnostics, version=document.version if document else None
            )
        )

    def _uri(self, path: Path, document: Document | None) -> str:
        return document.uri if document else path.as_uri()


def _document(found: TextDocument) -> Document:
    return document_of(found.uri, found.language_id or "", found.version, found.source)


def _log_defect(task: asyncio.Task[None]) -> None:
    """Tell of a check that ended as it should not; the next change begins another one."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a check failed", exc_info=error)


class _State:
    """How far the checks of one project are."""

    def __init__(self) -> None:
        self.generation = 0
        """Raised by each change."""
        self.pause_s = 0.0
        self.fresh = True
        self.task: asyncio.Task[None] | None = None
        self.shown: set[Path] = set()
        """Files that problems are shown for."""
