"""Java properties: what ``java.util.Properties`` says, with lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roboconf_core.dsl.properties import read_properties


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=b", {"a": "b"}),
        ("a = b ", {"a": "b "}),
        ("a:b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("a\t:\tb", {"a": "b"}),
        ("a == b", {"a": "= b"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("  a = b", {"a": "b"}),
        ("= b", {"": "b"}),
        ("# a = b\n! c = d\n\n", {}),
        ("a = 1\na = 2", {"a": "2"}),
        ("a = one \\\n   two", {"a": "one two"}),
        ("a = one \\\r\n\ttwo\rb = 3", {"a": "one two", "b": "3"}),
        ("a = one\\\\\nb = 2", {"a": "one\\", "b": "2"}),
        ("a = \\\n# no comment", {"a": "# no comment"}),
        ("# comment \\\na = b", {"a": "b"}),
        ("\\\n# comment\na = b", {"a": "b"}),
        ("\\\n\n  \\\n  a = b", {"a": "b"}),
        ("a\\=b\\:c\\ d = e", {"a=b:c d": "e"}),
        ("a = \\t\\n\\r\\f\\q", {"a": "\t\n\r\fq"}),
        ("a = \\u00e9", {"a": "é"}),
        ("a = \\ud83d\\ude00", {"a": "😀"}),
        ("a = é", {"a": "é"}),
        ("\ufeffa = b", {"a": "b"}),
        ("a = b\\", {"a": "b"}),
    ],
)
def test_a_text_has_these_values(text, values):
    found = read_properties(text)
    assert found.values == values
    assert not found.malformed


def test_values_know_the_line_where_they_begin():
    found = read_properties("# one\na = \\\n  x\n\nb = 1\nb = 2\n")
    assert found.lines == {"a": 2, "b": 6}


@pytest.mark.parametrize("text", ["a = \\u12", "a = x\\uzzzz", "\\u1 = b"])
def test_a_malformed_escape_is_told_with_its_line(text):
    ((line, _),) = read_properties(f"x = 1\n{text}\n").malformed
    assert line == 2


@given(st.text(st.sampled_from("ab\\u=: \t\n\r#!") | st.characters(), max_size=40))
def test_every_text_is_read(text):
    found = read_properties(text)
    assert found.values.keys() == found.lines.keys()


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=4))
def test_what_is_escaped_is_read_back(values):
    def escaped(text):
        return "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))

    text = "".join(f"{escaped(key)}={escaped(value)}\n" for key, value in values.items())
    assert read_properties(text).values == values
