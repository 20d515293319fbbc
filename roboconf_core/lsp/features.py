"""What the server offers: each message of the protocol with what answers it."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from roboconf_core.lsp import answers, changes
from roboconf_core.lsp.server import REQUEST_FAILED, TYPING_PAUSE_S, RoboconfServer

_WATCHED = "**/*.{graph,instances,properties,commands,drl,measures}"


class _WithoutRefusals(logging.Filter):
    """Keeps what is refused out of the log: the user is told already, and nothing is wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record tells of something else."""
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, JsonRpcException) and error.code == REQUEST_FAILED)


def serve(stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Serve one client until it ends, and return the exit status: 1 when it ended without saying so."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_WithoutRefusals())
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
        return await ls.ask(params.text_document.uri, changes.rename_range, params.position)

    @server.feature(types.TEXT_DOCUMENT_RENAME)
    async def rename(ls: RoboconfServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
        found = await ls.ask(
            params.text_document.uri, changes.renaming, params.position, params.new_name, ls.edit_abilities()
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
        edits = await ls.ask(params.text_document.uri, changes.formatting)
        return edits if document and ls.is_current(document) else None

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def code_action(ls: RoboconfServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await ls.ask(params.text_document.uri, changes.code_actions, params.context.diagnostics)
