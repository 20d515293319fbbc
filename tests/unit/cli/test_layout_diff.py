"""Patches between texts and their formatted forms are those that other programs understand."""

import difflib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples
from random_layouts import layouts_of
from random_models import graphs

from roboconf_core.cli.layout_diff import unified_diff
from roboconf_core.dsl.format import format_text
from roboconf_core.dsl.render import render_graph
from roboconf_core.dsl.syntax import FileKind


def applied(before, patch):
    """Return the text after a patch, by its own words: nothing is looked for."""
    old, new, at = before.split("\n"), [], 0
    lines = iter(patch[2:])
    for line in lines:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            first = int(start) - (length != "0")
            new += old[at:first]
            at = first
        elif line[0] in " -":
            assert old[at] == line[1:].partition("\n")[0]
            at += 1
        if line[0] in " +":
            new.append(line[1:].partition("\n")[0])
    return "\n".join([*new, *old[at:]])


@given(data=st.data(), graph=graphs())
@settings(max_examples=examples(50), deadline=None)
def test_a_patch_leads_from_one_text_to_the_other(data, graph):
    before = data.draw(layouts_of(render_graph(graph)))
    after = format_text(before, FileKind.GRAPH)
    patch = list(unified_diff("f", before, after))
    assert applied(before, patch).rstrip("\n") == after.rstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n", "a\n"),
        ("", ""),
        ("a\n b\nc\n", "a\nb\nc\n"),
        ("\n\na\n\n\nb\n\n", "a\n\nb\n"),
        ("".join(f"{i}\n" for i in range(20)) + " x\n", "".join(f"{i}\n" for i in range(20)) + "x\n"),
        (" x\n" + "".join(f"{i}\n" for i in range(20)) + " x\n", "x\n" + "".join(f"{i}\n" for i in range(20)) + "x\n"),
        ("\n", ""),
    ],
)
def test_a_patch_reads_like_those_of_a_general_comparison(before, after):
    expected = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "f", "f")
    assert list(unified_diff("f", before, after)) == list(expected)


def test_a_missing_line_end_is_told():
    assert "".join(unified_diff("f", "a", "a\n")).endswith("-a\n\\ No newline at end of file\n+a\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="the program 'git' is missing: apt-get install git")
def test_git_understands_it(tmp_path):
    before = "VM{\r\n}\r\n\n\n\nA {\n\tinstaller : x;\n}\n\n"
    after = format_text(before, FileKind.GRAPH)
    (tmp_path / "f").write_bytes(before.encode())
    text = "".join(unified_diff("f", before, after))
    subprocess.run(["git", "apply", "-p0", "-"], cwd=tmp_path, input=text.encode(), check=True, timeout=60)
    assert (tmp_path / "f").read_bytes().decode() == after
