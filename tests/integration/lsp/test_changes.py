"""Renaming, formatting and quick fixes: the application is as sound afterwards as before."""

import pytest
from lsp_clients import JsonRpcException, editor_with, types

from roboconf_core.cli.validate import problems_of
from roboconf_core.lsp.documents import path_of


def applied(text, edits):
    """Return a text with edits, whose places count UTF-16 code units."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        start, end = edit.range.start, edit.range.end
        before = lines[start.line].encode("utf-16-le")[: start.character * 2].decode("utf-16-le")
        after = lines[end.line].encode("utf-16-le")[end.character * 2 :].decode("utf-16-le")
        lines[start.line : end.line + 1] = (before + edit.new_text + after).split("\n")
    return "\n".join(lines)


def apply_to_files(edit):
    """Make the changes of a whole workspace on the disk."""
    changes = edit.document_changes or [
        types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), edits)
        for uri, edits in edit.changes.items()
    ]
    for change in changes:
        if isinstance(change, types.RenameFile):
            path_of(change.old_uri).rename(path_of(change.new_uri))
        else:
            file = path_of(change.text_document.uri)
            file.write_text(applied(file.read_text(), change.edits))


def rename(editor, uri, word, new_name, **where):
    return editor.request("textDocument/rename", types.RenameParams(new_name=new_name, **editor.at(uri, word, **where)))


def refusal(editor, uri, word, new_name, **where):
    with pytest.raises(JsonRpcException) as caught:
        rename(editor, uri, word, new_name, **where)
    assert caught.value.code == -32803
    return caught.value.message


def texts_of(shop):
    return {file.relative_to(shop).as_posix(): file.read_text() for file in sorted(shop.rglob("*.*")) if file.is_file()}


# --- renaming


@pytest.mark.parametrize(
    ("word", "offset", "old", "new"),
    [
        ("Tomcat {", 0, "Tomcat", "WebServer"),
        ("facets: Backend", 8, "Backend", "Back-end"),
        ("MySQL.port", 2, "MySQL", "Db_2"),
        ("children: Balancer", 12, "Balancer", "Proxy"),
        ("port = 8080", 0, "port", "http-port"),
        ("Backend.port", 8, "port", "http"),
        ("MySQL.port", 7, "port", "db"),
        ("greeting", 8, "greeting", "hello"),
        ("Tomcat.ajp", 7, "ajp", "ajp_port"),
    ],
)
def test_a_name_is_changed_everywhere_and_back(editor, shop, graph, word, offset, old, new):
    before = texts_of(shop)
    assert problems_of(shop) == []
    apply_to_files(rename(editor, graph, word, new, offset=offset))
    assert problems_of(shop) == []
    assert texts_of(shop) != before
    editor.close(graph)
    again = editor.open(shop / "graph/main.graph")
    apply_to_files(rename(editor, again, new, old, offset=1))
    assert texts_of(shop) == before


def test_the_recipe_and_the_probes_of_a_component_move_with_it(editor, shop, graph):
    (shop / "probes").mkdir()
    (shop / "probes/Tomcat.measures").write_text("# none\n")
    edit = rename(editor, graph, "Tomcat {", "Web")
    moves = [each for each in edit.document_changes if isinstance(each, types.RenameFile)]
    assert [(path_of(each.old_uri), path_of(each.new_uri)) for each in moves] == [
        (shop / "graph/Tomcat", shop / "graph/Web"),
        (shop / "probes/Tomcat.measures", shop / "probes/Web.measures"),
    ]
    assert editor.told == []


def test_files_in_a_recipe_that_moves_are_still_imported(editor, shop, graph):
    (shop / "graph/MySQL/more.graph").write_text("facet Spare {\n\texports: x = 1;\n}\n")
    text = editor.texts[graph].replace("import data.graph;", "import data.graph;\nimport ./MySQL/more.graph;")
    text = text.replace("facets: Backend;", "facets: Backend, Spare;")
    (shop / "graph/main.graph").write_text(text)
    editor.change(graph, text)
    apply_to_files(rename(editor, graph, "MySQL.port", "Db"))
    assert problems_of(shop) == []


def test_versions_of_open_documents_come_along(editor, shop, graph):
    edit = rename(editor, graph, "Tomcat {", "Web")
    versions = {path_of(e.text_document.uri).name: e.text_document.version for e in edit.document_changes[:3]}
    assert versions == {"application.properties": None, "main.graph": 1, "model.instances": None}


def test_a_client_that_moves_no_files_is_told_to(shop):
    with editor_with(types.ClientCapabilities()) as editor:
        graph = editor.open(shop / "graph/main.graph")
        edit = rename(editor, graph, "Tomcat {", "Web")
        assert edit.document_changes is None
        editor.request("shutdown")
        assert editor.told == [f"rename {shop}/graph/Tomcat to Web as well: it belongs to the component"]
        apply_to_files(edit)
        (shop / "graph/Tomcat").rename(shop / "graph/Web")
        assert problems_of(shop) == []


@pytest.mark.parametrize(
    ("word", "offset", "new", "expected"),
    [
        ("Tomcat {", 0, "Web.Server", "'Web.Server' is no valid name of a component or facet"),
        ("Tomcat {", 0, "1", "'1' is no valid name"),
        ("Tomcat {", 0, "", "'' is no valid name"),
        ("Tomcat {", 0, "Wéb", "'Wéb' is no valid name"),
        ("Tomcat {", 0, "facet", "'facet' is a keyword"),
        ("Tomcat {", 0, "Backend", "there is a facet 'Backend' already (see graph/main.graph:11)"),
        ("facets: Backend", 8, "MySQL", "there is a component 'MySQL' already (see graph/data.graph:6)"),
        ("Tomcat {", 0, "Other", "'Other' is already used as the prefix of a variable (see graph/main.graph:31)"),
        ("port = 8080", 0, "login", "'Jetty' has a variable 'login' already"),
        ("port = 8080", 0, "a.b", "'a.b' has a dot"),
        ("port = 8080", 0, "a b", "'a b' is no valid name of a variable"),
        ("port = 8080", 0, "IP", "'IP' is the address of the machine"),
        ("exports: ip", 10, "address", "'ip' cannot be renamed"),
        ("Backend.*", 8, "x", "'*' stands for all variables"),
        ("installer", 0, "x", "there is no component, facet or exported variable here"),
    ],
)
def test_a_name_that_cannot_be_given_is_refused(editor, graph, word, offset, new, expected):
    assert expected in refusal(editor, graph, word, new, offset=offset)


def test_a_component_does_not_take_over_the_recipe_of_nobody(editor, shop, graph):
    (shop / "graph/Web").mkdir()
    assert refusal(editor, graph, "Tomcat {", "Web").startswith("graph/Web exists already")


def test_a_variable_does_not_take_over_what_an_instance_has_for_itself(editor, shop, graph):
    instances = editor.open(shop / "instances/model.instances")
    editor.change(instances, editor.texts[instances].replace("greeting:", "own:"))
    message = refusal(editor, graph, "port = 8080", "own")
    assert message == "an instance of 'Tomcat' sets 'own' already (see instances/model.instances:7)"


def test_commands_name_a_component_by_its_new_name(editor, shop, graph):
    apply_to_files(rename(editor, graph, "Tomcat {", "Web"))
    text = (shop / "commands/more.commands").read_text()
    assert "create Web as" in text
    assert "# Tomcat" in text
    assert problems_of(shop) == []


def test_nothing_is_renamed_while_a_line_could_hold_the_name(editor, shop, graph):
    data = editor.open(shop / "graph/data.graph")
    editor.change(data, editor.texts[data].replace("children: MySQL;", "children MySQL;"))
    message = refusal(editor, graph, "MySQL.port", "Db")
    assert message.startswith("graph/data.graph:3 cannot be understood and could hold the name")


def test_instances_are_not_renamed(editor, instances):
    assert "instances are not renamed here" in refusal(editor, instances, "name: web", "x", offset=7)


def test_what_can_be_renamed_is_told_before(editor, graph):
    params = types.PrepareRenameParams(**editor.at(graph, "MySQL.port", offset=8))
    assert editor.text_in(graph, editor.request("textDocument/prepareRename", params)) == "port"
    with pytest.raises(JsonRpcException, match="platform"):
        editor.request(
            "textDocument/prepareRename", types.PrepareRenameParams(**editor.at(graph, "exports: ip", offset=10))
        )


# --- formatting


def formatted(editor, uri):
    options = types.FormattingOptions(tab_size=4, insert_spaces=False)
    params = types.DocumentFormattingParams(types.TextDocumentIdentifier(uri), options)
    edits = editor.request("textDocument/formatting", params)
    return edits if edits is None else applied(editor.texts[uri], edits)


def test_a_file_gets_its_layout(editor, graph):
    canonical = editor.texts[graph]
    assert formatted(editor, graph) == canonical
    editor.change(graph, canonical.replace("\t", "  ").replace("Jetty {", "Jetty{"))
    assert formatted(editor, graph) == canonical
    editor.change(graph, canonical + "\n\n\n")
    assert formatted(editor, graph) == canonical
    editor.change(graph, "\n\n" + canonical)
    assert formatted(editor, graph) == canonical


def test_a_line_that_is_not_understood_keeps_a_file_as_it_is(editor, instances):
    editor.change(instances, editor.texts[instances].replace("count: 2;", "  count: 2"))
    assert formatted(editor, instances) is None


def test_a_descriptor_is_not_formatted(editor, shop):
    assert formatted(editor, editor.open(shop / "descriptor/application.properties")) is None


# --- quick fixes


def fixed(editor, uri, until):
    """Wait for a problem, and return the title of its fix and the text it leads to."""
    problems = [each for each in editor.problems(uri, until) if until([each])]
    context = types.CodeActionContext(diagnostics=problems[:1])
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), problems[0].range, context)
    (action,) = editor.request("textDocument/codeAction", params)
    return action.title, applied(editor.texts[uri], action.edit.changes[uri])


@pytest.mark.parametrize(
    ("right", "wrong", "title"),
    [
        ("facets: Backend;", "facets: Bakend;", "Change to 'Backend'"),
        ("extends: Tomcat;", "extends: Tomact;", "Change to 'Tomcat'"),
        ("children: Balancer, Backend;", "children: Balancer, Backnd;", "Change to 'Backend'"),
        ("import data.graph;", "import date.graph;", "Change to 'data.graph'"),
        ("imports: MySQL.port", "imports: MySQL.prt", "Change to 'MySQL.port'"),
        ("\tinstaller: target;", "\tinstaler: target;", "Change to 'installer'"),
        ("installer: target;", "installer: target", "Add ';'"),
        ("import data.graph;", "import data.graph  # why", "Add ';'"),
    ],
)
def test_a_hint_is_a_quick_fix(editor, graph, right, wrong, title):
    sound = editor.texts[graph]
    editor.change(graph, sound.replace(right, wrong))
    found, text = fixed(
        editor, graph, lambda found: any("did you mean" in e.message or "';'" in e.message for e in found)
    )
    assert found == title
    assert text.replace(";  # why", ";") == sound


def test_an_unknown_component_of_an_instance_is_mended(editor, instances):
    sound = editor.texts[instances]
    editor.change(instances, sound.replace("instance of MySQL", "instance of MySql"))
    assert fixed(editor, instances, lambda found: any("did you mean" in each.message for each in found)) == (
        "Change to 'MySQL'",
        sound,
    )
