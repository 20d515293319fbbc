"""What is wrong with a Puppet recipe is told before anything is deployed, with file, line and column."""

import pytest

from roboconf_core.dsl.loader import load_application
from roboconf_core.errors import Code, Where
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.graph import Component, ImportedVariable
from roboconf_puppet import plugin, recipe
from roboconf_puppet.plugin import roboconf_check_recipe
from roboconf_puppet.recipe import check_recipe
from roboconf_puppet.syntax import Answer

FINE = "class roboconf_web($runningState = undef, $importDiff = undef, $db = undef) {\n}\n"


@pytest.fixture(autouse=True)
def _without_puppet(monkeypatch):
    monkeypatch.setattr(recipe, "ask_puppet", lambda manifests: None)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "graph" / "Web"


@pytest.fixture
def write(directory):
    def write_files(files):
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write_files


def web(*imports):
    return Component(name="Web", imports=tuple(ImportedVariable(name=name) for name in imports))


def codes(component, directory):
    return [problem.code for problem in check_recipe(component, directory)]


def module(**manifests):
    return {f"roboconf_web/manifests/{name}.pp": text for name, text in manifests.items()}


@pytest.mark.parametrize(
    "files",
    [
        module(init=FINE),
        {"Roboconf_Web/manifests/init.pp": FINE, "roboconf_readme": "", "stdlib/manifests/init.pp": "class a($x) {}"},
        module(init="class roboconf_web {\n}\n"),
        module(update=FINE.replace("web", "web::update"), start="class roboconf_web::start($runningState, $db) {}"),
        module(init="class helper($x) {}\n" + FINE),
        {**module(init=FINE), "roboconf_web/manifests/deep/more.pp": "class roboconf_web::deep::more($x) {}"},
    ],
)
def test_what_is_fine_is_no_problem(write, directory, files):
    write(files)
    assert check_recipe(web("DB.ip", "DB.port"), directory) == []


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({"x": ""}, Code.REC_PUPPET_HAS_NO_RBCF_MODULE, "put its classes into roboconf_web/manifests/init.pp"),
        (
            {"apache/manifests/init.pp": "", "z/manifests/init.pp": ""},
            Code.REC_PUPPET_HAS_NO_RBCF_MODULE,
            "rename the module 'apache', and its classes, to 'roboconf_apache'",
        ),
        (
            {"roboconf_a/x": "", "ROBOCONF_b/x": ""},
            Code.REC_PUPPET_HAS_TOO_MANY_RBCF_MODULES,
            "2 modules: 'ROBOCONF_b', 'roboconf_a'",
        ),
    ],
)
def test_a_recipe_has_exactly_one_module(write, directory, files, code, says):
    write(files)
    (problem,) = check_recipe(web(), directory)
    assert problem.code is code
    assert problem.where == Where(file=str(directory))
    assert says in str(problem)


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        (
            module(init="\n class roboconf_web(\n$runningState, $db) {}"),
            Code.REC_PUPPET_MISSING_PARAM_IMPORT_DIFF,
            "add '$importDiff = undef'",
        ),
        (
            module(update="\n class roboconf_web::update($runningState, $db) {}", init="class roboconf_web {}"),
            Code.REC_PUPPET_MISSING_PARAM_IMPORT_DIFF,
            "'roboconf_web::update'",
        ),
        (
            module(stop="\n class roboconf_web::stop($runningstate, $db) {}"),
            Code.REC_PUPPET_MISSING_PARAM_RUNNING_STATE,
            "rename '$runningstate'?",
        ),
        (
            module(stop="\n class roboconf_web::stop($runningState, $x = '$db') {}"),
            Code.REC_PUPPET_MISSING_PARAM_FROM_IMPORT,
            "'$db', which carries DB.ip, DB.port",
        ),
    ],
)
def test_a_missing_parameter_is_told_at_its_class(write, directory, files, code, says):
    write(files)
    (problem,) = check_recipe(web("DB.ip", "DB.port"), directory)
    assert problem.code is code
    assert problem.where == Where(file=str(directory / next(iter(files))), line=2, column=8)
    assert says in str(problem)


def test_an_empty_list_of_parameters_misses_all(write, directory):
    write(module(init="class roboconf_web() {}"))
    assert codes(web("DB.ip", "My-Cache.ip"), directory) == [
        Code.REC_PUPPET_MISSING_PARAM_IMPORT_DIFF,
        Code.REC_PUPPET_MISSING_PARAM_RUNNING_STATE,
        Code.REC_PUPPET_MISSING_PARAM_FROM_IMPORT,
        Code.REC_PUPPET_MISSING_PARAM_FROM_IMPORT,
    ]


def test_a_prefix_that_is_no_name_for_puppet_has_an_underscore(write, directory):
    write(module(init=FINE.replace("$db", "$my_cache")))
    assert check_recipe(web("My-Cache.ip"), directory) == []


def test_wildcards_are_told_once_at_the_first(write, directory):
    write(module(init=FINE))
    where = Where(file="main.graph", line=7, column=3)
    wildcards = (ImportedVariable(name="DB.*", where=where), ImportedVariable(name="db.*"))
    (problem,) = check_recipe(Component(name="Web", imports=wildcards), directory)
    assert problem.code is Code.REC_PUPPET_DISLIKES_WILDCARD_IMPORTS
    assert problem.where == where
    assert "'DB.*', 'db.*'" in problem.message


def test_that_puppet_could_not_be_asked_is_a_warning(write, directory, monkeypatch):
    write(module(init=FINE))
    monkeypatch.setattr(recipe, "ask_puppet", lambda manifests: Answer(failure="ruby is broken"))
    (problem,) = check_recipe(web("DB.ip"), directory)
    assert problem.code is Code.REC_PUPPET_NOT_CHECKED
    assert "ruby is broken" in problem.message


@pytest.mark.parametrize(("installer", "count"), [("puppet", 1), ("Puppet", 1), ("bash", 0), ("target", 0)])
def test_only_recipes_of_the_own_installer_are_checked(write, directory, installer, count):
    write({"x": ""})
    assert len(roboconf_check_recipe(web(), installer, directory)) == count


APPLICATION = {
    "descriptor/application.properties": "name = App\nversion = 1.0\ndsl-id = x\ngraph-entry-point = main.graph\n",
    "graph/VM/x": "",
    "graph/DB/x": "",
}
DB = "DB {\ninstaller: logger;\nexports: ip;\n}\n"


def problems_of(tmp_path, files):
    for name, text in {**APPLICATION, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    plugins = load_plugins(entry_points=False, modules={"puppet": plugin})
    return [
        (problem.code.value, str(problem.where))
        for problem in load_application(tmp_path, check_recipe=plugins.check_recipe, shown="").problems
    ]


def test_recipes_of_an_application_are_checked_with_its_graph(tmp_path):
    graph = "VM {\ninstaller: target;\nchildren: A, B, DB;\n}\nA {\ninstaller: puppet;\n}\n"
    graph += "B {\ninstaller: puppet;\nimports: DB.*;\n}\n" + DB
    files = {
        "graph/main.graph": graph,
        "graph/A/x": "",
        "graph/B/roboconf_b/manifests/init.pp": "class roboconf_b($runningState = undef, $db = undef) {\n}\n",
    }
    assert problems_of(tmp_path, files) == [
        ("REC_PUPPET_HAS_NO_RBCF_MODULE", "graph/A"),
        ("REC_PUPPET_DISLIKES_WILDCARD_IMPORTS", "graph/main.graph:10:10"),
        ("REC_PUPPET_MISSING_PARAM_IMPORT_DIFF", "graph/B/roboconf_b/manifests/init.pp:1:7"),
    ]


def test_an_inherited_installer_and_inherited_imports_count(tmp_path):
    graph = "VM {\ninstaller: target;\nchildren: A, DB;\n}\nA {\ninstaller: puppet;\nimports: DB.ip;\n}\n"
    graph += "B {\nextends: A;\n}\n" + DB
    start = "class {}::start($runningState = undef{}) {{\n}}\n"
    files = {
        "graph/main.graph": graph,
        "graph/A/roboconf_a/manifests/start.pp": start.format("roboconf_a", ", $db = undef"),
        "graph/B/roboconf_b/manifests/start.pp": start.format("roboconf_b", ""),
    }
    assert problems_of(tmp_path, files) == [
        ("REC_PUPPET_MISSING_PARAM_FROM_IMPORT", "graph/B/roboconf_b/manifests/start.pp:1:7")
    ]


def test_a_recipe_that_two_components_share_is_told_of_once(tmp_path):
    graph = "VM {\ninstaller: target;\nchildren: A;\n}\nA {\ninstaller: puppet;\n}\nB {\nextends: A;\n}\n"
    files = {"graph/main.graph": graph, "graph/A/roboconf_a/manifests/stop.pp": "class roboconf_a::stop($x) {}"}
    assert problems_of(tmp_path, files) == [
        ("REC_PUPPET_MISSING_PARAM_RUNNING_STATE", "graph/A/roboconf_a/manifests/stop.pp:1:7")
    ]
