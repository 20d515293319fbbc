"""Loading directories and single files: what is there, what cannot be read, in which order it is told."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.dsl.files import MAX_FILE_BYTES, Directory, Sources, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.loader import application_root, load_application
from roboconf_core.dsl.projects import kind_of
from roboconf_core.dsl.single import check_file
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.errors import Code, Problem, Where, has_errors
from roboconf_core.model.instance import walk

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
DESCRIPTOR = "name = App\nversion = 1.0\ndsl-id = x\ngraph-entry-point = main.graph\n"
GRAPH = "VM {\n\tinstaller: target;\n\tchildren: S;\n}\nS {\n\tinstaller: bash;\n}\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def app(tmp_path):
    files = {"descriptor/application.properties": DESCRIPTOR, "graph/main.graph": GRAPH}
    return write(tmp_path / "app", files | {"graph/VM/x": "", "graph/S/x": ""})


def codes(problems) -> list[str]:
    return [str(problem.code) for problem in problems]


def test_the_quickstart_is_sound_and_complete():
    loaded = load_application(QUICKSTART)
    assert loaded.problems == []
    template = loaded.template
    assert template.key == "quickstart - 1.0"
    assert [placed.path for placed in walk(template.instances)][:2] == ["/store-vm", "/store-vm/store"]
    assert template.targets["VM"].handler == "local"
    assert template.settings["Web"].status_period_s == 1.0
    assert loaded.resources["Web"] == QUICKSTART / "graph" / "Web"


def test_places_name_files_as_the_user_would(app, monkeypatch):
    (app / "graph" / "main.graph").write_text("VM {\n\tinstaller: target\n}\n")
    monkeypatch.chdir(app.parent)
    (problem,) = load_application(Path("app")).problems
    assert problem.where == Where(file="app/graph/main.graph", line=2, column=19)
    (problem,) = load_application(app, shown="").problems
    assert problem.where.file == "graph/main.graph"


def test_all_problems_come_file_by_file_and_line_by_line(app):
    write(
        app,
        {
            "descriptor/application.properties": DESCRIPTOR.replace("1.0", "one")
            + "instance-entry-point = m.instances",
            "graph/main.graph": "import b.graph;\nVM {\n\tcolor: x;\n\tinstaller: target\n}\n",
            "graph/b.graph": "B {\n\tinstaller: target;\n\tchildren: Nope;\n}\n",
            "instances/m.instances": "instance of Vm {\n\tname: v;\n}\n",
        },
    )
    loaded = load_application(app, shown="")
    assert loaded.template is None
    assert [(str(p.code), p.where.file, p.where.line) for p in loaded.problems] == [
        ("RM_INVALID_APPLICATION_VERSION", "descriptor/application.properties", 2),
        ("PM_PROPERTY_NOT_APPLIABLE", "graph/main.graph", 3),
        ("P_PROPERTY_ENDS_WITH_SEMI_COLON", "graph/main.graph", 4),
        ("CO_INEXISTING_CHILD", "graph/b.graph", 1),
        ("CO_INEXISTING_COMPONENT", "instances/m.instances", 1),
    ]
    assert loaded.problems[-1].hint == "did you mean 'VM'?"


def test_recipes_are_checked_by_whoever_knows_them(app):
    asked = []

    def check(component, installer, directory):
        asked.append((component.name, installer, directory))
        return [Problem(Code.REC_SCRIPT_NO_SCRIPTS_DIR, "no scripts", Where(file=str(directory / "x"), line=3))]

    (problem,) = load_application(app, check_recipe=check, shown="here").problems
    assert asked == [("S", "bash", app / "graph" / "S")]
    assert problem.where == Where(file="here/graph/S/x", line=3)


def test_a_directory_that_is_not_there_is_a_problem(tmp_path):
    assert codes(load_application(tmp_path / "nope").problems) == ["P_IO_ERROR"]


def test_a_file_instead_of_a_directory_is_a_problem(tmp_path):
    file = tmp_path / "x"
    file.write_text("")
    assert codes(load_application(file).problems) == ["P_IO_ERROR"]


def test_an_empty_directory_lacks_all(tmp_path):
    assert codes(load_application(tmp_path).problems) == ["PROJ_NO_DESC_DIR", "PROJ_NO_GRAPH_DIR"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (".", "P_IO_ERROR"),
        ("descriptor/application.properties", "PROJ_READ_DESC_FILE"),
        ("graph/main.graph", "P_IO_ERROR"),
    ],
)
def test_what_may_not_be_read_is_a_problem(app, name, code, monkeypatch):
    def refusing(method):
        def read(path):
            if path == app / name:
                raise PermissionError(13, "Permission denied", str(path))
            return method(path)

        return read

    monkeypatch.setattr(Path, "read_bytes", refusing(Path.read_bytes))
    monkeypatch.setattr(Path, "iterdir", refusing(Path.iterdir))
    (problem,) = [problem for problem in load_application(app).problems if problem.code == code]
    assert "Permission denied" in problem.message


@pytest.mark.parametrize(
    ("name", "code"),
    [("descriptor/application.properties", "PROJ_READ_DESC_FILE"), ("graph/main.graph", "P_IO_ERROR")],
)
def test_a_directory_instead_of_a_file_is_a_problem(app, name, code):
    (app / name).unlink()
    (app / name).mkdir()
    assert code in codes(load_application(app).problems)


def test_a_pipe_instead_of_a_file_is_a_problem(app):
    (app / "graph" / "main.graph").unlink()
    os.mkfifo(app / "graph" / "main.graph")
    assert codes(load_application(app).problems) == ["P_IO_ERROR"]


def test_bytes_that_are_no_utf_8_have_a_place(app):
    (app / "graph" / "main.graph").write_bytes(b"# a\nVM {\n# \xe9\n}\n")
    (problem,) = load_application(app, shown="").problems
    assert (problem.code, problem.where) == (Code.P_IO_ERROR, Where(file="graph/main.graph", line=3, column=3))


@pytest.mark.parametrize("location", ["../../x.graph", "/etc/passwd", "out.graph", "loop.graph", "a" * 300, "a\0b"])
def test_imports_never_leave_the_directory(app, location):
    (app.parent / "secret.graph").write_text("A {\n}\n")
    (app / "graph" / "out.graph").symlink_to(app.parent / "secret.graph")
    (app / "graph" / "loop.graph").symlink_to("loop.graph")
    (app / "graph" / "main.graph").write_text(f"import {location};\n{GRAPH}")
    assert "CO_UNREACHABLE_FILE" in codes(load_application(app).problems)


def test_a_missing_import_is_looked_for_beside_it(app):
    write(app, {"graph/db/mysql.graph": "DB {\n}\n", "graph/main.graph": f"import db/mysq.graph;\n{GRAPH}"})
    (problem,) = [p for p in load_application(app).problems if p.code is Code.CO_UNREACHABLE_FILE]
    assert problem.hint == "did you mean 'db/mysql.graph'?"


def test_files_that_import_each_other_are_read_once(app):
    write(
        app, {"graph/main.graph": f"import a.graph;\n{GRAPH}", "graph/a.graph": "import main.graph;\nimport a.graph;\n"}
    )
    assert load_application(app).problems == []


def test_an_archive_may_hold_the_application_or_its_directory(app, tmp_path):
    assert application_root(app) == app
    write(tmp_path, {".hidden/x": "", "__MACOSX/x": ""})
    assert application_root(tmp_path) == app


def test_an_archive_of_one_part_is_no_application_in_a_directory(tmp_path):
    write(tmp_path, {"graph/main.graph": GRAPH})
    assert application_root(tmp_path) == tmp_path


def test_each_root_instance_is_told_the_name_of_its_application(app):
    text = "instance of VM {\n\tname: vm;\n\tcount: 2;\n\tinstance-data: application.name = x, a = 1;\n\tinstance of S {\n\t\tname: s;\n\t}\n}\n"
    descriptor = DESCRIPTOR + "instance-entry-point = m.instances\n"
    write(app, {"instances/m.instances": text, "descriptor/application.properties": descriptor})
    loaded = load_application(app)
    assert loaded.problems == []
    assert [(placed.path, dict(placed.instance.data)) for placed in walk(loaded.template.instances)] == [
        ("/vm1", {"application.name": "App", "a": "1"}),
        ("/vm1/s", {}),
        ("/vm2", {"application.name": "App"}),
        ("/vm2/s", {}),
    ]


def test_rules_and_probes_are_loaded(app):
    write(
        app,
        {
            "commands/grow.commands": "write x into /tmp/x\n",
            "rules.autonomic/r.drl": 'rule "r"\nwhen\n\tbusy\nthen\n\tgrow\n\tgrwo\nend\n',
            "rules.autonomic/x.txt": "",
            "probes/VM.measures": "[EVENT file busy]\n/tmp/busy\n",
            "probes/Vm.measures": "[EVENT file busy]\n/tmp/busy\n",
        },
    )
    loaded = load_application(app, shown="")
    assert [(str(each.code), each.where.file, each.where.line, each.hint) for each in loaded.problems] == [
        ("RULE_UNKNOWN_COMMAND", "rules.autonomic/r.drl", 6, "did you mean 'grow'?"),
        ("PROJ_INVALID_RULE_EXT", "rules.autonomic/x.txt", 0, "rename it, or move it elsewhere"),
        ("PROBE_UNKNOWN_COMPONENT", "probes/Vm.measures", 0, "did you mean 'VM'?"),
    ]
    assert loaded.rules["r"].event == "busy"
    assert loaded.probes["VM"].probes[0].text == "/tmp/busy"
    assert loaded.template is None


def test_files_that_stand_where_nothing_looks_for_them_are_told(app):
    names = ["x.graph", "rules/r.drl", "command/c.commands", "probes/deep/VM.measures", "VM.measures"]
    fine = ["graph/S/a.drl", ".git/b.drl", "probes/.x.measures", "docs/readme.txt"]
    write(app, dict.fromkeys([*names, *fine], ""))
    problems = load_application(app, shown="").problems
    assert codes(problems) == ["PROJ_INVALID_FILE_LOCATION"] * 5
    assert {problem.where.file: problem.hint for problem in problems} == {
        "x.graph": "move it into the directory 'graph'",
        "VM.measures": "move it into the directory 'probes'",
        "rules/r.drl": "move it into the directory 'rules.autonomic'",
        "command/c.commands": "move it into the directory 'commands'",
        "probes/deep/VM.measures": "move it into the directory 'probes' itself",
    }


RECIPE = "facet Orphan {\n\tchildren: S;\n}\nS {\n\tinstaller: bash;\n\timports: Orphan.*;\n}\n"


@pytest.fixture
def recipe(tmp_path):
    return write(tmp_path / "recipe", {"graph/b.graph": RECIPE, "graph/S/x": "", "README.md": ""})


def test_a_recipe_needs_no_descriptor_no_machine_and_no_provider(recipe):
    assert codes(load_application(recipe).problems) == [
        "PROJ_NO_DESC_DIR",
        "PROJ_UNREACHABLE_FILE",
    ]
    loaded = load_application(recipe, is_recipe=True)
    assert loaded.problems == []
    assert list(loaded.template.graph.components) == ["S"]


def test_a_recipe_begins_with_the_first_of_its_graphs(recipe):
    write(recipe, {"graph/A.GRAPH": "import b.graph;\nT {\n\tinstaller: bash;\n}\n", "graph/T/x": ""})
    assert load_application(recipe, is_recipe=True).problems == []
    write(recipe, {"graph/A.GRAPH": "T {\n\tinstaller: bash;\n}\n"})
    assert codes(load_application(recipe, is_recipe=True).problems) == ["PROJ_UNREACHABLE_FILE"]


def test_a_recipe_without_a_graph_says_so(tmp_path):
    (tmp_path / "graph").mkdir()
    assert codes(load_application(tmp_path, is_recipe=True).problems) == [
        "PROJ_MISSING_GRAPH_EP",
        "REC_MISSING_README",
    ]


def test_a_recipe_is_told_what_its_users_would_miss(app):
    descriptor = DESCRIPTOR + "instance-entry-point = m.instances\n"
    write(
        app,
        {
            "instances/m.instances": "instance of VM {\n\tname: vm;\n}\n",
            "descriptor/application.properties": descriptor,
        },
    )
    problems = load_application(app, shown="", is_recipe=True).problems
    assert [(str(each.code), each.where.file) for each in problems] == [
        ("REC_MISSING_README", "."),
        ("REC_AVOID_INSTANCES", "instances/m.instances"),
    ]
    assert codes(load_application(app).problems) == []


def test_a_version_that_maven_fills_in_is_fine_in_its_tree_only(app, tmp_path):
    model = tmp_path / "project" / "src" / "main" / "model"
    model.parent.mkdir(parents=True)
    app.rename(model)
    descriptor = model / "descriptor" / "application.properties"
    descriptor.write_text(DESCRIPTOR.replace("1.0", "${project.version}-x"))
    assert codes(load_application(model).problems) == ["RM_INVALID_APPLICATION_VERSION"]
    (tmp_path / "project" / "pom.xml").write_text("")
    assert codes(load_application(model).problems) == []
    descriptor.write_text(DESCRIPTOR.replace("1.0", "${project.version} x"))
    assert codes(load_application(model).problems) == ["RM_INVALID_APPLICATION_VERSION"]


@pytest.mark.parametrize(
    ("files", "given", "hint"),
    [
        (["other/x"], "", "an application has the directories 'descriptor', 'graph' and 'instances'"),
        (["application.properties", "graph/x"], "", "move application.properties into a directory 'descriptor'"),
        (["descriptors/application.properties"], "", "there is 'descriptors': rename it to 'descriptor'"),
        (["a/descriptor/application.properties"], "", "did you mean 'top/a'?"),
        (["src/main/model/descriptor/application.properties", "pom.xml"], "", "did you mean 'top/src/main/model'?"),
        (
            ["descriptor/x", "graph/main.graph"],
            "/graph",
            "this is a part of an application: give the directory above, 'top'",
        ),
    ],
)
def test_another_directory_is_named_where_one_seems_meant(tmp_path, files, given, hint):
    write(tmp_path, dict.fromkeys(files, ""))
    problem = load_application(Path(f"{tmp_path}{given}"), shown=f"top{given}").problems[0]
    assert (str(problem.code), problem.hint) == ("PROJ_NO_DESC_DIR", hint)


def test_graphs_beside_their_directory_are_to_be_moved_into_it(tmp_path):
    write(tmp_path, {"main.graph": GRAPH, "descriptor/application.properties": DESCRIPTOR})
    (problem,) = [each for each in load_application(tmp_path).problems if each.code is Code.PROJ_NO_GRAPH_DIR]
    assert problem.hint == "move main.graph into a directory 'graph'"


def test_the_files_of_something_else_are_not_listed(tmp_path):
    write(tmp_path, {"a/x.graph": "", "b/y.instances": "", "z.drl": ""})
    assert codes(load_application(tmp_path).problems) == ["PROJ_NO_DESC_DIR", "PROJ_NO_GRAPH_DIR"]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ([], "application"),
        (["x.txt"], "application"),
        (["graph/main.graph", "descriptor/application.properties"], "application"),
        (["graph/main.graph"], "recipe"),
        (["graph/main.graph", "instances/.keep"], "recipe"),
        (["graph/main.graph", "descriptor/x"], "application"),
        (["graph/main.graph", "instances/m.instances"], "application"),
        (["graph/deep/main.graph"], "application"),
        (["a.properties", "a/script.sh"], "targets"),
        (["a.properties", "graph/main.graph"], "recipe"),
        (["a.properties", "instances/x"], "application"),
        (["application.properties"], "application"),
        (["recipe.properties", ".hidden.properties", "deep/a.properties"], "application"),
    ],
)
def test_what_a_directory_seems_to_be(tmp_path, files, kind):
    assert kind_of(write(tmp_path, dict.fromkeys(files, ""))) == kind


def deep_directory(top: Path, depth: int) -> Path:
    """Make a directory so deep below another one that no path leads to its end."""
    top.mkdir(parents=True, exist_ok=True)
    handle = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("x.graph", os.O_CREAT, dir_fd=handle))
    os.close(handle)
    return top


@pytest.fixture
def deep(app):
    yield deep_directory(app / "graph" / "S", 2500)
    subprocess.run(["rm", "-rf", app], check=True)  # shutil.rmtree goes only as deep as Python does


def test_directories_may_be_deeper_than_any_path(app, deep):
    (app / "rules.autonomic").mkdir()
    (app / "rules.autonomic" / "loop").symlink_to(app, target_is_directory=True)
    (problem,) = load_application(app, shown="").problems
    assert problem.code is Code.P_IO_ERROR
    assert "too long" in problem.message
    assert len(problem.message) < 400


@pytest.mark.parametrize("name", ["n" * 300, "n" * 5000, "a/" * 3000, "a\\u0000b", "loop"])
def test_names_that_no_file_can_have_are_not_there(app, name):
    entries = f"graph-entry-point = {name}\ninstance-entry-point = {name}\n"
    write(app, {"descriptor/application.properties": DESCRIPTOR + entries, "instances/x": ""})
    (app / "graph" / "loop").symlink_to("loop")
    assert codes(load_application(app).problems)[0] == "PROJ_MISSING_GRAPH_EP"


def test_a_component_whose_name_no_directory_can_have_has_no_recipe(app):
    name = "N" * 300
    write(app, {"graph/main.graph": GRAPH.replace("S", name)})
    assert codes(load_application(app).problems) == ["PROJ_NO_RESOURCE_DIRECTORY"]


def test_a_chain_of_ten_thousand_imports_is_read(app):
    (app / "graph" / "main.graph").write_text(f"import g0.graph;\n{GRAPH}")
    for number in range(10_000):
        (app / "graph" / f"g{number}.graph").write_text(f"import g{(number + 1) % 10_000}.graph;\n")
    assert load_application(app).problems == []


def test_a_file_that_is_too_large_is_not_read(app):
    with (app / "graph" / "main.graph").open("r+b") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    (problem,) = load_application(app).problems
    assert "too large" in problem.message


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("x.graph", GRAPH, []),
        ("x.graph", "S {\n\tinstaller: bash;\n}\n", ["RM_ROOT_INSTALLER_MUST_BE_TARGET"]),
        ("x.instances", "instance of Anything {\n\tname: a;\n}\n", []),
        ("x.instances", "instance of Anything {\n\tname: a;\n\tcount: 0;\n}\n", ["PM_INVALID_INSTANCE_COUNT"]),
        ("application.properties", DESCRIPTOR, []),
        ("application.properties", "nam = App\n" + DESCRIPTOR[11:], ["RM_MISSING_APPLICATION_NAME"]),
        ("recipe.properties", "start.timeout = 5\n", []),
        ("recipe.properties", "start.timeout = -5\n", ["REC_INVALID_SETTINGS"]),
        ("any.properties", "id = a\nhandler = local\nname = n\n", []),
        ("any.properties", "id = a\nhandlr = local\nname = n\n", ["REC_TARGET_NO_HANDLER"]),
    ],
)
def test_single_files_are_checked_by_their_name(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text)
    assert codes(check_file(tmp_path / name)) == expected


def test_single_files_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(ValueError, match="none of"):
        check_file(tmp_path / "x.txt")


def test_a_misspelt_key_is_recognised(tmp_path):
    (tmp_path / "application.properties").write_text("nam = App\n" + DESCRIPTOR[11:])
    (problem,) = check_file(tmp_path / "application.properties")
    assert problem.hint == "there is 'nam': write 'name'"


WORDS = [
    "VM",
    "S",
    "installer: target;",
    "extends: VM;",
    "facets: F;",
    "children: S, F;",
    "exports: a, b = 1;",
    "imports: S.a;",
]
LINES = [
    "{",
    "}",
    "facet F {",
    "VM {",
    "S {",
    "S",
    "import a;",
    "instance of S {",
    "name: s;",
    "count: 2;",
    "a: 1;",
    *WORDS,
]


@given(lines=st.lists(st.sampled_from(LINES), max_size=25))
@settings(max_examples=examples(150), deadline=None)
def test_no_order_of_lines_makes_the_checks_fail(tmp_path_factory, lines):
    root = tmp_path_factory.getbasetemp() / "lines"
    write(root, {"x.graph": "\n".join(lines), "x.instances": "\n".join(lines)})
    found = build_graph(read_sources(Directory(root), "x.graph", FileKind.GRAPH))
    instances = build_instances(
        read_sources(Directory(root), "x.instances", FileKind.INSTANCES), found.component_names, found.graph
    )
    for problems in (found.problems, instances.problems):
        stages = {problem.code.split("_")[0] for problem in problems if problem.severity == "error"}
        assert "RM" not in stages or "CO" not in stages, problems


PATHS = [
    "descriptor/application.properties",
    "descriptor",
    "graph/main.graph",
    "graph/other.graph",
    "graph/VM/t.properties",
    "graph/VM/recipe.properties",
    "graph/S/main.graph",
    "instances/m.instances",
    "instances",
    "commands/c.commands",
    "commands/x",
    "rules.autonomic/r.drl",
    "rules.autonomic/r.drl/x",
    "probes/VM.measures",
    "probes/VM.measures.properties",
    "probes/deep/VM.measures",
    "readme",
    "x.graph",
    "a.properties",
]
TEXTS = [
    b"",
    b"\xff\x00",
    b"name = a\nversion = 1.0\ngraph-entry-point = main.graph\ninstance-entry-point = m.instances\nexports = VM.a as b\n",
    b"import other.graph;\nVM {\n\tinstaller: target;\n\tchildren: S;\n}\n",
    b"S {\n\tinstaller: bash;\n}\n",
    b"instance of VM {\n\tname: a;\n}\n",
    b'rule "r" when e then c end',
    b"[EVENT a b]\n{{ x }}\n",
    b"id = t\nhandler = local\n",
    b"write x into /tmp/y\nexecute c\n",
]


@given(
    files=st.dictionaries(st.sampled_from(PATHS), st.sampled_from(TEXTS), max_size=10),
    is_recipe=st.booleans(),
)
@settings(max_examples=examples(200), deadline=None)
def test_whatever_stands_in_a_directory_is_borne(tmp_path_factory, files, is_recipe):
    root = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp()))
    for name, content in sorted(files.items()):
        file = root / name
        if not file.exists() and not any(parent.is_file() for parent in file.parents):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    loaded = load_application(root, shown="", is_recipe=is_recipe)
    assert (loaded.template is None) == has_errors(loaded.problems)
    assert len(set(loaded.problems)) == len(loaded.problems)
    for problem in loaded.problems:
        missing = problem.code.startswith(("PROJ_NO_DESC", "PROJ_NO_GRAPH"))
        assert problem.where is None or missing or (root / problem.where.file).exists(), problem
    assert isinstance(kind_of(root), str)


def test_no_file_is_no_graph():
    found = build_graph(Sources())
    assert found.problems == []
    assert found.graph.components == {}
