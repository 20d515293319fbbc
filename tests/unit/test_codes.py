"""Every code is explained: by one text, whose samples are really wrong and right, and by a page of the manual."""

import json
import sys
from pathlib import Path

import pytest

from roboconf_core.cli.code_pages import INDEX, page_of, pages
from roboconf_core.cli.program import run
from roboconf_core.cli.samples import problems_in, transcript_of
from roboconf_core.errors import Code
from roboconf_core.explanations.reader import (
    STAGES,
    Sample,
    application_of_samples,
    explained_names,
    explanation_of,
    stage_of,
)

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference" / "codes"
CASES = ROOT / "tests" / "conformance" / "cases"
FORMATS = ("P", "PM", "CO", "RM", "PROJ", "REC", "CMD", "RULE", "PROBE")
NO_MATTER_OF_FILES = (Code.REC_PUPPET_NOT_CHECKED,)
"""A Puppet that cannot be run: the tests of the plugin bring it about."""

SAMPLES_STAND_FOR_CASES = {
    Code.RM_INHERITANCE_TOO_DEEP,
    Code.REC_MISSING_README,
    Code.REC_AVOID_INSTANCES,
    Code.REC_SCRIPT_AMBIGUOUS,
    Code.REC_SCRIPT_FIRST_LINE,
    Code.REC_TEMPLATE_INVALID,
    Code.REC_PUPPET_SYNTAX_ERROR,
    Code.RULE_IO_ERROR,
    Code.RULE_DUPLICATE_NAME,
    Code.RULE_SEVERAL_EVENTS,
    Code.RULE_UNKNOWN_ATTRIBUTE,
    Code.PROBE_IO_ERROR,
    Code.PROBE_INVALID_SECTION,
    Code.PROBE_UNKNOWN_PARAMETER,
}
"""Codes without a conformance case: the samples of their explanations are checked here, and stand for one."""

CODES_OF_FORMATS = [code for code in Code if stage_of(code) in FORMATS and code not in NO_MATTER_OF_FILES]
SHOWN_BY_PUPPET = (Code.REC_PUPPET_SYNTAX_ERROR,)

PUPPET = f"""#!{sys.executable}
import json, pathlib, sys
texts = {{name: pathlib.Path(name).read_text() for name in sys.argv if name.endswith(".pp")}}
wrong = {{name: text for name, text in texts.items() if text.count("(") != text.count(")")}}
print(json.dumps({{n: {{"message": "Syntax error at '{{'", "line": 1, "pos": t.index("{{") + 1}} for n, t in wrong.items()}}))
sys.exit(bool(wrong))
"""


@pytest.fixture
def puppet(tmp_path, monkeypatch):
    """Put a program on the search path that finds parentheses which are not closed, and tells so as Puppet does."""
    program = tmp_path / "bin" / "puppet"
    program.parent.mkdir()
    program.write_text(PUPPET)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_every_code_is_explained_and_nothing_else():
    assert explained_names() == sorted(Code)


def test_the_stages_have_the_order_of_the_codes():
    assert list(STAGES) == list(dict.fromkeys(stage_of(code) for code in Code))


@pytest.mark.parametrize("code", Code)
def test_an_explanation_is_text_for_a_page(code):
    explanation = explanation_of(code)
    for text in (explanation.why, explanation.mend):
        assert text == text.strip()
        assert text.endswith((".", ":"))
        assert text.count("`") % 2 == 0
    assert (explanation.wrong is None) == (explanation.right is None) == (code not in CODES_OF_FORMATS)


@pytest.mark.parametrize("code", [code for code in CODES_OF_FORMATS if code not in SHOWN_BY_PUPPET])
def test_the_wrong_sample_has_the_problem(code):
    problems = problems_in(explanation_of(code).wrong)
    assert code in [problem.code for problem in problems], problems


@pytest.mark.parametrize("code", CODES_OF_FORMATS)
def test_the_right_sample_has_no_problem(code):
    assert problems_in(explanation_of(code).right) == []


@pytest.mark.parametrize("code", SHOWN_BY_PUPPET)
def test_what_is_shown_of_puppet_is_what_is_printed(code, puppet):
    explanation = explanation_of(code)
    assert [problem.code for problem in problems_in(explanation.wrong)] == [code]
    assert transcript_of(explanation.wrong) == f"{explanation.shell}\n"
    assert problems_in(explanation.right) == []


def test_every_code_of_the_formats_has_a_conformance_case_or_its_sample_stands_for_one():
    expected = (case.read_text(encoding="utf-8").partition("\n--- expected\n")[2] for case in CASES.rglob("*.case"))
    with_case = {line.partition("@")[0] for text in expected for line in text.splitlines()}
    assert set(CODES_OF_FORMATS) - with_case <= SAMPLES_STAND_FOR_CASES


def test_the_application_that_samples_change_is_valid_by_itself():
    sample = Sample(files=application_of_samples())
    assert transcript_of(sample) == "$ roboconf validate shop\nno problem found\n"


def test_the_pages_of_the_manual_are_up_to_date():
    there = {page.name: page.read_text(encoding="utf-8") for page in PAGES.iterdir()}
    expected = pages()
    how = "run `python -m roboconf_core.cli.code_pages docs/reference/codes`"
    assert sorted(there) == sorted(expected), how
    stale = [name for name, text in expected.items() if there[name] != text]
    assert not stale, how


def test_a_page_tells_all_that_is_known_of_a_code():
    code = Code.P_PROPERTY_ENDS_WITH_SEMI_COLON
    explanation = explanation_of(code)
    page = page_of(explanation)
    assert f"# {code}\n" in page
    assert f"**error**: {code.title}." in page
    assert explanation.why in page
    assert explanation.mend in page
    assert explanation.wrong.files["main.graph"] in page
    assert "$ roboconf validate main.graph\nmain.graph:2:19: error P_PROPERTY_ENDS_WITH_SEMI_COLON: " in page
    assert "  2 |     installer: target\n    |                      ^\n" in page
    assert explanation.right.files["main.graph"] in page


def test_the_index_links_every_page_and_leads_to_each_stage():
    index = (PAGES / INDEX).read_text(encoding="utf-8")
    places = [index.index(f"| [{code}]({code}.md) | {code.severity} | {code.title} |") for code in Code]
    assert places == sorted(places)
    assert all(f"\n## {title}\n" in index for title in STAGES.values())


def test_the_manual_leads_to_the_index():
    for page in ("formats.md", "cli.md"):
        assert "(codes/README.md)" in (PAGES.parent / page).read_text(encoding="utf-8")


def test_links_of_explanations_lead_somewhere():
    for code in Code:
        explanation = explanation_of(code)
        for text in (explanation.why, explanation.mend):
            for part in text.split("](")[1:]:
                target, _, anchor = part.partition(")")[0].partition("#")
                page = (PAGES / target).read_text(encoding="utf-8").lower()
                assert not anchor or f"# {anchor.replace('-', ' ')}\n" in page


def test_the_command_prints_the_page_of_a_code_in_any_case(capsys):
    assert run(["code", "pm_useless_instance_count"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("PM_USELESS_INSTANCE_COUNT: warning\nA count of 1 says nothing.\n")
    assert "\n  model.instances\n    instance of VM {\n        name: web;\n        count: 1;\n    }\n" in printed
    assert printed.index("\nWrong\n") < printed.index("\nWhat to do\n") < printed.index("\nRight\n")


def test_links_are_plain_text_on_a_terminal(capsys):
    assert run(["code", "CLI_USAGE"]) == 0
    printed = capsys.readouterr().out
    assert "the reference of the command line" in printed.replace("\n", " ")
    assert "](" not in printed


def test_what_a_terminal_shows_is_part_of_the_page(capsys):
    assert run(["code", "PLUGIN_MISSING"]) == 0
    assert "\n    $ pip install roboconf-bash\n" in capsys.readouterr().out


def test_the_middle_of_a_long_sample_is_left_out(capsys):
    assert run(["code", "RM_INHERITANCE_TOO_DEEP"]) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) < 80
    assert "more lines like these" in printed
    assert "T52 {" in printed


def test_an_unknown_code_brings_the_one_that_was_meant(capsys):
    assert run(["code", "CO_INEXISTING_CHLD"]) == 1
    assert "did you mean 'CO_INEXISTING_CHILD'?" in capsys.readouterr().err
    assert run(["code", "42"]) == 1
    assert "`roboconf code` lists all codes" in capsys.readouterr().err


def test_without_a_code_all_are_listed(capsys):
    assert run(["code"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(Code)
    assert lines[0].split(maxsplit=2) == ["P_IO_ERROR", "error", Code.P_IO_ERROR.title]


def test_programs_get_the_list_and_the_page_as_json(capsys):
    assert run(["code", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed[0] == {"code": "P_IO_ERROR", "severity": "error", "title": Code.P_IO_ERROR.title}
    assert len(listed) == len(Code)
    assert run(["code", "P_EMPTY_FILE", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert page["severity"] == "warning"
    assert page["wrong"]["main.graph"].startswith("#")
    assert page["right"]["main.graph"].startswith("VM {")
    assert set(page) == {"code", "severity", "title", "why", "mend", "shell", "wrong", "right"}


def test_people_are_told_of_the_command_where_problems_are_found(tmp_path, monkeypatch, capsys):
    (tmp_path / "main.graph").write_text("# nothing yet\n")
    (tmp_path / "right.graph").write_text("VM {\n\tinstaller: target;\n}\n")
    wrong, right = ["validate", str(tmp_path / "main.graph")], ["validate", str(tmp_path / "right.graph")]
    assert run(wrong) == 0
    assert "roboconf code" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    assert run(right) == 0
    assert "roboconf code" not in capsys.readouterr().out
    assert run(wrong) == 0
    assert "`roboconf code CODE` explains a code" in capsys.readouterr().out
