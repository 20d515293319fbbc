"""Values of exports and imports, and lists of names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.syntax import Property
from roboconf_core.dsl.values import comma_split, read_exports, read_imports


def exports(value: str):
    variables, slips = read_exports(Property("exports", value, 1, 1, 1), "f")
    return [(v.name, v.value, v.random) for v in variables], [str(slip.code) for slip in slips]


def imports(value: str):
    variables, slips = read_imports(Property("imports", value, 1, 1, 1), "f")
    return [(v.name, v.optional, v.external) for v in variables], [str(slip.code) for slip in slips]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ("A,", ["A"]),
        (",A", ["", "A"]),
        ("A, ,", ["A", ""]),
        (" A , B\t", ["A", "B"]),
        (",,", []),
        ("A,,B", ["A", "", "B"]),
    ],
)
def test_lists_are_cut_at_commas_and_lose_empty_items_at_their_end(text, items):
    assert [item for _, item in comma_split(text)] == items


def test_items_of_lists_have_a_place():
    assert comma_split(" A ,  B") == [(1, "A"), (6, "B")]


@pytest.mark.parametrize(
    ("value", "variables"),
    [
        ("ip", [("ip", None, None)]),
        ("a = 1, b=2", [("a", "1", None), ("b", "2", None)]),
        ('a = "x, y" , b', [("a", "x, y", None), ("b", None, None)]),
        ('a = , b = "", c = "  "', [("a", None, None), ("b", "", None), ("c", "  ", None)]),
        ("e = a=b", [("e", "a=b", None)]),
        ("random[port] p, RANDOM[Port]q", [("p", None, "port"), ("q", None, "Port")]),
        ('a = "', [("a", "", None)]),
    ],
)
def test_exports_have_names_values_and_kinds(value, variables):
    assert exports(value) == (variables, [])


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("a,", ["PM_EMPTY_VARIABLE_NAME"]),
        ("a,,b", ["PM_EMPTY_VARIABLE_NAME"]),
        ("= 3", ["PM_EMPTY_VARIABLE_NAME"]),
        ("random[port]", ["PM_EMPTY_VARIABLE_NAME"]),
        ('a = "x"y', ["PM_INVALID_EXPORT_COMPLEX_VALUE"]),
        ('a = x"y"', ["PM_INVALID_EXPORT_COMPLEX_VALUE", "PM_INVALID_EXPORTED_VAR_NAME"]),
        ('a = "xy', ["PM_INVALID_EXPORT_COMPLEX_VALUE"]),
        ("1a", ["PM_INVALID_EXPORTED_VAR_NAME"]),
        ("random [port] x", ["PM_INVALID_EXPORTED_VAR_NAME"]),
        ("external ip", ["PM_INVALID_EXPORTED_VAR_NAME", "PM_EXTERNAL_IS_KEYWORD_FOR_IMPORTS"]),
    ],
)
def test_exports_that_are_wrong_have_a_code(value, codes):
    assert exports(value)[1] == codes


def test_what_follows_a_broken_export_is_still_read():
    assert exports('a = "x"y, b = 2')[0] == [("y", None, None), ("b", "2", None)]


@pytest.mark.parametrize(
    ("value", "variables"),
    [
        ("DB.ip, DB.*", [("DB.ip", False, False), ("DB.*", False, False)]),
        ("A.b(optional),C.d (OPTIONAL)", [("A.b", True, False), ("C.d", True, False)]),
        ("External L.x, externalA.b (optional)", [("L.x", False, True), ("A.b", True, True)]),
        ("A.b,", [("A.b", False, False)]),
    ],
)
def test_imports_have_names_and_modifiers(value, variables):
    assert imports(value) == (variables, [])


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("a", ["PM_INCOMPLETE_IMPORTED_VAR_NAME"]),
        ("a.", ["PM_INCOMPLETE_IMPORTED_VAR_NAME"]),
        ("*", ["PM_INVALID_IMPORTED_VAR_NAME"]),
        ("a.**", ["PM_INVALID_IMPORTED_VAR_NAME"]),
        ("a.*.b", ["PM_INVALID_IMPORTED_VAR_NAME"]),
        ("a.b (mandatory)", ["PM_INVALID_IMPORTED_VAR_NAME"]),
        ("(optional)", ["PM_EMPTY_VARIABLE_NAME"]),
        (", a.b", ["PM_EMPTY_VARIABLE_NAME"]),
        ("a.b, ,", ["PM_EMPTY_VARIABLE_NAME"]),
    ],
)
def test_imports_that_are_wrong_have_a_code(value, codes):
    assert imports(value)[1] == codes


@given(value=st.text(st.sampled_from('ab.,="\t ()[]*') | st.characters(exclude_characters="\n\r"), max_size=30))
@settings(max_examples=examples(200), deadline=None)
def test_every_value_is_read(value):
    exports(value)
    imports(value)


@given(
    value=st.lists(st.sampled_from(["random[", "port]", "external ", "(optional)", '"', ",", "=", " ", "A.b"])).map(
        "".join
    )
)
@settings(max_examples=examples(200), deadline=None)
def test_every_mix_of_words_and_signs_is_read(value):
    exports(value)
    imports(value)
