"""Templates of recipes: Jinja2 files before each action, Mustache files as actions."""

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_bash.handler import BashHandler
from roboconf_bash.templates import mustache_values
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import Difference, Import
from roboconf_core.messages.types import ImportSpec
from roboconf_core.model.lifecycle import Action
from roboconf_core.testing.installers import action_context

DBS = tuple(
    Import(prefix="Db", path=f"/vm/db{n}", component="Mysql", variables={"ip": f"10.0.0.{n}", "port": "3306"})
    for n in (1, 2)
)


@pytest.fixture
def recipe(tmp_path):
    directory = tmp_path / "app"
    directory.mkdir()

    def write(name, text):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    write.directory = directory
    return write


@pytest.fixture
def run(recipe):
    """Prepare an action, with two imports unless told otherwise; before the first one, the recipe is deployed."""
    handler = BashHandler()
    deployed = []

    def prepare(action=Action.START, *, imports=DBS, **changes):
        context = replace(action_context(recipe.directory, action, imports=imports), **changes)
        specs = (ImportSpec(prefix="Db", names=("Db.*",), optional=False),)
        instance = replace(context.instance, imports=specs)
        if not deployed:
            deployed.append(handler.initialize(context))
        return handler.command_for(replace(context, instance=instance))

    return prepare


def test_a_template_is_rendered_to_the_name_without_its_suffix_anywhere_in_the_recipe(recipe, run):
    for name in ("a.conf.j2", "files/b.conf.j2", "scripts/deep/c.j2"):
        recipe(name, "port={{ exports.port }}\n")
    run()
    for name in ("a.conf", "files/b.conf", "scripts/deep/c"):
        assert (recipe.directory / name).read_text() == "port=8080\n"


def test_a_template_sees_all_that_an_action_may_know(recipe, run):
    recipe(
        "all.j2",
        "{{ action }} {{ application }} {{ instance.name }} {{ instance.path }} {{ instance.component }}\n"
        "{% for db in imports.Db %}{{ db.prefix }} {{ db.path }} {{ db.component }} {{ db.ip }}:{{ db.port }}\n{% endfor %}"
        "{% for one in ancestors %}{{ one.path }} {{ one.component }} {{ one.exports.ip }}\n{% endfor %}"
        "{{ difference.joined | length }} {{ difference.left[0].path }} {{ difference.changed | length }}\n"
        "{{ pid_file }} {{ files_dir }}",
    )
    run(Action.UPDATE, difference=Difference(joined=DBS[1:], left=DBS[:1]))
    assert (recipe.directory / "all").read_text().splitlines() == [
        "update contract app /vm/app App",
        "Db /vm/db1 Mysql 10.0.0.1:3306",
        "Db /vm/db2 Mysql 10.0.0.2:3306",
        "/vm Vm 127.0.0.1",
        "1 /vm/db1 0",
        f"{recipe.directory}.pid {recipe.directory}/files",
    ]


def test_variables_named_like_something_else_are_still_within_reach(recipe, run):
    recipe("a.j2", "{{ imports.Db[0].path }} {{ imports.Db[0].variables.path }}")
    odd = Import(prefix="Db", path="/vm/db", component="Mysql", variables={"path": "/data"})
    run(imports=(odd,))
    assert (recipe.directory / "a").read_text() == "/vm/db /data"


def test_a_declared_prefix_without_imports_is_an_empty_list(recipe, run):
    recipe("a.j2", "{% for db in imports.Db %}x{% else %}none{% endfor %}")
    run(imports=())
    assert (recipe.directory / "a").read_text() == "none"


def test_the_mode_of_a_template_is_kept(recipe, run):
    recipe("secret.j2", "x").chmod(0o600)
    recipe("tool.j2", "x").chmod(0o755)
    run()
    assert stat.S_IMODE((recipe.directory / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((recipe.directory / "tool").stat().st_mode) == 0o755


def test_values_are_not_escaped_and_the_last_line_end_stays(recipe, run):
    recipe("a.j2", "{{ exports.ip }}\n")
    run(instance=replace(action_context(recipe.directory).instance, exports={"App.ip": "<&'\"é>"}))
    assert (recipe.directory / "a").read_text() == "<&'\"é>\n"


def test_a_value_that_looks_like_a_template_is_text(recipe, run):
    recipe("a.j2", "{{ exports.ip }}")
    run(instance=replace(action_context(recipe.directory).instance, exports={"App.ip": "{{ 7 * 7 }}"}))
    assert (recipe.directory / "a").read_text() == "{{ 7 * 7 }}"


def test_a_file_that_would_not_change_is_left_alone(recipe, run):
    recipe("a.j2", "{{ exports.port }}")
    run()
    before = (recipe.directory / "a").stat()
    run()
    after = (recipe.directory / "a").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_changed_file_is_replaced_at_once(recipe, run):
    recipe("a.j2", "{{ imports.Db | length }}")
    run()
    with (recipe.directory / "a").open() as reader:
        run(Action.UPDATE, imports=DBS[:1])
        assert reader.read() == "2"
    assert (recipe.directory / "a").read_text() == "1"
    assert sorted(path.name for path in recipe.directory.iterdir()) == [".roboconf", "a", "a.j2"]


def test_a_link_in_place_of_the_rendered_file_is_not_written_through(recipe, run, tmp_path):
    (tmp_path / "precious").write_text("gold")
    recipe("a.j2", "lead")
    (recipe.directory / "a").symlink_to(tmp_path / "precious")
    run()
    assert (tmp_path / "precious").read_text() == "gold"
    assert (recipe.directory / "a").read_text() == "lead"


def test_what_a_service_writes_after_the_deployment_is_no_template_of_the_recipe(recipe, run):
    recipe("a.j2", "{{ exports.port }}")
    run(Action.DEPLOY)
    recipe("data/of-a-user.j2", "{{ nonsense")
    run()
    assert (recipe.directory / "a").read_text() == "8080"
    (recipe.directory / "a.j2").unlink()
    run()
    assert not (recipe.directory / "data" / "of-a-user").exists()


def test_a_recipe_without_templates_gets_none_later(recipe, run):
    recipe("scripts/start.sh", "#!/bin/sh")
    run(Action.DEPLOY)
    recipe("data/of-a-user.j2", "{{ nonsense")
    run()
    assert sorted(path.name for path in recipe.directory.iterdir()) == ["data", "scripts"]


def test_hidden_files_and_links_are_no_templates(recipe, run, tmp_path):
    recipe(".hidden.j2", "x")
    recipe(".git/b.j2", "x")
    (tmp_path / "c.j2").write_text("x")
    (recipe.directory / "c.j2").symlink_to(tmp_path / "c.j2")
    run()
    assert {path.name for path in recipe.directory.rglob("*")} == {".hidden.j2", ".git", "b.j2", "c.j2"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("one\ntwo {{ nothing }}\n", r"conf/a\.j2:2: 'nothing' is undefined"),
        ("\n\n{{ imports.Db[0].prot }}", r"conf/a\.j2:3: .*prot"),
        ("{% for x in %}", r"conf/a\.j2:1: "),
        ("one\n{{ 1 / 0 }}", r"conf/a\.j2:2: division by zero"),
        ("{{ 'a' + 1 }}", r"conf/a\.j2:1: "),
        ("{% include 'gone.j2' %}", r"conf/a\.j2:1: .*gone\.j2"),
        ("{% include '../../../etc/passwd' %}", r"conf/a\.j2:1: "),
        ("\n{{ ''.__class__.__mro__ }}", r"conf/a\.j2:2: .*unsafe"),
        ("{{ range(10 ** 9) | list }}", r"conf/a\.j2:1: .*range"),
    ],
)
def test_a_template_that_fails_is_named_with_its_line(recipe, run, text, place):
    recipe("conf/a.j2", text)
    with pytest.raises(LifecycleError, match=place):
        run()


def test_a_fault_in_an_included_template_is_placed_there(recipe, run):
    recipe("part.j2", "\n\n{% broken %}")
    recipe("a.j2", "{% include 'part.j2' %}")
    with pytest.raises(LifecycleError, match=r"part\.j2:3: .*broken"):
        run()


def test_a_template_that_is_no_text_is_named(recipe, run):
    recipe("a.j2", "").write_bytes(b"\xff\xfe")
    with pytest.raises(LifecycleError, match=r"a\.j2"):
        run()


@pytest.mark.parametrize("action", [Action.DEPLOY, Action.STOP, Action.UNDEPLOY])
def test_what_asks_for_missing_imports_waits_for_them(recipe, run, action):
    recipe("a.j2", "{{ imports.Db[0].ip }}")
    recipe("b.j2", "{{ exports.port }}")
    recipe(f"scripts/{action}.sh", "#!/bin/sh\n")
    assert run(action, imports=()) is not None
    assert not (recipe.directory / "a").exists()
    assert (recipe.directory / "b").exists()
    run(Action.START)
    run(action, imports=())
    assert (recipe.directory / "a").read_text() == "10.0.0.1"


@pytest.mark.parametrize("action", [Action.START, Action.UPDATE])
def test_a_start_or_update_never_runs_with_half_a_configuration(recipe, run, action):
    recipe("a.j2", "{{ imports.Db[0].ip }}")
    with pytest.raises(LifecycleError, match=r"a\.j2:1"):
        run(action, imports=())


def test_a_script_that_cannot_be_rendered_is_an_error_unless_it_was_before(recipe, run):
    recipe("scripts/stop.sh.j2", "#!/bin/sh\necho {{ imports.Db[0].ip }}\n")
    with pytest.raises(LifecycleError, match=r"scripts/stop\.sh\.j2:2"):
        run(Action.STOP, imports=())
    run(Action.START)
    assert run(Action.STOP, imports=()).argv == (str(recipe.directory / "scripts" / "stop.sh"),)


def test_status_renders_nothing_but_itself(recipe, run):
    recipe("a.j2", "{{ exports.port }}")
    recipe("scripts/status.sh.j2", "#!/bin/sh\nexit {{ imports.Db | length }}\n")
    run(Action.STATUS)
    assert not (recipe.directory / "a").exists()
    assert (recipe.directory / "scripts" / "status.sh").exists()


# --- Mustache


def test_an_action_template_sees_the_imports_as_the_original_gave_them(recipe, run):
    recipe(
        "roboconf-templates/update.template",
        "#!/bin/sh\n{{#importLists}}# {{prefix}}\n{{#imports}}{{#exportedVars}}echo {{name}} {{{value}}}\n"
        "{{/exportedVars}}{{/imports}}{{/importLists}}",
    )
    (script,) = run(Action.UPDATE).argv
    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout.splitlines() == [
        "Db.ip 10.0.0.1",
        "Db.port 3306",
        "Db.ip 10.0.0.2",
        "Db.port 3306",
    ]


def test_values_are_escaped_as_html_unless_the_template_says_otherwise(recipe, run):
    recipe(
        "roboconf-templates/start.template",
        "#!/bin/sh\n"
        + "{{#importLists}}{{#imports}}{{#exportedVars}}{{value}} {{{value}}}{{/exportedVars}}{{/imports}}{{/importLists}}",
    )
    odd = Import(prefix="Db", path="/db", component="Db", variables={"ip": "<&>"})
    (script,) = run(imports=(odd,)).argv
    assert Path(script).read_text().splitlines()[1] == "&lt;&amp;&gt; <&>"


def test_the_lists_are_sorted_and_grouped():
    values = mustache_values((*DBS[::-1], Import(prefix="A", path="/a", component="A", variables={})))
    assert [one["prefix"] for one in values["importLists"]] == ["A", "Db"]
    assert values["importLists"][1]["imports"][0]["exportedVars"][0] == {"name": "Db.ip", "value": "10.0.0.1"}


def test_the_default_template_serves_every_action_but_status(recipe, run):
    recipe("roboconf-templates/default.template", "#!/bin/sh\n")
    recipe("roboconf-templates/stop.template", "#!/bin/sh\n# stop\n")
    for action in Action:
        supported = BashHandler().supports(action, recipe.directory)
        command = run(action)
        assert supported == (command is not None) == (action is not Action.STATUS)
        if command is not None:
            assert ("# stop" in Path(command.argv[0]).read_text()) == (action is Action.STOP)


def test_a_script_is_preferred_to_a_template(recipe, run):
    recipe("roboconf-templates/start.template", "#!/bin/sh\n")
    recipe("scripts/start-it.sh", "#!/bin/sh\n")
    assert run().argv == (str(recipe.directory / "scripts" / "start-it.sh"),)


def test_partials_come_from_the_templates_directory_only(recipe, run, tmp_path):
    (tmp_path / "outside.template").write_text("echo outside")
    recipe("roboconf-templates/hello.template", "echo hello")
    recipe("roboconf-templates/start.template", "#!/bin/sh\n{{> hello}}\n{{> ../../outside}}\n")
    (script,) = run().argv
    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout == "hello\n"


@pytest.mark.parametrize("text", ["{{#open}}", "{{/closed}}", "{{> start}}"])
def test_an_action_template_that_is_not_valid_is_named(recipe, run, text):
    recipe("roboconf-templates/start.template", text)
    with pytest.raises(LifecycleError, match=r"roboconf-templates/start\.template"):
        run()


def test_an_action_template_runs_in_the_scripts_directory_if_there_is_one(recipe, run):
    recipe("roboconf-templates/start.template", "#!/bin/sh\n")
    assert run().directory == recipe.directory
    recipe("scripts/lib.sh", "")
    assert run().directory == recipe.directory / "scripts"


def test_a_recipe_without_templates_loads_no_template_library(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "start.sh").write_text("#!/bin/sh\n")
    program = f"""
import sys
from pathlib import Path
from roboconf_bash.handler import BashHandler
from roboconf_core.hooks.lifecycle import ActionContext
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.messages.types import InstanceSpec
from roboconf_core.model.lifecycle import Action
assert load_plugins().installer("bash").supports(Action.START, Path({str(tmp_path)!r}))
instance = InstanceSpec(id="1", path="/a", component="A", installer="bash", parent="", exports={{}})
context = ActionContext(action=Action.START, application="x", instance=instance, directory=Path({str(tmp_path)!r}), pid_file=Path("/p"))
assert BashHandler().command_for(context)
print(sorted({{"jinja2", "chevron", "pydantic", "sqlalchemy", "lark", "typer"}} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
