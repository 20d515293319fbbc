"""Probes: sections, parameters, and what deserves a look; nothing in them is an error."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.autonomic.directory import check_probes
from roboconf_core.dsl.autonomic.probes import filled, read_parameters, read_probes
from roboconf_core.dsl.files import Directory
from roboconf_core.errors import Severity


def said(text, **parameters):
    probes, problems = read_probes(text, "VM.measures", component="VM", parameters=parameters)
    assert problems == []
    return [(probe.handler, probe.event, probe.text) for probe in probes.probes]


def told(text, **parameters):
    _, problems = read_probes(text, "VM.measures", component="VM", parameters=parameters)
    return [(str(each.code), each.where.line, each.where.column) for each in problems]


def test_sections_are_given_to_their_handlers():
    text = (
        "# all that is measured\n\n[EVENT file maintenance]\n  Delete if exists /tmp/x  \n\n"
        "[event Rest\ttoo-busy  ]\r\n# a comment\nCheck http://h/ THAT a > 1\n\nsecond line\n[EVENT a.b c_d]"
    )
    assert said(text) == [
        ("file", "maintenance", "Delete if exists /tmp/x"),
        ("Rest", "too-busy", "Check http://h/ THAT a > 1\nsecond line"),
        ("a.b", "c_d", ""),
    ]


def test_parameters_give_way_to_their_values():
    text = "[EVENT {{kind}} {{ name }}-x]\nCheck {{ url }} {{ {{kind}} }} {{ a b }}\n"
    assert said(text, kind="rest", name="n", url="http://h") == [("rest", "n-x", "Check http://h {{ rest }} {{ a b }}")]
    assert filled("{{ a }}{{b}}", {"a": "1"}) == "1{{b}}"


def test_parameters_are_trimmed_properties():
    assert read_parameters("a =  1  \nb\n", "f") == ({"a": "1", "b": ""}, [])
    _, (problem,) = read_parameters("x = 1\na = \\u12\n", "f")
    assert (str(problem.code), problem.where.line) == ("PROBE_IO_ERROR", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# x\n\n", []),
        ("a\nb\n[EVENT a b]\nc\n", [("PROBE_LINE_OUTSIDE_OF_SECTION", 1, 1)]),
        ("[EVENT a]\nx\n[EVENT a b] c\n", [("PROBE_INVALID_SECTION", 1, 1), ("PROBE_INVALID_SECTION", 3, 1)]),
        (" [EVENTS a b]\n", [("PROBE_INVALID_SECTION", 1, 2)]),
        (
            "[EVENT a b]\n{{ x }} {{ y }} {{ x }}\n# {{ z }}\n",
            [
                ("PROBE_UNKNOWN_PARAMETER", 2, 1),
                ("PROBE_UNKNOWN_PARAMETER", 2, 9),
            ],
        ),
    ],
)
def test_what_has_no_effect_is_told_with_its_place(text, expected):
    assert told(text) == expected


def test_a_broken_section_ends_the_one_before():
    probes, _ = read_probes("[EVENT a b]\nx\n[EVENT c]\ny\n", "f", component="VM")
    assert [probe.text for probe in probes.probes] == ["x"]


def test_a_misspelt_parameter_is_recognised():
    _, (problem,) = read_probes("[EVENT a b]\n{{ adress }}\n", "f", component="VM", parameters={"address": "1"})
    assert problem.hint == "did you mean 'address'?"


@given(words=st.lists(st.sampled_from(["[EVENT", "a", "]", "{{", "}}", "x", "#", "\n", " ", "\x00", "["]), max_size=30))
@settings(max_examples=examples(300), deadline=None)
def test_no_order_of_words_makes_reading_fail(words):
    text = "".join(words)
    _, problems = read_probes(text, "f", component="VM", parameters={})
    lines = text.split("\n")
    for problem in problems:
        assert problem.severity is Severity.WARNING
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1


@pytest.mark.parametrize(
    "text",
    [
        "{" * 200_000,
        "{{ a " * 50_000,
        "[event " * 30_000,
        "[event " + "{{a}}" * 40_000,
        "[event a" + " " * 200_000 + "x",
        "\n" * 200_000,
    ],
)
def test_a_long_text_takes_linear_time(text):
    begun = time.process_time()
    read_probes(text, "f", component="VM", parameters={})
    assert time.process_time() - begun < 5


def test_a_directory_of_probes(tmp_path):
    for name, text in {
        "VM.measures": "[EVENT file {{ event }}]\n{{ path }}\n",
        "VM.measures.properties": "event = e\npath = /tmp/x\n",
        "Aplication.measures": "[EVENT a b]\n",
        "readme.txt": "",
        "deep/VM.measures": "not looked at",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = check_probes(Directory(tmp_path, "probes"), ["VM", "Application"])
    assert [(str(each.code), each.where.file, each.hint) for each in found.problems] == [
        ("PROBE_UNKNOWN_COMPONENT", "probes/Aplication.measures", "did you mean 'Application'?")
    ]
    (probe,) = found.probes["VM"].probes
    assert (probe.event, probe.text) == ("e", "/tmp/x")
    assert list(found.probes) == ["VM"]
    assert check_probes(Directory(tmp_path, "probes"), None).problems == []


def test_probes_that_cannot_be_read_are_no_error(tmp_path):
    (tmp_path / "VM.measures").write_bytes(b"\xff")
    (tmp_path / "S.measures").write_text("[EVENT a b]\n{{ x }}\n")
    (tmp_path / "S.measures.properties").write_bytes(b"\xff")
    (tmp_path / "L.measures").write_text("#" * 300_000)
    found = check_probes(Directory(tmp_path), None)
    assert {str(each.code) for each in found.problems} == {"PROBE_IO_ERROR"}
    assert len(found.problems) == 3
    assert list(found.probes) == ["S"]
