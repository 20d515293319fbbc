"""What is wrong is shown while one types, in all files of the application, and vanishes when it is mended."""

import shutil

from lsp_clients import EVERYTHING, editor_with, types

ERROR, WARNING = types.DiagnosticSeverity.Error, types.DiagnosticSeverity.Warning


def test_a_sound_application_shows_nothing(editor, graph):
    editor.change(graph, editor.texts[graph] + "oops;\n")
    editor.codes(graph, "PM_INVALID_BLOCK_TYPE", "P_UNRECOGNIZED_BLOCK")
    editor.change(graph, editor.texts[graph].removesuffix("oops;\n"))
    assert editor.problems(graph, lambda found: not found, version=3) == ()


def test_a_problem_has_its_place_code_severity_and_hint(editor, graph):
    editor.change(graph, editor.texts[graph].replace("imports: MySQL.port", "imports: MySQL.prot"))
    (problem,) = editor.codes(graph, "RM_UNRESOLVABLE_VARIABLE")
    assert problem.severity is ERROR
    assert problem.source == "roboconf"
    assert problem.message == (
        "component 'Tomcat' imports 'MySQL.prot', which no component exports\ndid you mean 'MySQL.port'?"
    )
    assert editor.text_in(graph, problem.range) == "MySQL.prot"


def test_a_name_that_does_not_exist_is_shown_where_it_is_used(editor, graph):
    text = editor.texts[graph].replace("children: Balancer, Backend;", "children: Balancer, Jety, Backend;")
    editor.change(graph, text)
    (problem,) = editor.codes(graph, "CO_INEXISTING_CHILD")
    assert editor.text_in(graph, problem.range) == "Jety"


def test_a_problem_of_a_whole_block_is_shown_at_its_head(editor, instances):
    editor.change(instances, editor.texts[instances].replace("\t\tname: jetty;\n", ""))
    (problem,) = editor.codes(instances, "PM_MISSING_INSTANCE_NAME")
    assert editor.text_in(instances, problem.range) == "instance of Jetty"


def test_a_place_behind_an_emoji_is_counted_as_the_client_counts(editor, graph):
    text = editor.texts[graph].replace('"good 😀, morning", login', '"😀😀", login, a b')
    editor.change(graph, text)
    (problem,) = editor.codes(graph, "PM_INVALID_EXPORTED_VAR_NAME")
    line = text.split("\n")[problem.range.start.line]
    assert problem.range.start.character == line.index("a b") + 2
    assert editor.text_in(graph, problem.range) == "a"


def test_a_client_that_counts_characters_or_bytes_gets_them(shop):
    places = {}
    for encoding in ("utf-8", "utf-16", "utf-32"):
        general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(encoding)])
        with editor_with(types.ClientCapabilities(general=general)) as editor:
            uri = editor.open(shop / "graph/main.graph", "A {\n\texports: x = é😀, a b;\n}\n")
            (problem,) = editor.problems(uri, lambda found: found)[:1]
            places[encoding] = problem.range.start.character
    assert places == {"utf-8": 22, "utf-16": 19, "utf-32": 18}


def test_a_change_in_one_file_shows_problems_in_another_one(editor, shop, graph):
    instances = (shop / "instances/model.instances").as_uri()
    editor.change(graph, editor.texts[graph].replace("children: Balancer, Backend", "children: Balancer"))
    assert editor.problems(instances, lambda found: found)[0].code == "RM_INVALID_INSTANCE_PARENT"
    editor.change(graph, editor.texts[graph].replace("children: Balancer", "children: Balancer, Backend"))
    assert editor.problems(instances, lambda found: not found) == ()


def test_all_unsaved_texts_count_together(editor, graph, instances):
    editor.change(graph, editor.texts[graph].replace("Jetty {", "Undertow {"))
    editor.codes(instances, "CO_INEXISTING_COMPONENT")
    editor.change(instances, editor.texts[instances].replace("of Jetty", "of Undertow").replace("Jetty.", "Undertow."))
    editor.problems(instances, lambda found: not found)
    # the recipe is inherited, so nothing is missing
    editor.problems(graph, lambda found: not found)


def test_a_closed_document_counts_as_it_is_on_the_disk(editor, shop, graph, instances):
    editor.change(graph, editor.texts[graph].replace("Jetty {", "Undertow {"))
    editor.codes(instances, "CO_INEXISTING_COMPONENT")
    editor.close(graph)
    editor.problems(instances, lambda found: not found)


def test_when_the_last_document_is_closed_all_its_problems_vanish(editor, shop, graph):
    instances = (shop / "instances/model.instances").as_uri()
    editor.change(graph, editor.texts[graph].replace("Jetty {", "Undertow {"))
    editor.codes(instances, "CO_INEXISTING_COMPONENT")
    editor.close(graph)
    editor.problems(instances, lambda found: not found)


def test_files_that_change_on_the_disk_are_looked_at_again(editor, shop, graph):
    assert [each.method for each in editor.registered] == ["workspace/didChangeWatchedFiles"]
    data = shop / "graph/data.graph"
    sound = data.read_text()
    data.unlink()
    changed = types.DidChangeWatchedFilesParams([types.FileEvent(data.as_uri(), types.FileChangeType.Deleted)])
    editor.notify("workspace/didChangeWatchedFiles", changed)
    assert editor.problems(graph, lambda found: found)[0].code == "CO_UNREACHABLE_FILE"
    data.write_text(sound)
    editor.notify("workspace/didChangeWatchedFiles", changed)
    editor.problems(graph, lambda found: not found)


def test_recipes_are_looked_at_again_when_a_file_is_saved(editor, shop, graph):
    shutil.rmtree(shop / "graph/Balancer/scripts")
    (shop / "graph/Balancer/x").touch()
    identifier = types.TextDocumentIdentifier(graph)
    editor.notify("textDocument/didSave", types.DidSaveTextDocumentParams(identifier))
    recipe = (shop / "graph/Balancer").as_uri()
    descriptor = (shop / "descriptor/application.properties").as_uri()
    (problem,) = editor.problems(descriptor, lambda found: found)
    assert problem.code == "REC_SCRIPT_NO_SCRIPTS_DIR"
    assert not editor.diagnostics[recipe]


def test_an_application_that_vanishes_leaves_its_documents_alone(editor, shop):
    text = (shop / "graph/data.graph").read_text()
    graph = editor.open(shop / "graph/main.graph")
    shutil.rmtree(shop)
    editor.change(graph, text.replace("extends: VM", "installer: target"))
    editor.problems(graph, lambda found: not found, version=2)
    editor.change(graph, text)
    editor.codes(graph, "CO_INEXISTING_COMPONENT")


def test_a_file_that_nothing_imports_is_checked_line_by_line(editor, shop):
    uri = editor.open(shop / "graph/new.graph", "New {\n\textends: Unknown;\n\tinstaler: x;\n}\n")
    editor.codes(uri, "PM_PROPERTY_NOT_APPLIABLE")
    (shop / "graph/new.graph").write_text("New {\n\textends: Unknown;\n\tinstaler: x;\n}\n")
    editor.change(uri, editor.texts[uri] + "# more\n")
    problems = editor.codes(uri, "PM_PROPERTY_NOT_APPLIABLE", "PROJ_UNREACHABLE_FILE")
    assert [each.severity for each in problems] == [WARNING, ERROR]


def test_a_file_without_an_application_is_checked_on_its_own(editor, tmp_path):
    (tmp_path / "other.graph").write_text("VM {\n\tinstaller: target;\n}\n")
    uri = editor.open(tmp_path / "one.graph", "import other.graph;\nA {\n\textends: Vm;\n}\n")
    (problem,) = editor.codes(uri, "CO_INEXISTING_COMPONENT")
    assert "did you mean 'VM'?" in problem.message
    lone = editor.open(tmp_path / "x.instances", "instance of Anything {\n\tnam: x;\n}\n")
    editor.codes(lone, "PM_MISSING_INSTANCE_NAME")


def test_a_text_that_was_never_saved_is_checked(editor):
    uri = editor.open("", "VM {\n\tinstaler: target;\n}\n", "roboconf-graph", uri="untitled:Untitled-1")
    editor.codes(uri, "PM_PROPERTY_NOT_APPLIABLE")


def test_texts_of_other_places_and_languages_are_left_alone(editor, graph, tmp_path):
    others = [
        editor.open("", "oops", "roboconf-graph", uri="git:/somewhere/main.graph?HEAD"),
        editor.open("", "oops", "roboconf-graph", uri="http://example.org/main.graph"),
        editor.open("", "oops", "python", uri=(tmp_path / "x.py").as_uri()),
        editor.open("", "oops", "properties", uri=(tmp_path / "gradle.properties").as_uri()),
    ]
    for uri in others:
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(0, 0))
        editor.request("textDocument/hover", params)
    editor.change(graph, editor.texts[graph] + "oops;\n")
    editor.problems(graph, lambda found: found)
    assert not any(editor.diagnostics[uri] for uri in others)


def test_a_document_may_be_spelled_in_several_ways(editor, shop, graph):
    spelled = graph.replace("%20", " ").replace("file:///", "file://localhost/")
    other = graph.replace("main", "m%61in")
    assert other != graph
    params = types.HoverParams(types.TextDocumentIdentifier(other), editor.position(graph, "Tomcat {"))
    assert "**component** `Tomcat`" in editor.request("textDocument/hover", params).contents.value
    data = editor.open(shop / "graph/data.graph", uri=spelled.replace("main", "data"))
    editor.change(data, editor.texts[data] + "oops;\n")
    assert editor.problems(data, lambda found: found)


def test_lines_may_end_like_on_windows(editor, graph):
    text = editor.texts[graph].replace("imports: MySQL.port", "imports: MySQL.prot").replace("\n", "\r\n")
    editor.change(graph, "\ufeff" + text)
    (problem,) = editor.codes(graph, "RM_UNRESOLVABLE_VARIABLE")
    assert editor.text_in(graph, problem.range) == "MySQL.prot"


def test_thousands_of_problems_of_a_file_are_cut(editor, shop):
    uri = editor.open(shop / "graph/main.graph", "VM {\n" + "x: y;\n" * 3000 + "}\n")
    assert len(editor.problems(uri, lambda found: len(found) > 1)) == 500


def test_nobody_is_asked_to_watch_files_who_cannot():
    with editor_with(types.ClientCapabilities()) as editor:
        editor.end()
        assert editor.registered == []
    assert EVERYTHING.workspace.did_change_watched_files.dynamic_registration
