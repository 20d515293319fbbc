"""Recipes run for real: bash reads what it is given."""

from dataclasses import replace

import pytest

from roboconf_bash.handler import BashHandler
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import Difference, Import
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.lifecycle import Action
from roboconf_core.testing.commands import run_command
from roboconf_core.testing.installers import action_context

WEBS = tuple(
    Import(prefix="web-app", path=f"/vm{n}/web", component="Web", variables={"ip": f"10.0.0.{n}"}) for n in range(1, 4)
)


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "app" / "scripts").mkdir(parents=True)

    def write(name, text):
        (tmp_path / "app" / "scripts" / name).write_text(text)
        return action_context(tmp_path / "app", Action(name.partition(".")[0]))

    return write


def run(context):
    handler = BashHandler()
    handler.initialize(context)
    return run_command(handler.command_for(context))


def test_it_is_offered_under_both_names():
    plugins = load_plugins()
    assert isinstance(plugins.installer("bash"), BashHandler)
    assert plugins.installer("Script") is plugins.installer("bash")


def test_a_script_reads_exports_imports_and_ancestors(recipe):
    context = recipe(
        "start.sh",
        "#!/usr/bin/env bash\nset -eu\n"
        'echo "$ip:$port on $ANCESTOR_Vm_ip"\n'
        "for ((i = 0; i < web_app_size; i++)); do name=web_app_${i}_name ip=web_app_${i}_ip; echo ${!name} ${!ip}; done\n",
    )
    finished = run(replace(context, imports=WEBS))
    assert finished.stderr == ""
    assert finished.stdout.splitlines() == [
        "127.0.0.1:8080 on 127.0.0.1",
        "/vm1/web 10.0.0.1",
        "/vm2/web 10.0.0.2",
        "/vm3/web 10.0.0.3",
    ]


def test_an_update_reads_what_joined_changed_and_left(recipe):
    context = recipe(
        "update.sh",
        "#!/usr/bin/env bash\nset -eu\n"
        'echo "+$ROBOCONF_JOINED_size -$ROBOCONF_LEFT_size ~$ROBOCONF_CHANGED_size"\n'
        'echo "$ROBOCONF_JOINED_0_path $ROBOCONF_JOINED_0_ip; $ROBOCONF_LEFT_0_path; $ROBOCONF_CHANGED_0_prefix"\n'
        'echo "$ROBOCONF_UPDATE_STATUS $ROBOCONF_IMPORT_CHANGED_INSTANCE_PATH $ROBOCONF_IMPORT_CHANGED_ip"\n',
    )
    difference = Difference(joined=WEBS[:1], left=WEBS[1:2], changed=WEBS[2:])
    assert run(replace(context, difference=difference)).stdout.splitlines() == [
        "+1 -1 ~1",
        "/vm1/web 10.0.0.1; /vm2/web; web-app",
        "DEPLOYED_STARTED /vm1/web 10.0.0.1",
    ]


def test_a_script_runs_beside_its_helpers_without_arguments(recipe):
    context = recipe("start.sh", '#!/usr/bin/env bash\nsource helper.sh\nhello "$#"\n')
    recipe("stop.sh", "")
    (context.directory / "scripts" / "helper.sh").write_text('hello() { echo "hello $1 from ${PWD##*/}"; }\n')
    assert run(context).stdout == "hello 0 from scripts\n"


def test_a_script_in_another_language_runs_by_its_first_line(recipe):
    context = recipe("start.py", "#!/usr/bin/env python3\nimport os\nprint('python', os.environ['port'])\n")
    assert run(context).stdout == "python 8080\n"


def test_a_script_without_a_first_line_runs_in_a_shell(recipe):
    assert run(recipe("start.sh", 'echo "port $port"\n')).stdout == "port 8080\n"


@pytest.mark.parametrize("status", [0, 1, 42])
def test_the_exit_status_is_the_scripts(recipe, status):
    assert run(recipe("stop.sh", f"#!/bin/sh\nexit {status}\n")).exit_status == status


def test_a_script_has_no_input_to_wait_for(recipe):
    assert run(recipe("deploy.sh", "#!/bin/sh\nread -r line || echo nothing\n")).stdout == "nothing\n"


@pytest.mark.parametrize("value", ["two words", "a\nb", "$(reboot) `id` \\ \"'", "é☃", "-n", "*"])
def test_a_value_reaches_the_script_as_it_is(recipe, value):
    context = recipe("start.sh", '#!/usr/bin/env bash\nprintf "[%s]" "$port"\n')
    exports = {"App.port": value}
    assert run(replace(context, instance=replace(context.instance, exports=exports))).stdout == f"[{value}]"


def test_an_exported_function_of_the_shellshock_kind_is_not_defined(recipe):
    context = recipe("start.sh", "#!/usr/bin/env bash\ndeclare -F\nls / >/dev/null\n")
    exports = {"App.BASH_FUNC_ls%%": "() { echo hostile; }", "App.x": "() { :; }; echo hostile"}
    assert run(replace(context, instance=replace(context.instance, exports=exports))).stdout == ""


def test_a_status_script_tells_whether_an_instance_is_polled(recipe):
    context = recipe("start.sh", "#!/bin/sh\n")
    assert not BashHandler().supports(Action.STATUS, context.directory)
    recipe("status.sh", "#!/bin/sh\n")
    assert BashHandler().supports(Action.STATUS, context.directory)


def test_an_environment_that_the_machine_cannot_carry_is_refused_with_a_hint(recipe, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 1000)
    context = recipe("start.sh", "#!/bin/sh\n")
    with pytest.raises(LifecycleError, match=r"this machine allows 1000.*\*\.j2"):
        BashHandler().command_for(context)


def test_a_thousand_imports_fit(recipe):
    context = recipe("start.sh", '#!/usr/bin/env bash\necho "$Web_size $Web_999_ip"\n')
    imports = tuple(
        Import(prefix="Web", path=f"/vm{n:04}/web", component="Web", variables={"ip": f"10.0.0.{n}", "port": "80"})
        for n in range(1000)
    )
    assert run(replace(context, imports=imports)).stdout == "1000 10.0.0.999\n"
