"""Durations, clocks, tables and problems as people read them."""

import datetime
import io
import sys
import time

import pytest
from rich.console import Console

from roboconf_core.cli import output, streams
from roboconf_core.errors import Code, Problem, Where


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (600, "10 min"),
        (3600, "1 h"),
        (7440, "2 h 4 min"),
        (3605, "1 h"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_are_told_as_people_say_them(value, text):
    assert output.seconds(value) == text


def test_a_moment_of_another_day_is_told_with_its_day():
    assert len(output.clock(time.time())) == len("12:34:56")
    year = datetime.datetime.now(tz=datetime.UTC).year
    assert output.clock(time.time() - 3 * 86400).startswith((str(year), str(year - 1)))


def test_a_table_that_is_piped_has_aligned_columns_and_no_blanks_at_its_end(capsys):
    output.print_table(("NAME", "WHAT"), [("a", "first"), ("longer", "")])
    assert capsys.readouterr().out == "NAME    WHAT\na       first\nlonger\n"


def test_a_column_that_holds_nothing_is_left_out(capsys):
    output.print_table(("NAME", "PROBLEM"), [("a", ""), ("b", "")])
    assert capsys.readouterr().out == "NAME\na\nb\n"


def test_names_are_whole_in_a_narrow_terminal():
    screen = Console(file=io.StringIO(), width=30, force_terminal=True, color_system=None)
    screen.print(output._table(("PATH", "STATUS"), [("/balancer-vm/balancer", "WAITING_FOR_ANCESTOR")]))
    lines = screen.file.getvalue().splitlines()
    assert "…" not in "".join(lines)
    assert lines[2].startswith("/balancer-vm/balancer ")


def test_an_empty_table_is_a_sentence(capsys):
    output.print_table(("NAME",), [], empty="there is nothing")
    assert capsys.readouterr().out == "there is nothing\n"


def test_problems_go_to_standard_error_each_with_place_and_hint(capsys):
    output.print_problems([Problem(Code.DM_NOT_FOUND, "no " + "x" * 200, Where(file="a.graph", line=3), "look")])
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"a.graph:3: error DM_NOT_FOUND: no {'x' * 200}\n  hint: look\n"


def test_markup_in_what_is_shown_is_not_interpreted(capsys):
    output.print_problems([Problem(Code.DM_NOT_FOUND, "[red]:smile:[/red]")])
    assert "[red]:smile:[/red]" in capsys.readouterr().err


def test_streams_that_were_closed_are_somewhere_to_print_to(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stdin", None)
    streams.prepare_streams()
    with sys.stdout, sys.stdin:
        sys.stdout.write("nobody reads this")
        assert not sys.stdin.isatty()


def test_a_pipe_without_reader_is_noticed(monkeypatch, tmp_path):
    import os

    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert not streams.reader_is_gone()
        os.close(reading)
        assert streams.reader_is_gone()
    with (tmp_path / "file").open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert not streams.reader_is_gone()
