"""Files are written in one layout; what they say stays the same, and no comment is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples
from random_layouts import layouts_of
from random_models import graphs, ids, instance_trees, with_unique_names
from what_files_say import blocks_of, comments_of

from roboconf_core.dsl.files import SourceFile, Sources
from roboconf_core.dsl.format import format_source, format_text
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.render import render_graph, render_instances
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code

GRAPH, INSTANCES = FileKind.GRAPH, FileKind.INSTANCES


def test_a_file_in_canonical_layout_stays_as_it_is():
    text = (
        "# head\n\nimport a.graph; # why\n\nfacet F {\n"
        '\texports: a = "x;y", b;\n}\n\nVM {\t# open\n\tinstaller: target;  # in\n\n'
        "\t# alone\n\tchildren: F;\n} # close\n"
    )
    assert format_text(text, GRAPH) == text


def test_blanks_are_put_right():
    text = "VM{\n  installer  :target;\n}\nimport   x.graph  ;\n"
    assert format_text(text, GRAPH) == "VM {\n\tinstaller: target;\n}\nimport x.graph;\n"


def test_comments_can_be_left_out():
    text = "# head\nVM { # o\n\tinstaller: target; # i\n} # c"
    assert format_text(text, GRAPH, comments=False) == "\nVM {\n\tinstaller: target;\n}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VM {\n}\n# a\n# b\n", "VM {\n}\n# a\n# b\n"),
        ("VM {\n# a\n# b\n}\n", "VM {\n\t# a\n\t# b\n}\n"),
        ("# a\n# b", "# a\n# b\n"),
        ("VM {\n}\n\n\n# a\n\n\n# b\n\n", "VM {\n}\n\n# a\n\n# b\n"),
    ],
)
def test_comments_at_the_end_are_kept(text, expected):
    assert format_text(text, GRAPH) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n \n\t\n", ""),
        ("\n\nVM {\n}\n\n\n\nA {\n}\n\n", "VM {\n}\n\nA {\n}\n"),
        ("VM {\n\n\n\tinstaller: x;\n\n\n\tchildren: A;\n\n}", "VM {\n\tinstaller: x;\n\n\tchildren: A;\n}\n"),
        ("VM {\n\n}\n", "VM {\n}\n"),
    ],
)
def test_empty_lines_stand_alone_and_between_others_only(text, expected):
    assert format_text(text, GRAPH) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffFACET\tF {{ {\r\n}\r\n", "facet F {\n}\n"),
        ("IMPORT  a b.graph ;\n", "import a b.graph;\n"),
        ("facet {\n}\n{\n}\n", "facet {\n}\n{\n}\n"),
        ("my  VM  {\n}", "my  VM {\n}\n"),
        ("VM {\n\tinstaller : target ;  \n}", "VM {\n\tinstaller: target ;\n}\n"),
        ("VM {\n\tinstaller:   ;\n}", "VM {\n\tinstaller: ;\n}\n"),
        ('VM {\nexports:a= "  x ;  y" ,b ;# c  \n}', 'VM {\n\texports: a= "  x ;  y" ,b ;# c\n}\n'),
        ("VM {   # aligned\n\ta: b;    # with this\n}", "VM {   # aligned\n\ta: b;    # with this\n}\n"),
        ("VM {\na: b::c;\n}", "VM {\n\ta: b::c;\n}\n"),
    ],
)
def test_a_line_is_written_one_way(text, expected):
    assert format_text(text, GRAPH) == expected


@pytest.mark.parametrize("name", ["facet", "Import", "instance of"])
def test_a_component_that_is_called_like_a_keyword_stays_one(name):
    text = f"{name}{{\n}}\n"
    assert format_text(text, GRAPH) == text
    assert parse(text, GRAPH).blocks[0].name == name


def test_nested_instances_and_their_comments_are_indented_by_a_tab_per_level():
    text = "INSTANCE OF VM {\nname: vm;\n# below\ninstance of A{\nname:a;\n# last\n}\n      # end\n}\n# behind\n"
    assert format_text(text, INSTANCES) == (
        "instance of VM {\n\tname: vm;\n\t# below\n\tinstance of A {\n\t\tname: a;\n\t\t# last\n\t}\n"
        "\t# end\n}\n# behind\n"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("VM {\n\tinstaller: target\n}\n", Code.P_PROPERTY_ENDS_WITH_SEMI_COLON),
        ("  VM\n{\n}\n", Code.P_O_C_BRACKET_MISSING),
        ("  VM {\n", Code.P_C_C_BRACKET_MISSING),
        ("import ;\n", Code.PM_EMPTY_IMPORT_LOCATION),
        ("VM {\n}\ninstance of VM {\n  name: v;\n}\n", Code.P_INVALID_FILE_TYPE),
        ("VM {\n  instance of A {\n    nothing\n  }\n}\n", Code.P_INVALID_FILE_TYPE),
    ],
)
def test_a_text_with_problems_is_left_alone(text, code):
    formatted = format_source(text, GRAPH, file="f")
    assert formatted.text == text
    assert format_text(text, GRAPH) == text
    assert code in [problem.code for problem in formatted.problems]
    assert all(problem.where.file == "f" for problem in formatted.problems)


def test_names_and_values_without_meaning_are_no_obstacle():
    text = "1VM {\n\tinstaler: target;\n}\n"
    assert format_source(f" {text}", GRAPH).problems == []
    assert format_text(f" {text}", GRAPH) == text


def sources_of(text, kind):
    return Sources([SourceFile("main", "main", parse(text, kind), text.replace("\r", "").split("\n"), usable=True)])


def assert_only_the_layout_changes(text, kind):
    formatted = format_text(text, kind)
    assert format_source(text, kind).problems == []
    assert format_text(formatted, kind) == formatted
    assert blocks_of(formatted, kind) == blocks_of(text, kind)
    assert comments_of(formatted) == comments_of(text)
    assert "\r" not in formatted
    assert "\n\n\n" not in formatted
    return formatted


@given(data=st.data(), graph=graphs())
@settings(max_examples=examples(100), deadline=None)
def test_a_graph_stays_the_same_in_any_layout(data, graph):
    text = data.draw(layouts_of("import a.graph;\n" + render_graph(graph)))
    formatted = assert_only_the_layout_changes(text, GRAPH)
    before, after = (build_graph(sources_of(each, GRAPH)) for each in (text, formatted))
    assert after.graph == before.graph
    assert [problem.code for problem in after.problems] == [problem.code for problem in before.problems]


@given(data=st.data(), roots=st.lists(instance_trees(ids), max_size=3).filter(with_unique_names))
@settings(max_examples=examples(100), deadline=None)
def test_instances_stay_the_same_in_any_layout(data, roots):
    text = data.draw(layouts_of(render_instances(roots)))
    formatted = assert_only_the_layout_changes(text, INSTANCES)
    before, after = (build_instances(sources_of(each, INSTANCES), None, None) for each in (text, formatted))
    assert [root.name for root in before.roots] == [root.name for root in roots]
    assert after.roots == before.roots


@given(text=st.text('VMa{}:;#\n\r\t "=.,', max_size=60), kind=st.sampled_from([GRAPH, INSTANCES]))
@settings(max_examples=examples(200), deadline=None)
def test_whatever_the_text_is_only_the_layout_changes(text, kind):
    if format_source(text, kind).problems:
        assert format_text(text, kind) == text
    else:
        assert_only_the_layout_changes(text, kind)


def test_very_deep_nesting_does_not_blow_up_the_text():
    depth = 3000
    text = "instance of A {\n" * depth + "}\n" * depth
    assert len(format_text(text, INSTANCES)) < 2 * depth * 120
