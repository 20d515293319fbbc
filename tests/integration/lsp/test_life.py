"""The server begins and ends as it should, bears whatever comes, and is never in the way of typing."""

import json
import os
import signal
import subprocess

import pytest
from lsp_clients import PROGRAM, Editor, JsonRpcException, editor_with, types


@pytest.fixture
def process():
    """Lend a server whose streams the test speaks itself."""
    pipe = subprocess.PIPE
    with subprocess.Popen(PROGRAM, stdin=pipe, stdout=pipe, stderr=pipe) as found:
        yield found
        found.kill()


def message(method, params=None, **more):
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params or {}, **more}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def send(process, *messages):
    process.stdin.write(b"".join(messages))
    process.stdin.flush()


def receive(process):
    """Return the next message; anything else on standard output fails."""
    length = 0
    while line := process.stdout.readline().strip():
        name, _, value = line.partition(b": ")
        assert name in (b"Content-Length", b"Content-Type"), line
        length = int(value) if name == b"Content-Length" else length
    return json.loads(process.stdout.read(length))


def test_it_tells_who_it_is_and_what_it_can():
    editor = Editor()
    try:
        result = editor.start()
        assert result.server_info.name == "roboconf"
        can = result.capabilities
        assert can.position_encoding == "utf-16"
        assert can.text_document_sync.change is types.TextDocumentSyncKind.Full
        assert can.rename_provider.prepare_provider
        assert can.completion_provider.trigger_characters == (".", ":", ",", " ", "=")
        for provider in (
            "hover",
            "definition",
            "references",
            "document_symbol",
            "document_formatting",
            "folding_range",
        ):
            assert getattr(can, f"{provider}_provider"), provider
        assert editor.end() == 0
    finally:
        editor.dispose()


def test_it_ends_when_its_client_dies(process):
    send(process, message("initialize", {"capabilities": {}}, id=1))
    assert receive(process)["id"] == 1
    process.stdin.close()
    assert process.wait(20) == 1
    assert process.stdout.read() == b""


def test_it_ends_when_nobody_reads_any_more(process, tmp_path):
    send(process, message("initialize", {"capabilities": {}}, id=1))
    receive(process)
    process.stdout.close()
    document = {"uri": (tmp_path / "x.graph").as_uri(), "languageId": "", "version": 1, "text": "oops"}
    send(process, message("initialized"), message("textDocument/didOpen", {"textDocument": document}))
    process.stdin.close()
    assert process.wait(20) == 1


def test_it_ends_with_ctrl_c(process):
    send(process, message("initialize", {"capabilities": {}}, id=1))
    receive(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == -signal.SIGINT


def test_an_exit_without_shutdown_is_told_by_the_exit_status(process):
    send(process, message("initialize", {"capabilities": {}}, id=1))
    receive(process)
    send(process, message("exit"))
    assert process.wait(20) == 1


def test_messages_that_are_no_messages_are_borne(process, tmp_path):
    send(process, message("initialize", {"capabilities": {}}, id=1))
    receive(process)
    missing = {"textDocument": {"uri": "file:///nowhere.graph"}, "position": {"line": 7, "character": 7}}
    send(
        process,
        b"Content-Length: 3\r\n\r\n{]}",
        b"nonsense\r\n",
        message("textDocument/hover", {"oops": 1}, id=2),
        message("no/such/method", id=3),
        message(
            "textDocument/didChange", {"textDocument": {"uri": "file:///x.graph", "version": 2}, "contentChanges": []}
        ),
        message("textDocument/didClose", {"textDocument": {"uri": "file:///x.graph"}}),
        message("textDocument/hover", missing, id=4),
    )
    answers = {}
    while 4 not in answers:
        found = receive(process)
        answers[found.get("id", found.get("method"))] = found
    assert answers[3]["error"]["code"] == -32601
    assert answers[4]["result"] is None
    send(process, message("shutdown", id=5))
    while receive(process).get("id") != 5:
        pass
    send(process, message("exit"))
    assert process.wait(20) == 0


def test_what_plugins_print_does_not_disturb_the_protocol(tmp_path):
    noisy = tmp_path / "noisy"
    (noisy / "noisy-1.0.dist-info").mkdir(parents=True)
    (noisy / "noisy-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n")
    (noisy / "noisy-1.0.dist-info/entry_points.txt").write_text("[roboconf]\nnoisy = noisy_plugin\n")
    (noisy / "noisy_plugin.py").write_text(
        "import os, subprocess\nprint('loaded')\nos.write(1, b'raw')\nsubprocess.run(['sh', '-c', 'echo child; cat'])\n"
    )
    with editor_with(environment={**os.environ, "PYTHONPATH": str(noisy)}) as editor:
        uri = editor.open(tmp_path / "x.graph", "VM {\n\tinstaller: \n}\n")
        params = types.CompletionParams(**editor.at(uri, "installer: ", offset=11))
        assert editor.request("textDocument/completion", params).items[0].label == "target"
        assert editor.end() == 0


def test_a_refusal_is_no_defect_in_the_log(shop):
    with editor_with() as editor:
        graph = editor.open(shop / "graph/main.graph")
        with pytest.raises(JsonRpcException):
            editor.request("textDocument/rename", types.RenameParams(new_name="1", **editor.at(graph, "Tomcat {")))
        assert editor.end() == 0
        assert editor.log() == ""


def test_a_check_that_fails_is_told_in_the_log_and_done_again(tmp_path, shop):
    broken = tmp_path / "broken"
    (broken / "broken-1.0.dist-info").mkdir(parents=True)
    (broken / "broken-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "broken-1.0.dist-info/entry_points.txt").write_text("[roboconf]\nbroken = broken_plugin\n")
    (broken / "broken_plugin.py").write_text(
        "from roboconf_core.lsp.checks import Checker\n"
        "right = Checker.check\n"
        "def wrong(*_, **__):\n"
        "    Checker.check = right\n"
        "    raise KeyError('a defect')\n"
        "Checker.check = wrong\n"
    )
    with editor_with(environment={**os.environ, "PYTHONPATH": str(broken)}) as editor:
        graph = editor.open(shop / "graph/main.graph")
        editor.request("textDocument/hover", types.HoverParams(**editor.at(graph, "Tomcat {")))
        while "a check failed" not in editor.log_line():
            pass
        editor.change(graph, editor.texts[graph] + "oops;\n")
        editor.problems(graph, lambda found: found)


def test_requests_for_places_that_do_not_exist_are_answered(editor, graph):
    for line, character in ((0, 99999), (99999, 0), (2**31 - 1, 2**31 - 1)):
        place = {"text_document": types.TextDocumentIdentifier(graph), "position": types.Position(line, character)}
        editor.request("textDocument/hover", types.HoverParams(**place))
        editor.request("textDocument/completion", types.CompletionParams(**place))
        editor.request("textDocument/definition", types.DefinitionParams(**place))


def large(shop, machines):
    """Make an application large: as many machines, with four instances on each."""
    software = "".join(f"\tinstance of Tomcat {{\n\t\tname: t{n};\n\t\tlogin: x;\n\t}}\n" for n in range(4))
    text = "".join(f"instance of VM {{\n\tname: vm {n};\n{software}}}\n" for n in range(machines))
    (shop / "instances/model.instances").write_text(text)
    return text


def test_while_one_types_into_a_large_application_texts_in_between_are_not_checked(editor, shop):
    text = large(shop, 2000)
    uri = editor.open(shop / "instances/model.instances", text)
    last = text.rindex("login: x;")
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
    assert len(editor.request("textDocument/documentSymbol", params)) == 2000
    before = editor.problems(uri)
    for count in range(1, 11):
        editor.change(uri, text[:last] + "greet"[:count] + text[last:])
        position = editor.position(uri, "greet"[:count] + "login: x;", offset=len("greet"[:count]))
        found = editor.request("textDocument/completion", types.CompletionParams(params.text_document, position))
        assert "greeting" in [each.label for each in found.items]
    assert before == ()
    editor.change(uri, text[:last] + "greet" + text[last:])
    assert editor.problems(uri, lambda found: found, version=12)
    dropped = set(range(2, 12)) - {each.version for each in editor.diagnostics[uri]}
    assert len(dropped) >= 9
