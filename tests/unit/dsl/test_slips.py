"""A slip of the pen is told at its place, hides nothing that follows, and makes nothing else appear."""

import itertools
from pathlib import Path

import pytest

from roboconf_core.dsl.single import check_file

GRAPH = """import base.graph;

facet Web {
	exports: ip, port = 80;
}

VM {
	installer: target;
	exports: ip;
	children: Web, DB;
}

DB {
	installer: bash;
	exports: ip, port = 3306;
}

Tomcat {
	installer: bash;
	facets: Web;
	imports: DB.ip, DB.port (optional);
}
"""
INSTANCES = """instance of VM {
	name: one;

	instance of DB {
		name: db;
		port: 3307;
	}
}

instance of VM {
	name: two;
	count: 2;

	instance of Tomcat {
		name: tomcat;
	}
}
"""
EXPECTED = {
    ("graph", ";"): {"P_PROPERTY_ENDS_WITH_SEMI_COLON", "P_IMPORT_ENDS_WITH_SEMI_COLON"},
    ("graph", ":"): {"P_INVALID_PROPERTY"},
    ("graph", "{"): {"P_O_C_BRACKET_MISSING"},
    ("graph", "}"): {"P_INVALID_PROPERTY", "P_C_C_BRACKET_MISSING"},
    ("instances", ";"): {"P_PROPERTY_ENDS_WITH_SEMI_COLON"},
    ("instances", ":"): {"P_INVALID_PROPERTY_OR_INSTANCE", "PM_MISSING_INSTANCE_NAME"},
    ("instances", "{"): {"P_O_C_BRACKET_MISSING"},
    ("instances", "}"): {"P_C_C_BRACKET_MISSING"},
}
FOLLOWING = {"PM_INVALID_BLOCK_TYPE", "PM_MISSING_INSTANCE_NAME"}
"""Codes that the original adds to the problem of a line."""


def problems_of(directory: Path, kind: str, text: str):
    (directory / "base.graph").write_text("# later\nBase {\n\tinstaller: target;\n}\n")
    (directory / f"main.{kind}").write_text(text)
    return check_file(directory / f"main.{kind}")


def without(text: str, *positions: int) -> str:
    return "".join(character for at, character in enumerate(text) if at not in positions)


@pytest.mark.parametrize(("kind", "sign"), EXPECTED)
def test_a_missing_sign_is_one_problem_at_its_line(kind, sign, tmp_path):
    text = GRAPH if kind == "graph" else INSTANCES
    assert problems_of(tmp_path, kind, text) == []
    for at in (at for at, character in enumerate(text) if character == sign):
        problems = problems_of(tmp_path, kind, without(text, at))
        told = [problem for problem in problems if problem.code not in FOLLOWING]
        assert len(told) == 1, (text[:at][-20:], problems)
        assert {str(problem.code) for problem in problems} <= EXPECTED[kind, sign] | FOLLOWING
        assert all(problem.hint for problem in told)
        if sign != "}":
            assert told[0].where.line == text.count("\n", 0, at) + 1


@pytest.mark.parametrize("kind", ["graph", "instances"])
def test_two_missing_semicolons_are_two_problems(kind, tmp_path):
    text = GRAPH if kind == "graph" else INSTANCES
    signs = [at for at, character in enumerate(text) if character == ";"]
    for first, second in itertools.combinations(signs, 2):
        assert len(problems_of(tmp_path, kind, without(text, first, second))) == 2


@pytest.mark.parametrize("kind", ["graph", "instances"])
def test_a_missing_bracket_hides_no_missing_semicolon(kind, tmp_path):
    text = GRAPH if kind == "graph" else INSTANCES
    brackets = [at for at, character in enumerate(text) if character in "{}"]
    signs = [at for at, character in enumerate(text) if character == ";"]
    for bracket, sign in itertools.product(brackets, signs):
        problems = problems_of(tmp_path, kind, without(text, bracket, sign))
        told = {str(problem.code) for problem in problems} - FOLLOWING
        assert len(told) == 2, (text[:bracket][-20:], text[:sign][-20:], problems)
