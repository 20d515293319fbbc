"""An editor that speaks with ``roboconf lsp`` over its standard streams, with the client of pygls."""

import asyncio
import os
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("pygls", reason="pip install 'roboconf-core[lsp]'")

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

__all__ = ["EVERYTHING", "PROGRAM", "Editor", "JsonRpcException", "editor_with", "types"]
"""Tests import the protocol's words from here, so that they are skipped where pygls is missing."""

PROGRAM = (str(Path(sys.executable).with_name("roboconf")), "lsp")
LONGEST_S = 30
EVERYTHING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True, resource_operations=[types.ResourceOperationKind.Rename]
        ),
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    ),
    text_document=types.TextDocumentClientCapabilities(
        rename=types.RenameClientCapabilities(prepare_support=True),
        completion=types.CompletionClientCapabilities(),
    ),
)


class Editor:
    """One client with one server; every call returns when the answer is there, or fails in the end."""

    def __init__(self, environment=None):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = LanguageClient("tests", "1")
        self._environment = environment or dict(os.environ)
        self._published = threading.Condition()
        self.diagnostics = defaultdict(list)
        """URI to all that was published for it, oldest first."""
        self.registered = []
        self.told = []
        self.texts = {}
        self.versions = {}
        self._listen()

    def _listen(self):
        @self._client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params):
            with self._published:
                self.diagnostics[params.uri].append(params)
                self._published.notify_all()

        @self._client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params):
            self.registered += params.registrations

        @self._client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params):
            self.told.append(params.message)

    def run(self, awaitable):
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(LONGEST_S)

    def start(self, capabilities=EVERYTHING, root=None):
        self.run(self._client.start_io(*PROGRAM, env=self._environment, limit=64 * 1024 * 1024))
        self.process = self._client._server
        params = types.InitializeParams(capabilities=capabilities, process_id=os.getpid(), root_uri=root)
        result = self.request("initialize", params)
        self.notify("initialized", types.InitializedParams())
        return result

    def request(self, method, params=None):
        async def ask():
            return await self._client.protocol.send_request_async(method, params)

        return self.run(ask())

    def notify(self, method, params=None):
        async def tell():
            self._client.protocol.notify(method, params)

        self.run(tell())

    # --- documents

    def open(self, file, text=None, language="", uri=None):
        uri = uri or Path(file).as_uri()
        self.texts[uri] = Path(file).read_bytes().decode() if text is None else text
        self.versions[uri] = 1
        item = types.TextDocumentItem(uri, language, 1, self.texts[uri])
        self.notify("textDocument/didOpen", types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri, text):
        self.texts[uri] = text
        self.versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.notify("textDocument/didChange", types.DidChangeTextDocumentParams(identifier, [whole]))

    def close_all(self):
        for uri in list(self.texts):
            self.close(uri)

    def close(self, uri):
        self.texts.pop(uri)
        self.notify("textDocument/didClose", types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def position(self, uri, word, offset=0, nth=1):
        """Return where a word stands for the nth time, plus some characters; counted in UTF-16."""
        start = -1
        for _ in range(nth):
            start = self.texts[uri].index(word, start + 1)
        before = self.texts[uri][: start + offset]
        last = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(last.encode("utf-16-le")) // 2)

    def text_in(self, uri, range_):
        """Return what stands in a range of an open document, or a file."""
        lines = (self.texts.get(uri) or Path(unquote(urlsplit(uri).path)).read_text()).split("\n")
        assert range_.start.line == range_.end.line
        units = lines[range_.start.line].encode("utf-16-le")
        return units[range_.start.character * 2 : range_.end.character * 2].decode("utf-16-le")

    def at(self, uri, word, offset=0, nth=1):
        return {
            "text_document": types.TextDocumentIdentifier(uri),
            "position": self.position(uri, word, offset, nth),
        }

    # --- what is published

    def problems(self, uri, until=lambda found: True, version=None):
        """Wait until the newest problems of a file are as wanted, and return them."""

        def fit():
            newest = self.diagnostics[uri][-1:]
            return newest and version in (None, newest[0].version) and until(newest[0].diagnostics)

        with self._published:
            if not self._published.wait_for(fit, LONGEST_S):
                pytest.fail(f"not published for {uri}: {self.diagnostics[uri][-1:]}")
            return self.diagnostics[uri][-1].diagnostics

    def codes(self, uri, *wanted):
        """Wait until exactly these problems are shown for a file."""
        return self.problems(uri, lambda found: sorted(str(each.code) for each in found) == sorted(wanted))

    # --- the end

    def end(self):
        self.request("shutdown")
        self.notify("exit")
        return self.status()

    def log(self):
        """Return all that the server, which has ended, wrote to standard error."""
        return self.run(self.process.stderr.read()).decode()

    def log_line(self):
        """Wait for a line on standard error, and return it."""
        return self.run(self.process.stderr.readline()).decode()

    def status(self):
        async def wait():
            return await self.process.wait()

        return self.run(wait())

    def dispose(self):
        async def stop():
            if self.process.returncode is None:
                self.process.kill()
            await self._client.stop()
            self.process._transport.close()

        self.run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LONGEST_S)
        self._loop.close()


@contextmanager
def editor_with(capabilities=EVERYTHING, environment=None):
    """Lend an editor whose server runs."""
    editor = Editor(environment)
    try:
        editor.start(capabilities)
        yield editor
    finally:
        editor.dispose()
