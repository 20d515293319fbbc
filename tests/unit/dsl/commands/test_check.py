"""Commands on an application: what is valid, what is wrong and where, what is skipped."""

import datetime
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.commands.check import check_commands_text
from roboconf_core.dsl.commands.variables import Sources
from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.model.commands import Bulk, Create, Email, Execute, Rename, Verb, WriteFile
from roboconf_core.model.instance import Instance

GRAPH = """\
VM {
	installer: target;
	children: Server;
}
Server {
	installer: bash;
	children: Site;
}
Site {
	installer: file;
}
"""
SITE = Instance(name="site", component="Site")
ROOTS = (
    Instance(name="vm", component="VM", children=(Instance(name="server", component="Server", children=(SITE,)),)),
    Instance(name="vm 7", component="VM"),
    Instance(name="vm 12", component="VM"),
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    directory = tmp_path_factory.mktemp("graph")
    (directory / "main.graph").write_text(GRAPH)
    return build_graph(read_sources(Directory(directory), "main.graph", FileKind.GRAPH)).graph


@pytest.fixture
def check(graph):
    def run(text, **arguments):
        known = {"graph": graph, "roots": ROOTS, "executed": {"other": frozenset()}}
        return check_commands_text(text, "x.commands", **(known | arguments))

    return run


def found(checked):
    return [f"{problem.code}@{problem.where.line}:{problem.where.column}" for problem in checked.problems]


@pytest.mark.parametrize(
    "text",
    [
        "create VM as x\ncreate Server as s under /x\nCREATE Site as w under /x/s",
        "change status of /vm/server to deployed and stopped\nchange status of /vm to Not Deployed",
        "deploy and start all /vm\nstop all instances of Server\ndelete all instances of Site\ndelete /vm",
        "write into /data/f\nappend a b into %TMP%/f",
        "email a@b.c, d@e.f with hi\nemail with hi",
        "execute other\nexecute other.commands",
        "rename /vm/server as old\nstop all /vm/old/site",
        "replicate /vm as copy\nstop all /copy/server/site",
        "create VM as down under\nstop all /down under",
        "associate /vm with my target",
    ],
)
def test_commands_that_fit(check, text):
    assert found(check(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("create as x", "CMD_MISSING_COMPONENT_NAME@1:12"),
        ("create Nope as x", "CMD_INEXISTING_COMPONENT@1:8"),
        ("create VM as 1x", "CMD_INVALID_INSTANCE_NAME@1:14"),
        ("create VM as vm", "CMD_CONFLICTING_INSTANCE_NAME@1:14"),
        ("  create VM", "CMD_INVALID_SYNTAX@1:12"),
        ("create Server as a", "CMD_MISSING_PARENT_INSTANCE@1:8"),
        ("create Server as a under /nope", "CMD_NO_MATCHING_INSTANCE@1:26"),
        ("create Site as a under /vm", "CMD_NOT_AN_ACCEPTABLE_PARENT@1:24"),
        ("create VM as a under /vm", "CMD_CANNOT_HAVE_ANY_PARENT@1:22"),
        ("replicate /vm/server as t", "CMD_NOT_A_ROOT_INSTANCE@1:11"),
        ("replicate vm as t", "CMD_INVALID_SYNTAX@1:11"),
        ("rename /vm as vm 7", "CMD_CONFLICTING_INSTANCE_NAME@1:15"),
        ("associate /vm/server with t", "CMD_NOT_A_SCOPED_INSTANCE@1:11"),
        ("associate /vm with", "CMD_INVALID_TARGET_ID@1:19"),
        ("change status of /vm to started", "CMD_INVALID_INSTANCE_STATUS@1:25"),
        ("change status of /vm to starting", "CMD_INSTABLE_INSTANCE_STATUS@1:25"),
        ("stop all instances of Nope", "CMD_INEXISTING_COMPONENT@1:23"),
        ("undeploy /vm", "CMD_UNRECOGNIZED_INSTRUCTION@1:1"),
        ("write x into", "CMD_MISSING_TARGET_FILE@1:13"),
        ("email a@b with", "CMD_INVALID_SYNTAX@1:15"),
        ("execute nope", "CMD_INEXISTING_COMMAND@1:9"),
        ("execute .commands", "CMD_MISSING_COMMAND_NAME@1:9"),
        ("define = x", "CMD_EMPTY_VARIABLE_NAME@1:8"),
        ("define x", "CMD_INVALID_SYNTAX@1:9"),
        ("define y = a $(nope)", "CMD_UNRESOLVED_VARIABLE@1:14"),
        ("define z = a under /nope", "CMD_NO_MATCHING_INSTANCE@1:20"),
        ("write $(UUID) into /f", "CMD_UNRESOLVED_VARIABLE@1:7"),
        ("define d = at $(FORMATTED_TIME HH)", "CMD_NO_MIX_FOR_PATTERNS@1:12"),
        ("define d = $(FORMATTED_TIME bad one)", "CMD_INVALID_DATE_PATTERN@1:28"),
        ("define d = vm $(EXISTING_INDEX min)", "CMD_INVALID_INDEX_PATTERN@1:15"),
        ("stop \\\n  all \\\n  /nope", "CMD_NO_MATCHING_INSTANCE@3:3"),
    ],
)
def test_a_problem_stands_where_it_is(check, text, expected):
    others = [problem for problem in found(check(text)) if not problem.startswith("CMD_NO_INSTRUCTION")]
    assert others == [expected]


def test_a_text_without_instructions_is_a_warning_and_the_first_problem(check):
    assert found(check("hello\n")) == ["CMD_NO_INSTRUCTION@1:0", "CMD_UNRECOGNIZED_INSTRUCTION@1:1"]
    assert found(check("# nothing\n")) == ["CMD_NO_INSTRUCTION@1:0"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("stop all /vm/", "write '/vm'"),
        ("define X = $(SMART_INDX)", "did you mean 'SMART_INDEX'?"),
        ("creat VM as x", "did you mean 'create'?"),
        ("deplyo and start all /vm", "did you mean 'deploy and start all'?"),
        ("undeploy /vm", "write 'undeploy all /vm'"),
        ("stop all /vm/servr", "did you mean '/vm/server'?"),
        ("create Servr as x under /vm", "did you mean 'Server'?"),
        ("change status of /vm to deployd started", "did you mean 'deployed started'?"),
        ("execute othr", "did you mean 'other'?"),
        ("define name = x\nwrite $(nmae) into /f", "did you mean 'name'?"),
        ("write $(UUID) into /f", "write 'define NAME = $(UUID)' above, and '$(NAME)' here"),
    ],
)
def test_a_hint_says_what_was_probably_meant(check, text, hint):
    assert check(text).problems[-1].hint == hint


def test_one_mistake_is_one_problem(check):
    text = """\
create Nope as x
create Server as y under /x
stop all /x/y
define z = $(nope)
create VM as $(z)
stop all /$(z)
stop all /anything
"""
    assert found(check(text)) == ["CMD_INEXISTING_COMPONENT@1:8", "CMD_UNRESOLVED_VARIABLE@4:12"]


def test_variables_without_a_value_are_told_wherever_they_stand(check):
    text = "define a = x under /$(nope)\ndefine $(nope) = x\nwrite $(nope) into $(nope)"
    assert found(check(text)) == [
        "CMD_UNRESOLVED_VARIABLE@1:21",
        "CMD_UNRESOLVED_VARIABLE@2:8",
        "CMD_UNRESOLVED_VARIABLE@3:7",
        "CMD_UNRESOLVED_VARIABLE@3:20",
    ]


def test_what_a_variable_without_a_value_leads_to_is_no_further_problem(check):
    text = "define a = $(nope)\nstop all $(a)\n$(a) /vm\nexecute $(a)\nrename /vm as $(a)\nstop all /anything"
    assert found(check(text)) == ["CMD_UNRESOLVED_VARIABLE@1:12"]


def test_special_blanks_are_called_by_their_number(check):
    assert "U+00A0" in check("create\u00a0VM as x").problems[-1].message


def test_deleted_and_renamed_instances_are_gone(check):
    text = "delete /vm/server\nstop all /vm/server/site\nrename /vm as old\nstop all /vm\ndelete all instances of VM\nstop all /vm 7"
    assert [problem.where.line for problem in check(text).problems] == [2, 4, 6]


def test_a_smart_index_is_the_first_free_number(check):
    text = "define X = vm $(SMART_INDEX)\ncreate VM as $(X)\n" * 7
    names = [line.instruction.name for line in check(text).lines if isinstance(line.instruction, Create)]
    assert names == ["vm 1", "vm 2", "vm 3", "vm 4", "vm 5", "vm 6", "vm 8"]


def test_a_smart_index_counts_below_its_context(check):
    text = "define X = s$(SMART_INDEX) under /vm\ncreate Server as $(X) under /vm\nstop all /vm/s1"
    assert found(check(text)) == []


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("MIN", "/vm 7"), ("MAX", "/vm 12"), ("MAX < 12", "/vm 7"), ("MAX>7 ", "/vm 12"), (" MIN > 7", "/vm 12")],
)
def test_an_existing_index(check, pattern, path):
    checked = check(f"define A = vm $(EXISTING_INDEX {pattern})\nstop all /$(A)")
    assert checked.lines[-1].instruction == Bulk(verb=Verb.STOP, path=path)
    assert not checked.lines[-1].disabled


def test_what_uses_an_index_that_matches_nothing_is_skipped(check):
    text = """\
define A = vm $(EXISTING_INDEX MIN > 50)
stop all /$(A)/below
define B = $(A) too
create VM as $(B)
stop all /vm
define A = vm
stop all /$(A)
"""
    checked = check(text)
    assert checked.problems == []
    assert [line.line for line in checked.lines if line.disabled] == [1, 2, 3, 4]


def test_skipped_lines_change_no_instances_and_are_checked_all_the_same(check):
    text = """\
define A = /vm $(EXISTING_INDEX MIN > 50)
stop all $(A)
rename /vm as $(A)
change status of $(A) to sleeping
create Nope as x under $(A)
stop all /vm
stop all /nope
"""
    checked = check(text)
    assert found(checked) == [
        "CMD_INVALID_INSTANCE_STATUS@4:26",
        "CMD_INEXISTING_COMPONENT@5:8",
        "CMD_NO_MATCHING_INSTANCE@7:10",
    ]
    assert [line.line for line in checked.lines if line.disabled] == [1, 2, 3]


def test_the_text_of_an_index_is_no_regular_expression(check):
    assert check("define A = v. $(EXISTING_INDEX MIN)\n").lines[0].disabled
    assert check("define A = (a+)+$ $(EXISTING_INDEX MIN)\n").lines[0].disabled


def test_instructions_are_what_was_written(check):
    text = """\
define who = ops@shop.example
email $(who), dev@shop.example with Subject: hi\\nall with everything
append a line into %TMP%/log into it
execute other.commands
rename /vm/server as a b
"""
    instructions = [line.instruction for line in check(text).lines[1:]]
    assert instructions == [
        Email(recipients=("ops@shop.example", "dev@shop.example"), message="Subject: hi\nall with everything"),
        WriteFile(text="a line into %TMP%/log", file="it", append=True),
        Execute(command="other"),
        Rename(path="/vm/server", name="a b"),
    ]


def test_times_and_identifiers_come_from_outside(check):
    moment = datetime.datetime(2017, 3, 5, 13, 4, 9, tzinfo=datetime.UTC)
    sources = Sources(now=lambda: moment, nano_time=lambda: 42, new_uuid=lambda: "some-uuid")
    text = "define a = $(NANO_TIME) $(MILLI_TIME) $(UUID) $(UUID)\ndefine b = $(FORMATTED_TIME yyyy-MM-dd)"
    values = [line.instruction.value for line in check(text, sources=sources).lines]
    assert values == ["42 1488719049000 some-uuid some-uuid", "2017-03-05"]


def test_commands_that_execute_themselves(check):
    executed = {"a": frozenset({"b"}), "b": frozenset({"c", "d"}), "c": frozenset({"a"}), "d": frozenset()}
    assert found(check("execute a", name="a", executed=executed)) == ["CMD_LOOPING_COMMAND@1:9"]
    (problem,) = check("execute b", name="a", executed=executed).problems
    assert problem.code == "CMD_NASTY_LOOPING_COMMAND"
    assert problem.message.endswith(": a -> b -> c -> a")
    assert found(check("execute d", name="a", executed=executed)) == []


def test_a_text_on_its_own_is_checked_for_what_needs_no_application():
    text = """\
create Anything as x under /any/where
stop all /any
define A = vm $(EXISTING_INDEX MAX)
create VM as $(A)
execute other
change status of /any to sleeping
create VM as 1
stop al /any
write $(nope) into /f
"""
    checked = check_commands_text(text, "x.commands")
    assert found(checked) == [
        "CMD_INVALID_INSTANCE_STATUS@6:26",
        "CMD_INVALID_INSTANCE_NAME@7:14",
        "CMD_UNRECOGNIZED_INSTRUCTION@8:1",
        "CMD_UNRESOLVED_VARIABLE@9:7",
    ]


def test_values_that_double_themselves_end_early(check):
    checked = check("define a = " + "a" * 60 + "\n" + "define a = $(a)$(a)\n" * 60)
    assert [str(problem.code) for problem in checked.problems] == ["CMD_INVALID_SYNTAX"]
    checked = check("define a = " + "a" * 60_000 + "\n" + "write $(a)$(a) into /f\n" * 100_000)
    assert [str(problem.code) for problem in checked.problems] == ["CMD_INVALID_SYNTAX"]
    assert "the rest is not read" in checked.problems[0].hint


_LINES_OF_WORDS = """
create replicate rename associate change status of email define write append execute deploy and start all stop
undeploy delete instances as with to into under = VM Server Site /vm /vm/server /nope x $(x) $(UUID)
$(SMART_INDEX) $(EXISTING_INDEX $(FORMATTED_TIME HH:mm ) MIN > 3 \\ #
"""
_WORDS = st.sampled_from([*_LINES_OF_WORDS.split(), "\n"])


@settings(max_examples=examples(200))
@given(text=st.lists(_WORDS | st.text(max_size=3), max_size=30).map(" ".join) | st.text(max_size=8))
def test_every_text_is_read_and_problems_stand_in_it(graph, text):
    checked = check_commands_text(text, "x", graph=graph, roots=ROOTS, executed={})
    rows = text.split("\n")
    for problem in checked.problems:
        assert 1 <= problem.where.line <= len(rows)
        assert 0 <= problem.where.column <= len(rows[problem.where.line - 1]) + 1


_VALID = st.sampled_from(
    [
        "create VM as new {n}",
        "define v{n} = vm $(SMART_INDEX)",
        "write some text into /tmp/{n}",
        "deploy and start all /vm",
        "stop all instances of Server",
        "email ops@shop.example with number {n}",
        "change status of /vm/server to unresolved",
        "execute other",
    ]
)
_BROKEN = st.sampled_from(["stop al /vm", "create Nope as n{n}", "stop all /nope", "write x", "execute nope", "define"])


@settings(max_examples=examples(100))
@given(lines=st.lists(st.tuples(st.booleans(), _VALID, _BROKEN), min_size=1, max_size=20))
def test_problems_stand_in_broken_lines_and_nowhere_else(graph, lines):
    text = "\n".join((valid if sound else broken).format(n=n) for n, (sound, valid, broken) in enumerate(lines))
    checked = check_commands_text(text, "x", graph=graph, roots=ROOTS, executed={"other": frozenset()})
    told = [problem.where.line for problem in checked.problems if problem.code != "CMD_NO_INSTRUCTION"]
    assert told == [n for n, (sound, _, _) in enumerate(lines, start=1) if not sound]


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "write " + "a " * size * 5 + "into /f",
        lambda size: "stop all /vm\n" * size,
        lambda size: "".join(f"stopp all{n} /vm\n" for n in range(size)),
        lambda size: "".join(f"stop all /vmm{n}\n" for n in range(size)),
        lambda size: "define X = n$(SMART_INDEX)\ncreate VM as $(X)\ndefine Y = n$(EXISTING_INDEX MAX)\n" * (size // 4),
        lambda size: "".join(f"define v{n} = {n}\n" for n in range(size)) + "write $(vv) into /f\n" * size,
        lambda size: "write " + "$(q)" * size + " into /f",
        lambda size: "stop \\\n" * size * 5 + "all /vm",
        lambda size: "define x " + "=" * size * 5,
        lambda size: "create VM as " + "under /a " * size,
        lambda size: "create Nope as x\nstop all " + "/a" * size * 10,
        lambda size: "rename /vm as b\nrename /b as vm\ndefine X = n$(SMART_INDEX)\n" * (size // 4),
        lambda size: "".join(f"replicate /vm as c{n}\ndelete /c{n}/server\n" for n in range(size // 2)),
    ],
    ids=[
        *("words", "lines", "unknown-instructions", "unknown-paths", "numbers", "unknown-variables", "references"),
        *("continuations", "equals-signs", "parents", "deep-paths", "renamed", "copies"),
    ],
)
def test_time_grows_with_the_size(check, make):
    seconds = []
    for size in (1_250, 10_000):
        text = make(size)
        begun = time.process_time()
        check(text)
        seconds.append(time.process_time() - begun)
    assert seconds[1] < 30 * seconds[0] + 0.5, seconds


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"replicate /vm as c{n}\n" for n in range(2_000)) + "define X = s$(EXISTING_INDEX MAX)\n",
        "delete all instances of Site\n" * 5_000,
        "".join(f"create Server as n{n} under /vm\nreplicate /vm as c{n}\n" for n in range(5_000)),
        "".join(f"define X = {n}$(EXISTING_INDEX MAX)\nrename /vm as b\nrename /b as vm\n" for n in range(2_000)),
    ],
    ids=["copies", "deletions", "changed-copies", "numbers"],
)
def test_many_instances_are_compared_as_long_as_it_is_worth_it(graph, text):
    servers = tuple(Instance(name=f"s{n}", component="Server") for n in range(10_000))
    begun = time.process_time()
    checked = check_commands_text(text, "x", graph=graph, roots=[Instance(name="vm", component="VM", children=servers)])
    assert time.process_time() - begun < 30
    assert checked.problems == []
