"""Rules: what they say, where they are wrong, and what a directory of them means."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.autonomic.directory import check_rules
from roboconf_core.dsl.autonomic.rules import read_rule
from roboconf_core.dsl.files import Directory
from roboconf_core.errors import Code

RULE = 'rule "r"\nwhen\n\te\nthen\n\tc\nend\n'


def said(text):
    rule, problems = read_rule(text, "r.drl")
    assert problems == []
    return rule.name, rule.event, rule.commands, rule.sleep_period_s, rule.time_window_s


def told(text):
    return [(str(each.code), each.where.line, each.where.column) for each in read_rule(text, "r.drl")[1]]


def write(directory, files):
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return Directory(directory, "rules.autonomic")


def test_all_that_a_rule_can_say():
    text = 'rule "my rule"\n\tsleep period is 30s\n\ttime window is 5\nwhen\n\tev 1\nthen\n\tc1; c2\n\n\tc3;\nend\n'
    assert said(text) == ("my rule", "ev 1", ("c1", "c2", "c3"), 30, 5)
    rule, _ = read_rule(text, "r.drl")
    assert (rule.where.line, rule.where.column) == (1, 6)
    assert [(where.line, where.column) for where in rule.command_places] == [(7, 2), (7, 6), (9, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('RULE "a" WHEN e THEN c END', ("a", "e", ("c",), 0, None)),
        ('rule "a" Sleep Period  is 2 TIME window IS 3s when e then c end', ("a", "e", ("c",), 2, 3)),
        ('\ufeffrule "a"\r\nwhen\r\ne\r\nthen\r\nc 1\r\nc2\r\nend', ("a", "e", ("c 1", "c2"), 0, None)),
        ('rule "a"\rwhen\re\rthen\rc\rd\rend', ("a", "e", ("c", "d"), 0, None)),
        ('rule "say "a" when" when e then c end', ('say "a" when', "e", ("c",), 0, None)),
        ('rule "a" when "e" then "c" end', ("a", '"e"', ('"c"',), 0, None)),
        ('rule "a" when when then back end\nend then end', ("a", "when", ("back end", "end then"), 0, None)),
    ],
)
def test_keywords_and_blanks_are_free(text, expected):
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '// a\n# b\nrule /* x\ny */ "r"\nwhen\ne // z\nthen\nc # t\nend',
        'rule "r" when e// x\nthen c# y\nend// the last line has no end',
        'rule "r" when e/* x */then c/* y */end/* z */',
        'rule "r" // "\nwhen e # "\nthen c end',
    ],
)
def test_a_comment_is_a_blank(text):
    assert said(text) == ("r", "e", ("c",), 0, None)


def test_what_looks_like_a_comment_in_a_name_or_an_address_is_none():
    assert said('rule "http://x # y" when http://e then c end')[:2] == ("http://x # y", "http://e")


def test_an_attribute_that_never_had_an_effect_is_not_told():
    assert said('rule "r"\noccurrences is 5\nwhen\ne\nthen\nc\nend')[3:] == (0, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("RULE_INVALID_SYNTAX", 1, 1)]),
        ("# nothing\n", [("RULE_INVALID_SYNTAX", 1, 1)]),
        ("\n\nrules", [("RULE_INVALID_SYNTAX", 3, 1)]),
        ("rule r when e then c end", [("RULE_INVALID_SYNTAX", 1, 6)]),
        ("rule\nwhen\ne\nthen\nc\nend", [("RULE_INVALID_SYNTAX", 2, 1)]),
        ('rule "r" then c end', [("RULE_INVALID_SYNTAX", 1, 17)]),
        ('rule "r" when e', [("RULE_INVALID_SYNTAX", 1, 15)]),
        ('rule "r" when e then c', [("RULE_INVALID_SYNTAX", 1, 22)]),
        ('rule "r"\nwhen e\nthen c\nend;\n', [("RULE_INVALID_SYNTAX", 4, 1)]),
        ('rule "r"\nwhne e\nthen c\nend\n', [("RULE_INVALID_SYNTAX", 2, 1)]),
        ('rule "r"\n/* when e then c end\n', [("RULE_INVALID_SYNTAX", 2, 1)]),
        ('rule "r" when e /* then c end\n', [("RULE_INVALID_SYNTAX", 1, 17)]),
        (RULE + RULE, [("RULE_INVALID_SYNTAX", 7, 1)]),
        ('rule "a" when e then c end rule "b" when e then c end', [("RULE_INVALID_SYNTAX", 1, 28)]),
        ('rule " " when e then c end', [("RULE_EMPTY_NAME", 1, 6)]),
        ('rule "r"\nwhen\nthen\nc\nend', [("RULE_INVALID_SYNTAX", 2, 1)]),
        ('rule "r"\nwhen # nothing yet\nthen\nc\nend', [("RULE_EMPTY_WHEN", 2, 1)]),
        ('rule "r"\nwhen\n\n\nthen\n\n\nend', [("RULE_EMPTY_WHEN", 2, 1), ("RULE_EMPTY_THEN", 5, 1)]),
        ('rule "r" when e then ;;; end', [("RULE_EMPTY_THEN", 1, 17)]),
        ('rule "r"\nsleep perod is 5s\nwhen e then c end', [("RULE_UNKNOWN_ATTRIBUTE", 2, 1)]),
        ('rule "r"\ntime window is 5m\nwhen e then c end', [("RULE_UNKNOWN_ATTRIBUTE", 2, 1)]),
        ('rule "r"\ntime window is 12345678901\nwhen e then c end', [("RULE_INVALID_SYNTAX", 2, 1)]),
        ('rule "r"\nwhen\ne\nf\nthen c end', [("RULE_SEVERAL_EVENTS", 3, 1)]),
        ('rule "r" when e and f then c end', [("RULE_SEVERAL_EVENTS", 1, 15)]),
    ],
)
def test_what_is_wrong_has_a_code_and_a_place(text, expected):
    assert told(text) == expected


def test_a_misspelt_keyword_is_recognised():
    (problem,) = read_rule('rule "when it is"\nwhne e\nthen c\nend\n', "r.drl")[1]
    assert problem.hint == "did you mean 'when'?"


def test_a_unit_that_has_no_effect_is_told_and_the_number_counts():
    rule, problems = read_rule('rule "r" sleep period is 5m when e then c end', "r.drl")
    assert rule.sleep_period_s == 5
    assert problems[0].hint == "write '5s'"


@given(
    words=st.lists(
        st.sampled_from(
            [
                "rule",
                '"r"',
                "when",
                "then",
                "end",
                "e",
                ";",
                "\n",
                "#",
                "//",
                "/*",
                "*/",
                '"',
                "sleep period is 3",
                "\x00",
            ]
        ),
        max_size=25,
    ),
    blank=st.sampled_from([" ", "", "\n"]),
)
@settings(max_examples=examples(300), deadline=None)
def test_no_order_of_words_makes_reading_fail(words, blank):
    text = blank.join(words)
    rule, problems = read_rule(text, "f")
    assert (rule is None) == any(problem.severity == "error" for problem in problems)
    lines = text.split("\n")
    for problem in problems:
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1
    if rule:
        assert rule.name
        assert rule.event
        assert len(rule.commands) == len(rule.command_places) > 0


@pytest.mark.parametrize(
    "text",
    [
        'rule "a" when e then ' + "end " * 20_000 + "x",
        'rule "' + 'when "' * 20_000,
        'rule "a" ' + "sleep period is " * 10_000,
        "/* " * 40_000,
        'rule "a" when ' + "\n" * 100_000,
        '"' * 100_000,
        "the " * 50_000,
    ],
)
def test_a_long_text_takes_linear_time(text):
    begun = time.process_time()
    read_rule(text, "f")
    assert time.process_time() - begun < 5


def test_a_directory_of_rules(tmp_path):
    directory = write(
        tmp_path,
        {
            "a.drl": RULE,
            "deep/b.drl": RULE.replace('"r"', '"other"').replace("c\n", "grwo; grow.commands\n"),
            "z.drl": RULE.replace("\te", "\tlater").replace("\tc", "\tgrow"),
            "broken.drl": "rule",
            ".hidden.drl": "",
            "readme.txt": "",
        },
    )
    found = check_rules(directory, ["c", "grow"])
    assert {name: rule.event for name, rule in found.rules.items()} == {"r": "later", "other": "e"}
    assert [(str(each.code), each.where.file, each.where.line, each.hint) for each in found.problems] == [
        ("RULE_INVALID_SYNTAX", "rules.autonomic/broken.drl", 1, found.problems[0].hint),
        ("PROJ_INVALID_RULE_EXT", "rules.autonomic/readme.txt", 0, "rename it, or move it elsewhere"),
        ("RULE_DUPLICATE_NAME", "rules.autonomic/z.drl", 1, "give one of them another name"),
        ("RULE_UNKNOWN_COMMAND", "rules.autonomic/deep/b.drl", 5, "did you mean 'grow'?"),
        ("RULE_UNKNOWN_COMMAND", "rules.autonomic/deep/b.drl", 5, "write 'grow', without '.commands'"),
    ]


def test_rules_without_any_commands_say_where_to_write_them(tmp_path):
    (problem,) = check_rules(write(tmp_path, {"a.drl": RULE}), []).problems
    assert (problem.code, problem.where.line, problem.where.column) == (Code.RULE_UNKNOWN_COMMAND, 5, 2)
    assert "there are no commands at all" in problem.hint


def test_a_rule_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "binary.drl").write_bytes(b"\xff\x00\xfe")
    write(tmp_path, {"large.drl": "#" * 300_000})
    (tmp_path / "link.drl").symlink_to("nowhere.drl")
    assert {str(each.code) for each in check_rules(Directory(tmp_path), []).problems} == {"RULE_IO_ERROR"}
    assert len(check_rules(Directory(tmp_path), []).problems) == 3
