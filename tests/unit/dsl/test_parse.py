"""Lines become blocks, whatever the text is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.parse import parse
from roboconf_core.dsl.syntax import BlockKind, FileKind

GRAPH = """# a machine
import databases.graph;

VM {
	installer: target;	# the platform
	exports: ip, random[port] p, m = "a; b";
	children: Tomcat, Web;
}

facet Web {
	extends: Base;
	exports: port = 80, ip;
}

Tomcat {
	installer: bash;
	facets: Web;
	imports: DB.ip, DB.* (optional), external Lamp.x;
}
"""
INSTANCES = """import more.instances;
instance of VM {
	name: vm ;
	count: 3;
	data.x: 1;

	instance of Tomcat {
		name: tomcat;
		Web.port: "8080";	# inside
	}
}
"""
PIECES = [
    "{",
    "}",
    ";",
    ":",
    "#",
    '"',
    ",",
    "=",
    "\n",
    "\r",
    "\t",
    " ",
    "facet ",
    "instance of ",
    "import ",
    "\x00",
    "é",
]


@st.composite
def mutated(draw, text):
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 6))
        text = text[:start] + draw(st.sampled_from([*PIECES, ""])) + text[end:]
    return text


def all_blocks(parsed):
    queue = list(parsed.blocks)
    for block in queue:
        queue += block.blocks
    return queue


def places(parsed):
    for block in all_blocks(parsed):
        yield block.line, block.column
        yield from ((p.line, p.column) for p in block.properties)
        yield from ((slip.line, slip.column) for slip in block.slips)
    yield from ((slip.line, slip.column) for slip in parsed.slips)


@pytest.mark.parametrize("kind", [FileKind.GRAPH, FileKind.INSTANCES])
@given(
    text=st.one_of(
        mutated(GRAPH),
        mutated(INSTANCES),
        st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
        st.text(max_size=60),
    )
)
@settings(max_examples=examples(150), deadline=None)
def test_every_text_is_read_and_every_place_is_in_it(kind, text):
    parsed = parse(text, kind)
    last = text.count("\n") + 2
    assert all(1 <= line <= last and column >= 1 for line, column in places(parsed))


@given(text=mutated(GRAPH))
@settings(max_examples=examples(100), deadline=None)
def test_lines_between_sound_blocks_do_not_change_those(text):
    before = parse("A {\n\tinstaller: x;\n}\n" + text, FileKind.GRAPH)
    first = before.blocks[0]
    assert (first.name, first.properties[0].value, first.slips) == ("A", "x", [])


def test_properties_have_the_place_of_their_key_and_of_their_value():
    (block,) = parse("VM {\n  installer \t:  target ; # x\n}\n", FileKind.GRAPH).blocks
    assert tuple(block.properties[0]) == ("installer", "target ", 2, 3, 17, False)


def test_blocks_know_where_they_begin_and_end():
    (root,) = parse(INSTANCES, FileKind.INSTANCES).blocks
    assert (root.kind, root.name, root.line, root.column, root.close) == (BlockKind.INSTANCE, "VM", 2, 1, (11, 1))
    assert (root.blocks[0].line, root.blocks[0].column, root.blocks[0].name_column) == (7, 2, 14)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (GRAPH, FileKind.GRAPH),
        (INSTANCES, FileKind.INSTANCES),
        ("import a;\n# x\n", FileKind.AGGREGATOR),
        ("# x", FileKind.EMPTY),
        ("what is this", FileKind.UNDETERMINED),
    ],
)
def test_both_languages_tell_what_a_file_holds(text, kind):
    assert parse(text, FileKind.GRAPH).kind is parse(text, FileKind.INSTANCES).kind is kind


def test_deep_nesting_is_read_without_recursion():
    depth = 5000
    text = "instance of A {\n" * depth + "}\n" * depth
    parsed = parse(text, FileKind.INSTANCES)
    assert len(all_blocks(parsed)) == depth
    assert parsed.nesting_is_sound


def test_a_missing_bracket_is_looked_for_by_the_columns():
    text = "instance of A {\n\tname: a;\n\tinstance of B {\n\t\tname: b;\n}\ninstance of A {\n\tname: c;\n}\n"
    (slip,) = parse(text, FileKind.INSTANCES).slips
    assert "'B' of line 3" in slip.message
    assert slip.hint == "a '}' is missing above line 5"


def test_a_line_of_a_megabyte_is_read_at_once():
    text = "VM {\n\texports: " + "a = 1; " * 150_000 + "\n}\n" + "{;" * 100_000
    assert parse(text, FileKind.GRAPH).kind is FileKind.GRAPH
