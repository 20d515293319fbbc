"""Completion, definition, references, hover, outline: as an editor asks for them."""

import pytest
from lsp_clients import types

from roboconf_core.hooks.manager import load_plugins


def places(editor, locations):
    """Return file, line counted from 1, and text of locations."""
    return sorted(
        (each.uri.rpartition("/")[2], each.range.start.line + 1, editor.text_in(each.uri, each.range))
        for each in locations
    )


def labels(editor, uri, text, marker="|"):
    """Return what is offered at a marker, and change the document so that it is without."""
    before, _, after = text.partition(marker)
    editor.change(uri, before + after)
    last = before.rpartition("\n")[2]
    position = types.Position(before.count("\n"), len(last.encode("utf-16-le")) // 2)
    params = types.CompletionParams(types.TextDocumentIdentifier(uri), position)
    return [each.label for each in editor.request("textDocument/completion", params).items]


def definition(editor, uri, word, **where):
    found = editor.request("textDocument/definition", types.DefinitionParams(**editor.at(uri, word, **where)))
    return places(editor, found)


def references(editor, uri, word, *, declaration=True, **where):
    context = types.ReferenceContext(include_declaration=declaration)
    params = types.ReferenceParams(context, **editor.at(uri, word, **where))
    return places(editor, editor.request("textDocument/references", params))


def hover(editor, uri, word, **where):
    found = editor.request("textDocument/hover", types.HoverParams(**editor.at(uri, word, **where)))
    return found and (editor.text_in(uri, found.range), found.contents.value)


# --- definition


@pytest.mark.parametrize(
    ("word", "offset", "nth", "expected"),
    [
        ("children: Balancer", 12, 1, [("main.graph", 28, "Balancer")]),
        ("facets: Backend", 8, 1, [("main.graph", 11, "Backend")]),
        ("extends: Tomcat", 15, 1, [("main.graph", 16, "Tomcat")]),
        ("MySQL.port", 2, 1, [("data.graph", 6, "MySQL")]),
        ("MySQL.port", 8, 1, [("data.graph", 8, "port")]),
        ("Tomcat.ajp", 8, 1, [("main.graph", 19, "ajp")]),
        ("Backend.*", 8, 1, [("main.graph", 11, "Backend")]),
        ("Backend.port = 8081", 1, 1, [("main.graph", 11, "Backend")]),
        ("data.graph", 3, 1, [("data.graph", 1, "")]),
        ("Tomcat {", 0, 1, [("main.graph", 16, "Tomcat")]),
        ("Other.ip", 1, 1, []),
        ("installer", 1, 1, []),
        ("# Machines", 4, 1, []),
    ],
)
def test_names_of_a_graph_lead_to_their_declaration(editor, graph, word, offset, nth, expected):
    assert definition(editor, graph, word, offset=offset, nth=nth) == expected


@pytest.mark.parametrize(
    ("word", "offset", "expected"),
    [
        ("instance of Tomcat", 14, [("main.graph", 16, "Tomcat")]),
        ("instance of DataVM", 14, [("data.graph", 1, "DataVM")]),
        ("Backend.port: 8086", 1, [("main.graph", 11, "Backend")]),
        ("Backend.port: 8086", 9, [("main.graph", 12, "port")]),
        ("Jetty.port", 8, [("main.graph", 25, "port")]),
        ("greeting: ", 2, [("main.graph", 19, "greeting")]),
    ],
)
def test_names_of_instances_lead_to_the_graph(editor, instances, word, offset, expected):
    assert definition(editor, instances, word, offset=offset) == expected


def test_a_descriptor_leads_to_files_and_variables(editor, shop):
    uri = editor.open(shop / "descriptor/application.properties")
    assert definition(editor, uri, "main.graph") == [("main.graph", 1, "")]
    assert definition(editor, uri, "model.instances") == [("model.instances", 1, "")]
    assert definition(editor, uri, "MySQL.port", offset=1) == [("data.graph", 6, "MySQL")]
    assert definition(editor, uri, "Tomcat.port", offset=9) == [("main.graph", 12, "port")]


def test_a_text_that_is_not_saved_counts(editor, shop, graph):
    data = editor.open(shop / "graph/data.graph")
    editor.change(data, "# one more line\n" + editor.texts[data])
    assert definition(editor, graph, "MySQL.port", offset=2) == [("data.graph", 7, "MySQL")]


# --- references


def test_all_uses_of_a_component_are_found_in_all_files(editor, graph):
    assert references(editor, graph, "Tomcat {") == [
        ("application.properties", 7, "Tomcat"),
        ("main.graph", 16, "Tomcat"),
        ("main.graph", 24, "Tomcat"),
        ("main.graph", 31, "Tomcat"),
        ("model.instances", 5, "Tomcat"),
        ("model.instances", 16, "Tomcat"),
        ("more.commands", 3, "Tomcat"),
        ("more.commands", 5, "Tomcat"),
    ]


def test_a_component_that_a_command_names_leads_to_the_graph(editor, shop):
    uri = editor.open(shop / "commands/more.commands")
    assert definition(editor, uri, "instances of  Tomcat", offset=15) == [("main.graph", 16, "Tomcat")]
    assert "**component** `Tomcat`" in hover(editor, uri, "create Tomcat", offset=8)[1]


def test_all_uses_of_a_variable_are_found_through_all_types_that_inherit_it(editor, graph):
    found = references(editor, graph, "port = 8080", declaration=False)
    assert found == [
        ("application.properties", 7, "port"),
        ("main.graph", 31, "*"),
        ("model.instances", 8, "port"),
        ("model.instances", 14, "port"),
        ("model.instances", 15, "port"),
    ]
    assert references(editor, graph, "port = 8080")[1:3] == [("main.graph", 12, "port"), ("main.graph", 25, "port")]


def test_a_variable_of_the_same_name_elsewhere_is_another_one(editor, graph):
    found = references(editor, graph, "MySQL.port", offset=7)
    assert found == [
        ("application.properties", 8, "port"),
        ("data.graph", 8, "port"),
        ("main.graph", 20, "port"),
        ("model.instances", 34, "port"),
    ]


def test_uses_in_the_same_file_are_highlighted(editor, graph):
    params = types.DocumentHighlightParams(**editor.at(graph, "Tomcat {"))
    found = editor.request("textDocument/documentHighlight", params)
    assert [each.range.start.line + 1 for each in found] == [16, 24, 31]


# --- hover


def test_a_component_is_explained(editor, graph):
    word, text = hover(editor, graph, "extends: Tomcat", offset=10)
    assert word == "Tomcat"
    for expected in (
        "**component** `Tomcat`",
        "A server 😀 of pages.",
        "installer: `bash`",
        "facets: `Backend`",
        "- `Tomcat.greeting` = `good 😀, morning`",
        "- `Tomcat.ajp`, a free port, drawn for each instance",
        "- `Tomcat.login`, set by each instance",
        "- `Backend.ip`, set by the platform",
        "- `MySQL.ip` (optional)",
    ):
        assert expected in text
    assert "installer: `bash` (inherited)" in hover(editor, graph, "Jetty {")[1]


def test_a_variable_is_explained_with_those_who_export_and_import_it(editor, graph):
    word, text = hover(editor, graph, "port = 8080")
    assert word == "port"
    assert "`Backend.port` = `8080`" in text
    assert "- `Jetty` = `8081`" in text
    assert "provided by: `Tomcat`, `Jetty`" in text
    assert "imported by: `Balancer`" in text
    assert "imported by nothing in this application" in hover(editor, graph, "greeting")[1]


def test_instances_files_and_properties_are_explained(editor, graph, instances):
    assert "**instance** `/web/tomcat`" in hover(editor, instances, "tomcat;")[1]
    assert "**file** `graph/data.graph`" in hover(editor, graph, "data.graph")[1]
    assert hover(editor, graph, "installer")[1].startswith("**installer**: What deploys it")
    assert hover(editor, instances, "count")[1].startswith("**count**: How many")
    assert hover(editor, graph, "# Machines") is None


def test_marks_of_the_user_are_no_markdown(editor, graph):
    text = editor.texts[graph].replace("# A server 😀 of pages.", "# [click](http://x) <b>`*")
    editor.change(graph, text)
    assert r"\[click\](http://x) \<b\>\`\*" in hover(editor, graph, "Jetty {\n\textends: Tomcat", offset=18)[1]


# --- completion


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("|", ["installer", "extends", "facets", "children", "exports", "imports"]),
        ("inst|", ["installer", "extends", "facets", "children", "exports", "imports"]),
        ("installer: bash;\n\t|", ["extends", "facets", "children", "exports", "imports"]),
        ("extends: |", ["VM", "Tomcat", "Jetty", "Balancer", "DataVM", "MySQL"]),
        ("facets: |", ["Backend"]),
        ("facets: Backend, |", []),
        ("children: VM, |", ["Backend", "Tomcat", "Jetty", "New", "Balancer", "DataVM", "MySQL"]),
        ("imports: MySQL.|", ["ip", "port", "*"]),
        ("imports: MySQL.ip, Jetty.p|", ["ip", "port", "ajp", "greeting", "login", "*"]),
        ("imports: MySQL.ip |", ["(optional)"]),
        ("imports: external |", []),
        ("imports: MySQL.ip; # |", []),
        ("exports: x = |", []),
        ('exports: x = "a, |', []),
        ("unknown: |", []),
    ],
)
def test_a_component_is_completed(editor, graph, line, expected):
    text = editor.texts[graph].replace("Balancer {", f"New {{\n\t{line}\n}}\n\nBalancer {{")
    assert labels(editor, graph, text) == expected


def test_imports_begin_with_a_type_that_exports_something(editor, graph):
    text = editor.texts[graph].replace("MySQL.port, ", "|")
    found = labels(editor, graph, text)
    assert found == ["VM.", "Backend.", "Jetty.", "Balancer.", "DataVM.", "MySQL.", "external"]


def test_installers_are_those_of_the_plugins(editor, graph):
    found = labels(editor, graph, editor.texts[graph].replace("installer: bash", "installer: |", 1))
    names = [name for plugin in load_plugins().all for handler in plugin.installers for name in handler.names]
    assert found == ["target", *names]


def test_what_was_typed_is_replaced_as_a_whole(editor, graph):
    editor.change(graph, editor.texts[graph].replace("😀, morning", "😀").replace("Tomcat.ajp", "Tomcat.a"))
    params = types.CompletionParams(**editor.at(graph, "Tomcat.a", offset=8))
    item = next(each for each in editor.request("textDocument/completion", params).items if each.label == "ajp")
    assert editor.text_in(graph, item.text_edit.range) == "a"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("|", ["import", "facet"]),
        ("import |", ["data.graph", "main.graph"]),
        ("import data.graph; # |", []),
    ],
)
def test_the_beginning_of_a_graph_is_completed(editor, graph, line, expected):
    assert labels(editor, graph, f"{line}\n" + editor.texts[graph]) == expected


def test_keys_of_an_instance_are_its_properties_and_variables(editor, instances):
    found = labels(editor, instances, editor.texts[instances].replace("login: root;", "|", 1))
    assert found[:4] == ["count", "channels", "instance-data", "instance-state"]
    assert found[4:] == ["ip", "Backend.ip", "port", "ajp", "login"]  # the others are set already


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("instance of |", ["Balancer", "Jetty", "Tomcat"]),
        ("instance of |{", ["Balancer", "Jetty", "Tomcat"]),
    ],
)
def test_only_instances_that_may_stand_there_are_offered(editor, instances, line, expected):
    text = editor.texts[instances].replace("name: front;", f"name: front;\n\t{line}\n")
    assert labels(editor, instances, text) == expected


def test_instances_at_the_root_are_machines(editor, instances):
    assert labels(editor, instances, editor.texts[instances] + "\ninstance of |") == ["VM", "DataVM"]
    assert labels(editor, instances, editor.texts[instances] + "\n|") == ["import", "instance of"]


def test_the_value_of_the_graph_is_offered_for_an_override(editor, instances):
    text = editor.texts[instances].replace("greeting: 😀;", "greeting: |")
    assert labels(editor, instances, text) == ["good 😀, morning"]


def test_a_descriptor_is_completed(editor, shop):
    uri = editor.open(shop / "descriptor/application.properties")
    text = editor.texts[uri]
    assert "graph-entry-point" in labels(editor, uri, f"|\n{text}")
    assert labels(editor, uri, f"graph-entry-point = |\n{text}") == ["data.graph", "main.graph"]
    assert "MySQL." in labels(editor, uri, f"exports = |\n{text}")
    assert labels(editor, uri, f"exports = MySQL.|\n{text}") == ["ip", "port"]


# --- outline


def test_the_outline_shows_instances_as_they_are_nested(editor, instances):
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(instances))
    roots = editor.request("textDocument/documentSymbol", params)
    assert [(each.name, each.detail) for each in roots] == [("web", "VM"), ("front", "VM"), ("data", "DataVM")]
    assert [each.name for each in roots[0].children] == ["tomcat", "jetty"]
    assert (roots[0].range.start.line, roots[0].range.end.line) == (0, 18)
    assert editor.text_in(instances, roots[0].selection_range) == "VM"


def test_the_outline_of_a_graph_shows_types_with_their_variables(editor, graph):
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(graph))
    roots = {each.name: each for each in editor.request("textDocument/documentSymbol", params)}
    assert list(roots) == ["VM", "Backend", "Tomcat", "Jetty", "Balancer"]
    variables = {each.name: each.detail for each in roots["Tomcat"].children}
    assert variables == {"ajp": "random[port]", "greeting": "good 😀, morning", "login": ""}
    assert [editor.text_in(graph, each.selection_range) for each in roots["Tomcat"].children] == list(variables)


def test_blocks_and_comments_can_be_folded(editor, instances):
    editor.change(instances, "# one\n# two\n" + editor.texts[instances])
    params = types.FoldingRangeParams(types.TextDocumentIdentifier(instances))
    found = [
        (each.start_line + 1, each.end_line + 1, each.kind)
        for each in editor.request("textDocument/foldingRange", params)
    ]
    assert (1, 2, "comment") in found
    assert (3, 21, None) in found
    assert (7, 12, None) in found


def test_deeply_nested_instances_have_an_outline(editor, shop):
    depth = 3000
    uri = editor.open(shop / "instances/deep.instances", "instance of VM {\nname: x;\n" * depth + "}\n" * depth)
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
    entries, deepest = editor.request("textDocument/documentSymbol", params), 0
    while entries:
        deepest, entries = deepest + 1, entries[0].children
    assert 50 < deepest < 100
