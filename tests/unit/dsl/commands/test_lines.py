"""Logical lines of commands: continuations, comments, places."""

from hypothesis import given
from hypothesis import strategies as st

from roboconf_core.dsl.commands.lines import PlacedText, logical_lines


def said(text):
    return [(line.line, line.text) for line in logical_lines(text)]


def test_comments_and_blank_lines_are_skipped_and_lines_trimmed():
    assert said("# c\n\n  stop all /vm # now\n\t#\n write a#b into /f") == [(3, "stop all /vm"), (5, "write a")]


def test_a_continuation_swallows_the_line_end_and_the_blanks_behind_it():
    text = "create VM \\\n  as \\\n\n\n  multi # note\nnope"
    assert said(text) == [(1, "create VM as multi"), (6, "nope")]


def test_a_continuation_before_carriage_return_and_line_feed_is_one_too():
    assert said("stop \\\r\n all \\\r\n\r\n/vm\r\nnext\r\n") == [(1, "stop all /vm"), (5, "next")]


def test_a_comment_ends_the_lines_that_are_continued():
    assert said("stop all # a \\\n /vm\nnext") == [(1, "stop all"), (3, "next")]


def test_a_backslash_elsewhere_is_a_character():
    assert said("write a\\b \\ into /f") == [(1, "write a\\b \\ into /f")]


def test_characters_know_their_places_behind_continuations():
    (line,) = logical_lines("\n  stop \\\n    all /vm")
    assert line.text == "stop all /vm"
    assert line.place(0) == (2, 3)
    assert line.place(line.text.index("all")) == (3, 5)
    assert line.place(len(line.text)) == (3, 12)


def test_a_replaced_piece_stands_where_it_was_written():
    line = PlacedText()
    line.append("stop all ", (4, 1))
    line.append("/a/long/path", (4, 10), spread=False)
    line.append(" x", (4, 17))
    assert [line.place(offset) for offset in (8, 9, 20, 21, 22)] == [(4, 9), (4, 10), (4, 10), (4, 17), (4, 18)]
    part = line.cut(5, 23)
    assert part.text == "all /a/long/path x"
    assert [part.place(offset) for offset in (0, 4, 10, 17)] == [(4, 6), (4, 10), (4, 10), (4, 18)]


@given(st.text(st.sampled_from("ab \\#\t\r\n"), max_size=60))
def test_every_character_of_a_line_stands_where_it_says(text):
    natural = text.replace("\r\n", "\n\n").split("\n")  # a carriage return counts as a character of its line
    rows = text.split("\n")
    assert len(natural) >= len(rows)
    for line in logical_lines(text):
        for offset, character in enumerate(line.text):
            row, column = line.place(offset)
            assert rows[row - 1][column - 1] == character
