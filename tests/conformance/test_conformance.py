"""Runs the cases in ``cases/``: what files say, and what is wrong with them. A new case needs no code.

A case is a text file: a title, the files of the case, and what is expected::

    a doubled semicolon
    --- main.graph
    VM {
        installer: target;;
    }
    --- expected
    P_ONE_BLOCK_PER_LINE@2
    PM_INVALID_INSTALLER_NAME@2

Files whose name ends with ``(escaped)`` are written with Python's escapes. What is read depends on
what there is: a case with a ``descriptor`` or ``graph`` directory is loaded as an application, one
with a ``main.drl`` is a rule, one without any graph a set of targets; ``commands`` are those of a
small application, and ``model`` holds objects, for what no file can say. Any other case has a
``main.graph`` and perhaps a ``main.instances``.

Expected are exactly these codes, with their line where one is given, and facts such as
``roots: ["VM"]``; ``tests/support/conformance_cases.py`` lists which there are.
"""

from pathlib import Path

import pytest
from conformance_cases import agrees, fact, read_case, run

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.case")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path, tmp_path):
    case = read_case(path.read_text(encoding="utf-8"))
    outcome = run(case.files, tmp_path)
    found = [(str(p.code), p.where.line if p.where else 0) for p in outcome.problems]
    shown = "\n".join(str(problem) for problem in outcome.problems)
    assert sorted(code for code, _ in found) == sorted(code for code, _ in case.codes), shown
    for place in case.codes:
        if place[1] is not None:
            assert place in found, shown
    for name, about, expected in case.facts:
        actual = fact(outcome, name, about)
        assert agrees(actual, expected), f"{name} {about} is {actual}"


def test_a_case_with_the_wrong_expectation_fails(tmp_path):
    case = read_case("title\n--- main.graph\nVM {\n\tinstaller: target\n}\n--- expected\nroots: []\n")
    outcome = run(case.files, tmp_path)
    assert [str(problem.code) for problem in outcome.problems] == ["P_PROPERTY_ENDS_WITH_SEMI_COLON"]
    assert case.codes == []
    assert not agrees(fact(outcome, "roots", ""), case.facts[0][2])
