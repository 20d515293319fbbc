"""What must hold for every text in each language, whatever the text is: nothing is raised, places lie inside the text.

``tests/fuzz/run.py`` looks for texts where it does not hold; ``tests/unit/dsl/test_fuzzed.py`` tries the known ones.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from what_files_say import blocks_of, comments_of

from roboconf_core.dsl.autonomic.probes import read_parameters, read_probes
from roboconf_core.dsl.autonomic.rules import read_rule
from roboconf_core.dsl.commands.check import check_commands_text
from roboconf_core.dsl.descriptor import read_descriptor
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.format import format_source, format_text
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.properties import read_properties
from roboconf_core.dsl.recipes import settings_of_text
from roboconf_core.dsl.syntax import FileKind, Property
from roboconf_core.dsl.targets import read_target
from roboconf_core.dsl.values import comma_split, read_exports, read_imports

TESTS = Path(__file__).parents[1]
FINDINGS = TESTS / "fuzz" / "findings"
LONGEST_TEXT = 4096
LONGEST_RUN_S = 3.0
"""Processor time that a text of this length may take; usual are milliseconds."""

GRAPH = """VM {
	installer: target;
	exports: ip, zone = z;
	children: Software, VM2;
}

VM2 {
	extends: VM;
}

facet Software {
	exports: port = 80, random[port] ajp;
}

Tomcat {
	installer: bash;
	facets: Software;
	exports: greeting = "a, b", login;
	imports: MySQL.ip, MySQL.port (optional), external App.x;
	children: War;
}

MySQL {
	installer: bash;
	facets: Software;
	exports: ip, port = 3306;
}

War {
	installer: file;
}
"""
"""What the texts of the other languages speak of."""


INSTANCES = """instance of VM {
	name: vm;
	count: 3;

	instance of Tomcat {
		name: tomcat 1;
		login: me;

		instance of War {
			name: war;
		}
	}
}
"""
COMMANDS = """# one of each
define N = vm $(SMART_INDEX)
define M = vm$(EXISTING_INDEX MAX < 3)
define T = $(FORMATTED_TIME yyyy-MM-dd HH:mm:ss)
create VM as $(N)
create Tomcat as tomcat under /$(N)
replicate /vm1 as vm4
rename /vm4 as vm5
associate /vm5 with my-target
change status of /vm5 to deployed and started
deploy and start all /$(M)
stop instances of Tomcat
email a@b.example, c@d.example with Subject: hi\\n $(T) \\
    and more
write $(UUID) into %TMP%/a.txt
append $(NANO_TIME) into /tmp/a.txt
execute other
"""


@dataclass(frozen=True)
class Language:
    """One language, and how a text of it is tried."""

    check: Callable[[str], None]
    seeds: Callable[[], Iterable[str]]
    """Texts to begin with."""
    words: tuple[str, ...]
    """What texts of this language are made of."""


def try_text(language, text):
    """Fail if a text is not borne, or takes too long."""
    begun = time.process_time()
    LANGUAGES[language].check(text)
    taken = time.process_time() - begun
    assert taken < LONGEST_RUN_S, f"{taken:.1f} s for {len(text)} characters"


def seeds_of(*suffixes):
    """Return all texts in such files: of the conformance cases, the examples and the applications of the tests."""
    texts = []
    for case in sorted((TESTS / "conformance" / "cases").rglob("*.case")):
        for section in case.read_text(encoding="utf-8").split("\n--- ")[1:]:
            name, _, content = section.partition("\n")
            escaped = name.endswith(" (escaped)")
            if name.removesuffix(" (escaped)").endswith(suffixes):
                content = content.encode("latin-1", "backslashreplace").decode("unicode_escape") if escaped else content
                texts.append(content.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    for directory in (TESTS.parent / "examples", TESTS / "applications"):
        files = (file for file in sorted(directory.rglob("*")) if file.is_file() and file.name.endswith(suffixes))
        texts += [file.read_text(encoding="utf-8", errors="replace") for file in files]
    return texts


def assert_places_are_inside(problems, file, text, lines=()):
    """Fail if a problem of this file points to no place in it; the end of the file is one line behind the last."""
    lines = lines or text.removeprefix("\ufeff").replace("\r", "").split("\n")
    for problem in problems:
        where = problem.where
        if where is None or where.file != file:
            continue
        assert 0 <= where.line <= len(lines) + 1, problem
        longest = len(lines[where.line - 1]) if 0 < where.line <= len(lines) else 0
        assert 0 <= where.column <= longest + 1, problem


def _sources(text, name, kind):
    nowhere = Path("/nonexistent")
    return read_sources(Directory(nowhere, unsaved={nowhere / name: text}), name, kind)


@lru_cache(maxsize=1)
def known_graph():
    """Return the graph that the other texts speak of."""
    found = build_graph(_sources(GRAPH, "main.graph", FileKind.GRAPH))
    assert found.graph is not None, found.problems
    return found


def check_graph_text(text):
    """Try a graph file."""
    found = build_graph(_sources(text, "main.graph", FileKind.GRAPH))
    assert_places_are_inside(found.problems, "main.graph", text)


def check_instances_text(text):
    """Try an instances file, alone and beside a graph."""
    known = known_graph()
    for names, graph in ((None, None), (known.component_names, known.graph)):
        found = build_instances(_sources(text, "main.instances", FileKind.INSTANCES), names, graph)
        assert_places_are_inside(found.problems, "main.instances", text)


def check_value_text(text):
    """Try a text as the value of all properties that are lists."""
    value = re.sub(r"[\n\r#]", " ", text)
    for read in (read_exports, read_imports):
        _, slips = read(Property("key", value, 1, 6, 11), "main.graph")
        assert all(11 <= slip.column <= 11 + len(value) for slip in slips), slips
    assert all(value[start : start + len(item)] == item for start, item in comma_split(value))


def check_format_of_text(text):
    """Try to format a text as a file of both kinds."""
    for kind in (FileKind.GRAPH, FileKind.INSTANCES):
        formatted = format_source(text, kind, file="f")
        assert_places_are_inside(formatted.problems, "f", text)
        if formatted.problems:
            assert formatted.text == text
            continue
        assert format_text(formatted.text, kind) == formatted.text
        assert blocks_of(formatted.text, kind) == blocks_of(text, kind)
        assert comments_of(formatted.text) == comments_of(text)
        bare = format_text(text, kind, comments=False)
        assert "#" not in bare
        assert _without_annotations(blocks_of(bare, kind)) == _without_annotations(blocks_of(text, kind))


def _without_annotations(said):
    stack = [said]
    while stack:
        current = stack.pop()
        for each in current:
            if isinstance(each, list) and len(each) >= 4:
                each[3] = ""
                stack.append(each)
    return said


def check_properties_text(text):
    """Try a text as a descriptor, a target and settings of a recipe."""
    lines = len(re.split(r"\r\n|\n|\r", text))
    found = read_properties(text)
    assert all(1 <= line <= lines for line in found.lines.values())
    for read in (read_descriptor, read_target, settings_of_text):
        _, problems = read(text, "f")
        assert all(problem.where is None or 0 <= problem.where.line <= lines for problem in problems), problems


@lru_cache(maxsize=1)
def known_instances():
    """Return the instances that commands speak of."""
    known = known_graph()
    found = build_instances(
        _sources(INSTANCES, "main.instances", FileKind.INSTANCES), known.component_names, known.graph
    )
    assert found.roots, found.problems
    return found.roots


def check_commands(text):
    """Try commands, alone and in an application."""
    executed = {"f": frozenset({"other"}), "other": frozenset()}
    alone = check_commands_text(text, "f")
    inside = check_commands_text(
        text, "f", graph=known_graph().graph, roots=known_instances(), name="f", executed=executed
    )
    for checked in (alone, inside):
        assert_places_are_inside(checked.problems, "f", text, lines=text.removeprefix("\ufeff").split("\n"))
    assert inside.lines or inside.problems


def check_rule_text(text):
    """Try a rule."""
    rule, problems = read_rule(text, "f")
    assert_places_are_inside(problems, "f", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert problems or rule is not None
    if rule is not None:
        assert rule.name == rule.name.strip()
        assert rule.event
        assert all(rule.commands)
        assert len(rule.commands) == len(rule.command_places)


def check_measures_text(text):
    """Try probes, and the same text as their parameters."""
    for parameters in (None, {"ip": "127.0.0.1", "limit": "{{ ip }}"}):
        found, problems = read_probes(text, "f", component="VM", parameters=parameters)
        assert_places_are_inside(problems, "f", text)
        last = text.count("\n") + 1
        assert all(1 <= probe.where.line <= last for probe in found.probes)
    lines = len(re.split(r"\r\n|\n|\r", text))
    _, problems = read_parameters(text, "f")
    assert all(1 <= problem.where.line <= lines for problem in problems)


RULE = """# why
rule "grow when busy"
    sleep period is 60s
    time window is 5   // seconds
when
    load-is-high
then /* what
    to do */
    add-a-server; tell-the-team
    write-it-down
end
"""
MEASURES = """# when it is too busy
[EVENT rest too-busy]
Check http://{{ ip }}:8080/status THAT load > {{ limit }}

[event file maintenance ]
Delete if exists /tmp/maintenance
"""

_LINES = ("{", "}", ";", ":", "#", ",", '"', "\n", "\t", " ", "\r\n", "\ufeff", "\x0b", "\x00")
_TYPES = ("facet ", "installer: target;", "extends: ", "facets: ", "children: ", "exports: ", "imports: ")
_VALUES = ("external ", "(optional)", "random[port] ", ".*", "=", '""', "ip", "External", "RANDOM[")
_INSTANCES = ("instance of ", "name: ", "count: ", "channels: ", "data.", "instance-data: ", "instance-state: ", "VM")
_PROPERTIES = ("=", ":", "\\", "\\\n", "\\u0041", "\\ud83d", "#", "!", "\r", "\f", " as ", "name", "version", "exports")

LANGUAGES = {
    "graph": Language(check_graph_text, lambda: seeds_of(".graph"), (*_LINES, *_TYPES, *_VALUES, "import a.graph;")),
    "instances": Language(check_instances_text, lambda: seeds_of(".instances"), (*_LINES, *_INSTANCES)),
    "values": Language(
        check_value_text,
        lambda: [
            line.partition(":")[2].strip().removesuffix(";")
            for text in seeds_of(".graph")
            for line in text.split("\n")
            if line.strip().startswith(("exports", "imports", "children"))
        ],
        (*_VALUES, ",", '"', "\t", "[", "]"),
    ),
    "format": Language(
        check_format_of_text,
        lambda: seeds_of(".graph", ".instances"),
        (*_LINES, *_TYPES, *_INSTANCES, "FACET ", "import a;", "Instance Of "),
    ),
    "properties": Language(check_properties_text, lambda: seeds_of(".properties"), _PROPERTIES),
    "commands": Language(
        check_commands,
        lambda: [COMMANDS, *seeds_of(".commands")],
        (
            *(
                "define ",
                "create ",
                "replicate ",
                "rename ",
                "associate ",
                "change status of ",
                "deploy and start all ",
            ),
            *("stop instances of ", "email ", "write ", "append ", "execute ", " as ", " with ", " under ", " into "),
            *("$(SMART_INDEX)", "$(EXISTING_INDEX MIN)", "$(FORMATTED_TIME yyyy)", "$(UUID)", "$(N)", "/vm1", "\\\n"),
            *("=", "#", "\n", "\r\n", "deployed and started", "Tomcat", "VM", "fake"),
        ),
    ),
    "rules": Language(
        check_rule_text,
        lambda: [RULE, *seeds_of(".drl")],
        (
            "rule ",
            '"r"',
            "sleep period is ",
            "time window is ",
            "when",
            "then",
            "end",
            ";",
            "\n",
            "/*",
            "*/",
            "//",
            "#",
            "30s",
            "and",
        ),
    ),
    "measures": Language(
        check_measures_text,
        lambda: [MEASURES, *seeds_of(".measures", ".measures.properties")],
        ("[EVENT ", "[event", "]", "{{", "}}", "{{ ip }}", "#", "\n", "\t", "=", "\\u"),
    ),
}
