"""Checks of projects come to an end."""

import asyncio
from pathlib import Path

from lsp_clients import types

from roboconf_core.lsp.checks import Project
from roboconf_core.lsp.features import build_server


def test_the_check_of_a_document_that_was_closed_and_opened_again_does_not_go_on_beside_the_new_one(tmp_path):
    server = build_server()
    server.protocol.lsp_initialize(types.InitializeParams(types.ClientCapabilities())).send(None)
    published = []
    server.text_document_publish_diagnostics = published.append
    uri = (tmp_path / "x.graph").as_uri()

    def open_document():
        server.workspace.put_text_document(types.TextDocumentItem(uri, "", 1, "VM {\n}\n"))
        server.check(uri, fresh=True)

    async def reopen():
        open_document()
        server.workspace.remove_text_document(uri)
        server.check(uri)
        open_document()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(others) == 2
        await asyncio.wait_for(asyncio.gather(*others), 30)

    asyncio.run(reopen())
    assert [each.uri for each in published] == [uri]
    assert list(server._projects) == [Project(Path(tmp_path / "x.graph"), False)]
