"""What editors are given can be read, and knows the words of the formats."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from shop_application import COMMANDS, DATA, GRAPH, INSTANCES

from roboconf_core.dsl.commands.words import FORMS, VERBS
from roboconf_core.lsp import vocabulary
from roboconf_core.lsp.documents import Language

ROOT = Path(__file__).parents[3]
EDITORS = ROOT / "editors"
GRAMMARS = {path.name.partition(".")[0]: json.loads(path.read_text()) for path in EDITORS.glob("*.tmLanguage.json")}
GRAMMAR = GRAMMARS["roboconf"]
EXTENSION = json.loads((EDITORS / "vscode/package.json").read_text())
PAGE = (ROOT / "docs/how-to/editors.md").read_text()


def rules(node):
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from rules(child)


def first_rule(line):
    """Return the first rule of the grammar that takes a line, and the scopes of its groups."""
    for include in GRAMMAR["patterns"]:
        name = include["include"].removeprefix("#")
        rule = GRAMMAR["repository"][name]
        if match := re.match(rule.get("match") or rule["begin"], line):
            captures = rule.get("captures") or rule.get("beginCaptures") or {}
            return name, {captures[str(n)]["name"]: match[n] for n in range(1, (match.lastindex or 0) + 1) if match[n]}
    return "", {}


def test_every_pattern_is_a_regular_expression_and_every_include_leads_somewhere():
    every = [rule for grammar in GRAMMARS.values() for rule in rules(grammar)]
    patterns = [rule[key] for rule in every for key in ("match", "begin", "end") if key in rule]
    assert len(patterns) > 30
    for pattern in patterns:
        re.compile(pattern)
    for rule in every:
        assert rule.get("include", "#comment").removeprefix("#") in GRAMMAR["repository"]
        assert not {"begin", "end"} & rule.keys() or {"begin", "end"} <= rule.keys()
        groups = re.compile(rule.get("match") or rule.get("begin") or "").groups
        captures = rule.get("captures") or rule.get("beginCaptures") or {}
        assert all(int(number) <= groups for number in captures)


@pytest.mark.parametrize(
    ("line", "name", "scopes"),
    [
        ("# x {", "comment", {"punctuation.definition.comment.roboconf": "#"}),
        ("import a.graph; # x", "import", {"string.unquoted.file.roboconf": "a.graph"}),
        ("FACET F {", "facet", {"entity.name.type.facet.roboconf": "F"}),
        ("facet{", "component", {"entity.name.type.component.roboconf": "facet"}),
        ("\tinstance of VM {", "instance", {"entity.name.type.component.roboconf": "VM"}),
        ("Tomcat{ # x", "component", {"entity.name.type.component.roboconf": "Tomcat"}),
        ("\t} # x", "close", {"punctuation.section.block.end.roboconf": "}"}),
        ("\tinstaller : bash; # x", "installer", {"support.constant.installer.roboconf": "bash"}),
        ("\tBackend.port: 80;", "override", {"variable.other.override.roboconf": "Backend.port"}),
        ("\tdata.zone: a:b;", "setting", {"string.unquoted.value.roboconf": "a:b"}),
    ],
)
def test_a_line_is_taken_by_the_rule_that_is_meant(line, name, scopes):
    found, captured = first_rule(line)
    assert found == name
    assert scopes.items() <= captured.items()


def test_every_line_of_an_application_is_taken_by_a_rule():
    for line in f"{GRAPH}{DATA}{INSTANCES}".splitlines():
        assert not line.strip() or first_rule(line)[0], line


def test_all_properties_are_known():
    for key in {**vocabulary.COMPONENT, **vocabulary.FACET, **vocabulary.INSTANCE}:
        name, captured = first_rule(f"\t{key}: x;")
        assert name != "override"
        assert captured["support.type.property-name.roboconf"] == key


def test_commands_are_coloured_by_their_words():
    rules_of_lines = [re.compile(rule["match"]) for rule in GRAMMARS["roboconf-commands"]["patterns"]]
    for line in COMMANDS.splitlines():
        assert any(rule.search(line) for rule in rules_of_lines), line
    for keyword in FORMS:
        line = f"{FORMS[keyword].usage.replace('COMPONENT', 'VM').replace('NAME', 'x')}"
        assert any(rule.match(line) for rule in rules_of_lines), line
    for verb in VERBS:
        assert any(rule.match(f"{verb} /vm") for rule in rules_of_lines), verb


def test_the_extension_brings_the_grammars_to_the_languages():
    contributed = EXTENSION["contributes"]
    languages = {each["id"]: each["extensions"] for each in contributed["languages"]}
    assert languages == {
        Language.GRAPH: [".graph"],
        Language.INSTANCES: [".instances"],
        Language.COMMANDS: [".commands"],
    }
    assert {each["language"] for each in contributed["grammars"]} == set(languages)
    assert {each["scopeName"] for each in contributed["grammars"]} == {each["scopeName"] for each in GRAMMARS.values()}
    assert all((EDITORS / Path(each["path"]).name).exists() for each in contributed["grammars"])
    for each in contributed["languages"]:
        configuration = json.loads((EDITORS / "vscode" / each["configuration"]).read_text())
        assert configuration["comments"] == {"lineComment": "#"}
    assert (EDITORS / "vscode" / EXTENSION["main"]).exists()


def test_what_the_page_says_of_languages_and_settings_is_so():
    (settings,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    configured = tomllib.loads(settings)
    assert [each["name"] for each in configured["language"]] == [Language.GRAPH, Language.INSTANCES]
    assert configured["language-server"]["roboconf"]["args"] == ["lsp"]
    for setting, described in EXTENSION["contributes"]["configuration"]["properties"].items():
        assert f"| `{setting}` | `{described['default']}` |" in PAGE
