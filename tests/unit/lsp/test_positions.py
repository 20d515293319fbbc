"""Places are converted between the parser's counting and the client's, whatever stands in the text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.symbols import Span
from roboconf_core.lsp.positions import Position, Range, Text

texts = st.lists(
    st.sampled_from([*"ab\n\r\t", "\r\n", "é", "\U0001f600", "\u2028", "\x0c", "\ud800"]), max_size=30
).map("".join)
encodings = st.sampled_from(["utf-8", "utf-16", "utf-32"])


def units(text, encoding):
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    name = encoding if encoding == "utf-8" else f"{encoding}-le"
    return len(text.encode(name, "surrogatepass")) // width


@pytest.mark.parametrize(
    ("text", "encoding", "place", "position"),
    [
        ("abc\ndef", "utf-16", (2, 3), Position(1, 2)),
        ("x = 😀, y", "utf-16", (1, 8), Position(0, 8)),
        ("x = 😀, y", "utf-8", (1, 8), Position(0, 10)),
        ("x = 😀, y", "utf-32", (1, 8), Position(0, 7)),
        ("a\r\nb\r\n", "utf-16", (2, 1), Position(1, 0)),
        ("\ufeffab", "utf-16", (1, 1), Position(0, 1)),
        ("a\rb", "utf-16", (1, 2), Position(1, 0)),  # one line for the parser, two for the client
        ("a\u2028b\x0cc", "utf-16", (1, 5), Position(0, 4)),  # no line ends for either
    ],
)
def test_a_place_is_a_position_and_back(text, encoding, place, position):
    converted = Text(text, encoding)
    assert converted.position(converted.offset(*place)) == position
    assert converted.place(position) == place


def test_the_end_of_a_line_is_before_its_carriage_return():
    text = Text("ab\r\ncd")
    assert text.range_of(Span(1, 1, 2)) == Range(Position(0, 0), Position(0, 2))
    assert text.line_range(1, 1) == Range(Position(0, 0), Position(0, 2))


@pytest.mark.parametrize("position", [Position(0, 99), Position(9, 0), Position(1, 2**31 - 1)])
def test_a_position_that_does_not_exist_is_moved_to_one_that_does(position):
    text = Text("ab\ncd")
    assert text.offset_of(position) in (2, 5)


def test_a_position_inside_of_a_character_is_moved_before_it():
    assert Text("😀b").offset_of(Position(0, 1)) == 0


@given(texts, encodings)
@settings(max_examples=examples(300), deadline=None)
def test_every_place_of_the_parser_has_a_position_of_its_own(text, encoding):
    converted = Text(text, encoding)
    seen = []
    for number, line in enumerate(converted.lines, start=1):
        for column in range(1, len(line) + 1):
            offset = converted.offset(number, column)
            assert text[offset] == line[column - 1]
            position = converted.position(offset)
            assert converted.offset_of(position) == offset
            assert converted.place(position) == (number, column)
            seen.append(position)
    assert seen == sorted(set(seen))


@given(texts, encodings)
@settings(max_examples=examples(300), deadline=None)
def test_positions_count_lines_and_code_units_as_the_protocol_says(text, encoding):
    converted = Text(text, encoding)
    lines = re.split(r"\r\n|\r|\n", text)
    offset = 0
    for number, line in enumerate(lines):
        for index in range(len(line) + 1):
            assert converted.position(offset + index) == Position(number, units(line[:index], encoding))
        offset += len(line) + (2 if text.startswith("\r\n", offset + len(line)) else 1)
