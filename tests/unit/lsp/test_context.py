"""A cursor is placed by what stands above it; of long files, only the last block is read."""

import pytest

from roboconf_core.dsl.parse import parse
from roboconf_core.lsp import context
from roboconf_core.lsp.context import context_of
from roboconf_core.lsp.documents import Language
from roboconf_core.lsp.library import ReadFile


def read(text, language=Language.INSTANCES):
    return ReadFile("x", language, text, "utf-16")


def context_at(text, before=None, language=Language.INSTANCES):
    """Return the context of the place of a bar."""
    above, _, rest = text.partition("|")
    line, column = above.count("\n") + 1, len(above.rpartition("\n")[2]) + 1
    return context_of(read(above + rest, language), before, line, column)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("|", []),
        ("VM {\n|\n}\n", ["VM"]),
        ("VM {\n}|\n", ["VM"]),
        ("VM {\n}\n|\n", []),
        ("VM {\n\tinst|\n", ["VM"]),
        ("instance of VM {\n\tinstance of A {\n\t}\n\t|\n}\n", ["VM"]),
        ("instance of VM {\n\tinstance of A {\n\t\t|\n\t}\n}\n", ["VM", "A"]),
        ("instance of VM {\n\tinstance of A {\n\tname: x;\n\t\toops\n\t\t|", ["VM", "A"]),
        ("instance of VM {\n}\n}\ninstance of B {\n|", ["B"]),
    ],
)
def test_blocks_around_are_those_that_are_open(text, blocks):
    assert [block.name for block in context_at(text).blocks] == blocks


@pytest.mark.parametrize(
    ("line", "key", "value", "item", "in_comment"),
    [
        ("|", None, "", "", False),
        ("inst|: x", None, "", "", False),
        ("imports:|", "imports", "", "", False),
        ("imports : A.b, C.|d", "imports", "A.b, C.", "C.", False),
        ("imports: A # b|", "imports", "A # b", "A # b", True),
    ],
)
def test_a_line_tells_key_value_and_item(line, key, value, item, in_comment):
    found = context_at(f"VM {{\n\t{line}\n}}\n", language=Language.GRAPH)
    assert (found.key, found.value, found.item, found.in_comment) == (key, value, item, in_comment)


@pytest.fixture
def parsed_lines(monkeypatch):
    """Return how many lines were read each time."""
    counts = []

    def counting(text, kind):
        counts.append(text.count("\n"))
        return parse(text, kind)

    monkeypatch.setattr(context, "parse", counting)
    return counts


LONG = "".join(f"instance of VM {{\n\tname: vm {n};\n\tinstance of A {{\n\t\tname: a;\n\t}}\n}}\n" for n in range(500))


def parsed(text):
    file = read(text)
    assert file.parsed is not None
    return file


def test_only_the_last_known_block_at_the_root_is_read(parsed_lines):
    found = context_at(LONG.removesuffix("\t}\n}\n") + "\t\tna|\n\t}\n}\n", before=parsed(LONG))
    assert [block.name for block in found.blocks] == ["VM", "A"]
    assert parsed_lines == [4]


def test_nothing_below_a_change_counts_as_known(parsed_lines):
    changed = LONG.replace("\tname: vm 7;\n", "\tname: vm 7;\n\tinstance of A {\n\t\tname: new;\n\t}\n", 1)
    found = context_at(changed.removesuffix("}\n") + "\t|\n}\n", before=parsed(LONG))
    assert [block.name for block in found.blocks] == ["VM"]
    assert parsed_lines == [changed.count("\n") - 1 - 7 * 6]


def test_without_an_older_version_all_above_is_read(parsed_lines):
    found = context_at(LONG.removesuffix("}\n") + "\t|\n}\n")
    assert [block.name for block in found.blocks] == ["VM"]
    assert parsed_lines == [LONG.count("\n") - 1]
