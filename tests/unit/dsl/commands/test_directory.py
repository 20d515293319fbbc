"""All files of ``commands/``: which are commands, what they are called, what they execute."""

import time

import pytest

from roboconf_core.dsl.commands.directory import check_commands, check_commands_file
from roboconf_core.dsl.files import Directory
from roboconf_core.model.instance import Instance

ROOTS = [Instance(name="vm", component="VM")]


@pytest.fixture
def commands(tmp_path):
    def write(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return Directory(tmp_path, shown="commands")

    return write


def told(checked):
    return [(str(problem.code), problem.where.file, problem.where.line) for problem in checked.problems]


def test_names_are_those_of_files_below_the_directory_too(commands):
    directory = commands({"b.commands": "stop all /vm", "a.commands": "stop all /vm", "sub/c.commands": "execute a"})
    checked = check_commands(directory, None, ROOTS)
    assert told(checked) == []
    assert checked.names == ("a", "b", "c")
    assert sorted(checked.commands) == ["a", "b", "c"]


def test_hidden_files_are_left_out_and_others_must_be_commands(commands):
    checked = check_commands(commands({".x.swp": "", "notes.txt": "hello", "a.commands": "stop all /vm"}), None, ROOTS)
    assert told(checked) == [("PROJ_INVALID_COMMAND_EXT", "commands/notes.txt", 0)]
    assert "notes.commands" in checked.problems[0].hint


def test_two_files_of_one_name_are_both_checked(commands):
    checked = check_commands(commands({"a.commands": "stop all /x", "sub/a.commands": "stop all /y"}), None, ROOTS)
    assert told(checked) == [
        ("CMD_NO_MATCHING_INSTANCE", "commands/a.commands", 1),
        ("CMD_NO_MATCHING_INSTANCE", "commands/sub/a.commands", 1),
    ]


def test_only_commands_right_in_the_directory_are_executed(commands):
    checked = check_commands(commands({"a.commands": "execute b", "sub/b.commands": "execute a"}), None, ROOTS)
    assert told(checked) == [("CMD_INEXISTING_COMMAND", "commands/a.commands", 1)]


def test_files_do_not_see_what_others_do_to_the_instances(commands):
    directory = commands({"a.commands": "rename /vm as x\ndelete /x", "b.commands": "stop all /vm\nstop all /x"})
    assert told(check_commands(directory, None, ROOTS)) == [("CMD_NO_MATCHING_INSTANCE", "commands/b.commands", 2)]


def test_instances_that_are_not_known_are_not_missed(commands):
    assert told(check_commands(commands({"a.commands": "stop all /any"}), None, None)) == []
    assert told(check_commands(commands({"a.commands": "stop all /any"}), None, [])) != []


def test_commands_that_lead_back_over_several_others(commands):
    directory = commands(
        {
            "a.commands": "execute b",
            "b.commands": "EXECUTE  c.commands",
            "c.commands": "# execute d\nexecute \\\n a",
            "d.commands": "execute a",
        }
    )
    assert told(check_commands(directory, None, ROOTS)) == [
        ("CMD_NASTY_LOOPING_COMMAND", "commands/a.commands", 1),
        ("CMD_NASTY_LOOPING_COMMAND", "commands/b.commands", 1),
        ("CMD_NASTY_LOOPING_COMMAND", "commands/c.commands", 3),
    ]


def test_a_file_that_cannot_be_decoded_is_there_all_the_same(commands, tmp_path):
    directory = commands({"a.commands": "execute b"})
    (tmp_path / "b.commands").write_bytes(b"stop all /vm\xff")
    checked = check_commands(directory, None, ROOTS)
    assert "CMD_INEXISTING_COMMAND" not in [code for code, _, _ in told(checked)]
    assert checked.names == ("a", "b")
    assert [file for _, file, _ in told(checked)] == ["commands/b.commands"]


def test_a_single_file_is_checked_without_its_application(commands):
    problems = check_commands_file(commands({"a.commands": "stop all /any\nexecute a\nnope"}), "a.commands")
    assert [str(problem.code) for problem in problems] == ["CMD_LOOPING_COMMAND", "CMD_UNRECOGNIZED_INSTRUCTION"]


def test_many_commands_of_a_large_application(commands):
    names = [f"c{n}" for n in range(1_000)]
    files = {f"{name}.commands": f"stop all /nope\nexecute c{(n + 1) % 1000}" for n, name in enumerate(names)}
    roots = [Instance(name=f"vm{n}", component="VM") for n in range(10_000)]
    begun = time.process_time()
    checked = check_commands(commands(files), None, roots)
    assert time.process_time() - begun < 20
    assert len(checked.problems) == 2_000
    assert max(len(str(problem)) for problem in checked.problems) < 1_000
