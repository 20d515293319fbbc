"""Every name has its exact place, in files with problems too."""

import fuzzed_languages
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples
from random_layouts import layouts_of
from random_models import graphs, ids, instance_trees

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.render import render_graph, render_instances
from roboconf_core.dsl.symbols import Role, Span, SymbolKind, symbols_of, symbols_of_commands, symbols_of_descriptor
from roboconf_core.dsl.syntax import FileKind

GRAPH, INSTANCES = FileKind.GRAPH, FileKind.INSTANCES


def lines_of(text):
    return text.removeprefix("\ufeff").replace("\r", "").split("\n")


def symbols(text, kind=GRAPH):
    return symbols_of(parse(text, kind), lines_of(text))


def standing_at(text, span):
    return lines_of(text)[span.line - 1][span.column - 1 :][: span.length]


def seen(text, found):
    """Return role or kind, name, and what really stands at the place."""
    every = [(each.kind, each.name, each.span) for each in found.definitions]
    every += [(each.role, each.name, each.span) for each in found.references]
    return [(str(what), name, standing_at(text, span)) for what, name, span in sorted(every, key=lambda each: each[2])]


def assert_places_are_exact(text, found):
    for each in found.definitions:
        expected = each.name or each.block.name  # an instance without a name is found at its component
        assert standing_at(text, each.span) == expected
    for each in found.references:
        assert standing_at(text, each.span) == each.name


def test_types_of_a_component_are_found_in_all_its_lists():
    text = "Jetty {\n\textends : Tomcat;\n\tfacets: Web , Backend;\n\tchildren:War,Ear;\n}\n"
    assert seen(text, symbols(text)) == [
        ("component", "Jetty", "Jetty"),
        ("extends", "Tomcat", "Tomcat"),
        ("facets", "Web", "Web"),
        ("facets", "Backend", "Backend"),
        ("children", "War", "War"),
        ("children", "Ear", "Ear"),
    ]


def test_the_name_of_a_random_variable_is_not_looked_for_in_its_kind():
    text = "Jetty {\n\texports: random[port] port, random[port]ajp, Backend.port = 8081;\n}\n"
    found = symbols(text)
    variables = [each for each in found.definitions if each.kind is SymbolKind.VARIABLE]
    assert [(each.name, each.owner, each.span) for each in variables] == [
        ("port", "Jetty", Span(2, 24, 4)),
        ("ajp", "Jetty", Span(2, 42, 3)),
        ("Backend.port", "Jetty", Span(2, 47, 12)),
    ]
    assert [(each.role, each.name, each.span) for each in found.references] == [
        (Role.EXPORT_PREFIX, "Backend", Span(2, 47, 7))
    ]
    assert_places_are_exact(text, found)


def test_both_parts_of_an_import_are_found_between_their_modifiers():
    text = "Web {\n\timports: external Shop.ip, MySQL.ip (optional) ,Cache.* (optional), external (optional);\n}\n"
    found = symbols(text)
    assert seen(text, found)[1:] == [
        ("external", "Shop.ip", "Shop.ip"),
        ("prefix", "MySQL", "MySQL"),
        ("import", "ip", "ip"),
        ("prefix", "Cache", "Cache"),
        ("import", "*", "*"),
    ]
    assert {each.type_name for each in found.references if each.role is Role.IMPORT} == {"MySQL", "Cache"}


def test_an_import_named_like_its_modifier_is_found_behind_it():
    text = "Web {\n\timports: external external.external;\n}\n"
    (reference,) = symbols(text).references
    assert reference == (Role.EXTERNAL, "external.external", Span(2, 20, 17), "", "Web")


def test_an_instance_has_component_name_and_overrides():
    text = (
        "instance of VM {\n\tname: vm 1;\n\tcount: 2;\n\tdata.zone: z;\n"
        "\n\tinstance of Tomcat {\n\t\tBackend.port: 8;\n\t\tname: web ;\n\t\tlogin: x;\n\t}\n}\n"
    )
    found = symbols(text, INSTANCES)
    assert [(each.path, each.owner, each.span) for each in found.definitions] == [
        ("/vm 1", "VM", Span(2, 8, 4)),
        ("/vm 1/web", "Tomcat", Span(8, 9, 3)),
    ]
    assert [(str(each.role), each.name, each.type_name) for each in found.references] == [
        ("component", "VM", ""),
        ("component", "Tomcat", ""),
        ("prefix", "Backend", ""),
        ("override", "port", "Backend"),
        ("override", "login", "Tomcat"),
    ]
    assert_places_are_exact(text, found)


def test_an_instance_without_a_name_is_found_at_its_component():
    text = "instance of VM {\n}\n"
    (definition,) = symbols(text, INSTANCES).definitions
    assert (definition.name, definition.span) == ("", Span(1, 13, 2))


def test_a_file_import_is_found_at_its_location():
    text = "# é\n  import   import/importx.graph  ; # import\nIMPORT b.graph;\n"
    found = [(each.role, each.name, each.span) for each in symbols(text).references]
    assert found == [
        (Role.FILE, "import/importx.graph", Span(2, 12, 20)),
        (Role.FILE, "b.graph", Span(3, 8, 7)),
    ]


def test_lines_that_cannot_be_understood_leave_a_gap_and_hide_nothing_else():
    text = "VM {\n\tinstaller = target;\n\tchildren: Web;\n}\nWeb {\n\texports: a b, ip;\n}\nApp {\n\timports: Web;\n"
    found = symbols(text)
    assert [each.name for each in found.definitions] == ["VM", "Web", "ip", "App"]
    assert [each.name for each in found.references] == ["Web"]
    assert found.gap == 2
    assert symbols("VM {\n\texports: a b;\n}\n").gap == 2
    assert symbols("VM {\n\timports: b;\n}\n").gap == 2
    assert symbols("# nothing\n").gap == 0


def test_what_a_descriptor_gives_to_others_is_found_over_several_lines():
    text = (
        "name = A.ip\ngraph-entry-point : sub/main.graph\ninstance-entry-point=m.instances\n"
        "exports = A.ip as ip, \\\n   A.ip AS A.ip2, port as p, Bé.x as x\n"
    )
    found = symbols_of_descriptor(text)
    assert seen(text, found) == [
        ("file", "sub/main.graph", "sub/main.graph"),
        ("file", "m.instances", "m.instances"),
        ("prefix", "A", "A"),
        ("external export", "ip", "ip"),
        ("prefix", "A", "A"),
        ("external export", "ip", "ip"),
        ("prefix", "Bé", "Bé"),
        ("external export", "x", "x"),
    ]
    assert [each.span for each in found.references][2::2] == [Span(4, 11, 1), Span(5, 4, 1), Span(5, 30, 2)]
    assert found.gap == 0


def test_exports_of_a_descriptor_that_are_hidden_by_escapes_are_a_gap():
    assert symbols_of_descriptor("exports = \\u0041.ip as x\n").gap == 1
    assert symbols_of_descriptor("exports = A.ip is x\n").gap == 1


def test_commands_name_components():
    text = (
        "# Tomcat\ncreate \\\n\t Tomcat as Tomcat\n\tdelete all instances of VM # VM\ncreate $(x) as y\nstop all /VM\n"
    )
    found = symbols_of_commands(text)
    assert [(each.role, each.name, each.span) for each in found.references] == [
        (Role.COMPONENT, "Tomcat", Span(3, 3, 6)),
        (Role.COMPONENT, "VM", Span(4, 26, 2)),
    ]
    assert_places_are_exact(text, found)
    assert found.gap == 0
    assert symbols_of_commands("stop all /x\ncreate Tomcat\n").gap == 2


def test_deeply_nested_instances_are_borne():
    depth = 3000
    text = "instance of VM {\nname: x;\n" * depth + "}\n" * depth
    found = symbols(text, INSTANCES)
    assert found.definitions[-1].path == "/x" * depth


@given(st.data())
@settings(max_examples=examples(30), deadline=None)
def test_places_are_exact_in_every_layout(data):
    text = data.draw(layouts_of(render_graph(data.draw(graphs()))))
    assert_places_are_exact(text, symbols(text))
    text = data.draw(layouts_of(render_instances(data.draw(st.lists(instance_trees(ids), max_size=2)))))
    assert_places_are_exact(text, symbols(text, INSTANCES))


WORDS = "VM|facet |instance of |import |name|exports: |imports: |extends: |children: |data.|random[port] |port|A.b"
pieces = st.sampled_from(
    [*'{}:;,.#"= \t\n*', *WORDS.split("|"), "external ", "(optional)", "\r", "\ufeff", "é", "\U0001f600"]
)


@given(st.lists(pieces, max_size=60).map("".join), st.sampled_from([GRAPH, INSTANCES]))
@settings(max_examples=examples(200), deadline=None)
def test_places_are_exact_whatever_the_text_is(text, kind):
    assert_places_are_exact(text, symbols(text, kind))


@given(st.lists(pieces | st.sampled_from(["exports = ", "\\\n", " as ", "\\"]), max_size=60).map("".join))
@settings(max_examples=examples(100), deadline=None)
def test_places_are_exact_in_every_descriptor(text):
    assert_places_are_exact(text.replace("\r", "\n"), symbols_of_descriptor(text))


def test_what_fuzzing_begins_with_has_exact_places():
    for kind in (GRAPH, INSTANCES):
        for text in fuzzed_languages.LANGUAGES[kind].seeds():
            assert_places_are_exact(text, symbols(text, kind))
