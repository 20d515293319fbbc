"""The server: takes in what the client says, asks the other modules, and answers.

The event loop only keeps texts and passes messages. Two threads do the work: one answers
questions and owns the library, one checks whole applications.

Source: Language Server Protocol 3.17.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, ParamSpec, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from roboconf_core import __version__
from roboconf_core.hooks.manager import Plugins, load_plugins
from roboconf_core.lsp import answers
from roboconf_core.lsp.answers import EditAbilities, Question
from roboconf_core.lsp.checks import Checked, Checker, Project, project_of
from roboconf_core.lsp.documents import Document, document_of
from roboconf_core.lsp.library import Library
from roboconf_core.lsp.rename import RenameRefusedError

TYPING_PAUSE_S = 0.3
"""Nothing is checked before the user has stopped typing for this long."""
_REQUEST_FAILED = -32803
"""Code of the protocol for a request that is understood, but cannot be fulfilled."""
_WATCHED = "**/*.{graph,instances,properties,commands,drl,measures}"

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
        found = {}
        for each in self.workspace.text_documents.values():
            document = document_of(each.uri, each.language_id or "", each.version, each.source)
            found[document.path] = document
        return found

    def document(self, uri: str) -> Document | None:
        """Return an open document."""
        return next((each for each in self.documents().values() if each.uri == uri), None)

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
            raise JsonRpcException(error.problems[0].message, _REQUEST_FAILED) from error

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

    async def _check_until_current(self, project: Project, state: _State) -> None:
        """Check until nothing changed meanwhile; what was found of older texts is dropped."""
        while project in self._projects:
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


def serve(stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Serve one client until it ends, and return the exit status: 1 when it ended without saying so."""
    server = build_server()
    server.start_io(stdin, stdout)
    return 0 if server.ended_well else 1


def build_server() -> RoboconfServer:
    """Return a server with all that it can answer."""
    server = RoboconfServer()
    _register_life(server)
    _register_questions(server)
    _register_changes(server)
    return server


def _register_life(server: RoboconfServer) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(ls: RoboconfServer, params: types.InitializeParams) -> None:
        ls.begin()

    @server.feature(types.INITIALIZED)
    async def initialized(ls: RoboconfServer, params: types.InitializedParams) -> None:
        workspace = ls.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching and watching.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(_WATCHED)])
            await ls.client_register_capability_async(
                types.RegistrationParams(
                    [types.Registration("roboconf-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
                )
            )

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: RoboconfServer, params: Any) -> None:  # noqa: ANN401 - there are none
        ls.ended_well = True

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(ls: RoboconfServer, params: types.DidOpenTextDocumentParams) -> None:
        ls.check(params.text_document.uri, fresh=True)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(ls: RoboconfServer, params: types.DidChangeTextDocumentParams) -> None:
        ls.check(params.text_document.uri, pause_s=TYPING_PAUSE_S)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(ls: RoboconfServer, params: types.DidSaveTextDocumentParams) -> None:
        ls.check(params.text_document.uri, fresh=True)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(ls: RoboconfServer, params: types.DidCloseTextDocumentParams) -> None:
        ls.check(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(ls: RoboconfServer, params: types.DidChangeWatchedFilesParams) -> None:
        ls.check_all()


def _register_questions(server: RoboconfServer) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", ":", ",", " ", "="])
    )
    async def completion(ls: RoboconfServer, params: types.CompletionParams) -> types.CompletionList | None:
        return await ls.ask(params.text_document.uri, answers.completion, params.position, ls.installers)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(ls: RoboconfServer, params: types.DefinitionParams) -> list[types.Location] | None:
        return await ls.ask(params.text_document.uri, answers.definitions, params.position)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(ls: RoboconfServer, params: types.ReferenceParams) -> list[types.Location] | None:
        with_declaration = params.context.include_declaration
        return await ls.ask(params.text_document.uri, answers.references, params.position, with_declaration)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlight(
        ls: RoboconfServer, params: types.DocumentHighlightParams
    ) -> list[types.DocumentHighlight] | None:
        return await ls.ask(params.text_document.uri, answers.highlights, params.position)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: RoboconfServer, params: types.HoverParams) -> types.Hover | None:
        return await ls.ask(params.text_document.uri, answers.hover_text, params.position)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(ls: RoboconfServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return await ls.ask(params.text_document.uri, answers.document_symbols)

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding(ls: RoboconfServer, params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
        return await ls.ask(params.text_document.uri, answers.folding_ranges)


def _register_changes(server: RoboconfServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare_rename(ls: RoboconfServer, params: types.PrepareRenameParams) -> types.Range | None:
        return await ls.ask(params.text_document.uri, answers.rename_range, params.position)

    @server.feature(types.TEXT_DOCUMENT_RENAME)
    async def rename(ls: RoboconfServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
        found = await ls.ask(
            params.text_document.uri, answers.renaming, params.position, params.new_name, ls.edit_abilities()
        )
        if found is None:
            return None
        edit, moves = found
        for old, new in moves:
            message = f"rename {old} to {new.name} as well: it belongs to the component"
            ls.window_show_message(types.ShowMessageParams(types.MessageType.Warning, message))
        return edit

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(ls: RoboconfServer, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        document = ls.document(params.text_document.uri)
        edits = await ls.ask(params.text_document.uri, answers.formatting)
        return edits if document and ls.is_current(document) else None

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def code_action(ls: RoboconfServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await ls.ask(params.text_document.uri, answers.code_actions, params.context.diagnostics)
