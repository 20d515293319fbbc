"""What is wrong with a recipe is told before anything is deployed, with file and line."""

import pytest

from roboconf_bash.plugin import roboconf_check_recipe
from roboconf_bash.recipe import check_recipe
from roboconf_core.errors import Code


@pytest.fixture
def recipe(tmp_path):
    directory = tmp_path / "Tomcat"
    directory.mkdir()

    def write(files):
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return directory

    return write


FINE = {"scripts/start.sh": "#!/bin/sh\n", "scripts/lib.sh": "x=1\n", "files/a.conf.j2": "{{ exports.ip }}\n"}


@pytest.mark.parametrize(
    "files", [{}, FINE, {"recipe.properties": "status.period = 2\n"}, {".hidden": "", ".git/config": ""}]
)
def test_what_is_fine_is_no_problem(recipe, files):
    assert check_recipe(recipe(files)) == []


@pytest.mark.parametrize("files", [{"a.sh": ""}, {"files/deep/a": ""}, {"roboconf-templates/start.template": ""}])
def test_files_without_a_scripts_directory_are_an_error(recipe, files):
    directory = recipe(files)
    (problem,) = check_recipe(directory)
    assert problem.code is Code.REC_SCRIPT_NO_SCRIPTS_DIR
    assert problem.where.file == str(directory)
    assert "'Tomcat'" in problem.message


@pytest.mark.parametrize(
    ("files", "code", "file", "line", "says"),
    [
        (
            {"scripts/start.py": "#!/bin/sh", "scripts/start.rb": ""},
            Code.REC_SCRIPT_AMBIGUOUS,
            "scripts",
            0,
            "start.py, start.rb",
        ),
        ({"scripts/start.sh": "echo\n"}, Code.REC_SCRIPT_FIRST_LINE, "scripts/start.sh", 1, "does not say"),
        ({"scripts/start.sh.j2": "echo\n"}, Code.REC_SCRIPT_FIRST_LINE, "scripts/start.sh.j2", 1, "does not say"),
        ({"scripts/start.sh": "#!/bin/sh\r\n"}, Code.REC_SCRIPT_FIRST_LINE, "scripts/start.sh", 1, "Windows"),
        ({"scripts/x": "", "a.j2": "\n{% if %}"}, Code.REC_TEMPLATE_INVALID, "a.j2", 2, "a.j2"),
        ({"scripts/x": "", "a.j2": "{{ open"}, Code.REC_TEMPLATE_INVALID, "a.j2", 1, "a.j2"),
    ],
)
def test_a_problem_is_told_with_its_place(recipe, files, code, file, line, says):
    directory = recipe(files)
    (problem,) = check_recipe(directory)
    assert problem.code is code
    assert problem.where.file == str(directory / file)
    assert problem.where.line == line
    assert says in problem.message


def test_a_template_that_is_no_text_is_a_problem(recipe):
    directory = recipe(FINE)
    (directory / "b.j2").write_bytes(b"\xff")
    assert [problem.code for problem in check_recipe(directory)] == [Code.REC_TEMPLATE_INVALID]


@pytest.mark.parametrize(("installer", "count"), [("bash", 1), ("Script", 1), ("puppet", 0), ("file", 0)])
def test_only_recipes_of_the_own_installers_are_checked(recipe, installer, count):
    assert len(roboconf_check_recipe(installer, recipe({"a.sh": ""}))) == count


def test_links_that_go_in_circles_are_not_followed(recipe):
    directory = recipe({})
    for name in "abc":
        (directory / name).symlink_to(".", target_is_directory=True)
    assert check_recipe(directory) == []
