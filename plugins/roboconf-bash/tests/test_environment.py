"""Every variable that a script is given: pure cases, nothing is run."""

from dataclasses import replace
from pathlib import Path

import pytest

from roboconf_bash.environment import clean_path, environment_for, escaped, is_reserved, local_exports
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import ActionContext, Difference, Import
from roboconf_core.messages.types import InstanceSpec
from roboconf_core.model.lifecycle import Action


def spec(path="/vm 1/server", component="Server", **exports):
    full = {f"{component}.{name}": value for name, value in exports.items()}
    return InstanceSpec(id="7", path=path, component=component, installer="bash", parent="/vm 1", exports=full)


def context(action=Action.START, **changes):
    base = ActionContext(
        action=action,
        application="lamp",
        instance=spec(),
        directory=Path("/srv/server"),
        pid_file=Path("/state/server.pid"),
        machine_id="rbcf-1",
    )
    return replace(base, **changes)


def tomcat(path, prefix="Tomcat", component="Tomcat", **variables):
    return Import(prefix=prefix, path=path, component=component, variables=variables)


TOMCATS = (tomcat("/b/Tomcat", ip="10.0.0.2", portAJP="8010"), tomcat("/a/Tomcat", ip="10.0.0.1", portAJP="8009"))


def test_the_instance_is_named_in_every_form():
    assert environment_for(context()) == {
        "ROBOCONF_ACTION": "start",
        "ROBOCONF_APPLICATION_NAME": "lamp",
        "ROBOCONF_INSTANCE_NAME": "server",
        "ROBOCONF_INSTANCE_PATH": "/vm 1/server",
        "ROBOCONF_COMPONENT_NAME": "Server",
        "ROBOCONF_CLEAN_INSTANCE_PATH": "vm_1_server",
        "ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH": "server_vm_1",
        "ROBOCONF_FILES_DIR": "/srv/server/files",
        "ROBOCONF_PID_FILE": "/state/server.pid",
        "ROBOCONF_MACHINE_ID": "rbcf-1",
    }


def test_a_machine_without_a_mark_leaves_the_inherited_one():
    assert "ROBOCONF_MACHINE_ID" not in environment_for(context(machine_id=""))


@pytest.mark.parametrize(
    ("path", "clean", "reverse"),
    [("/vm", "vm", "vm"), ("/vm 1/é-x/a.b", "vm_1___x_a_b", "a_b___x_vm_1"), ("/VM/Srv", "VM_Srv", "Srv_VM")],
)
def test_clean_paths_keep_letters_digits_and_case(path, clean, reverse):
    assert clean_path(path) == clean
    assert clean_path(path, reverse=True) == reverse


def test_exports_come_under_their_local_names():
    environment = environment_for(context(instance=spec(ip="10.0.0.9", port="80", empty="")))
    assert (environment["ip"], environment["port"], environment["empty"]) == ("10.0.0.9", "80", "")


def test_the_components_own_export_wins_over_one_of_a_facet():
    instance = replace(spec(), exports={"Server.port": "1", "Zone.port": "2", "Alpha.port": "3", "Zone.rack": "4"})
    assert local_exports(instance) == {"port": "1", "rack": "4"}


def test_a_name_that_a_shell_cannot_read_is_there_escaped_too():
    environment = environment_for(context(instance=spec(**{"max-clients": "5"})))
    assert environment["max_clients"] == "5"
    assert environment["max-clients"] == "5"


def test_a_real_name_wins_over_an_escaped_one():
    environment = environment_for(context(instance=spec(**{"a-b": "escaped", "a_b": "real"})))
    assert environment["a_b"] == "real"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("my-db", "my_db"),
        ("a--b", "a_b"),
        ("a.b c", "a_b_c"),
        ("9lives", "_9lives"),
        ("plain_1", "plain_1"),
        ("é", "_"),
    ],
)
def test_names_are_escaped_to_what_every_shell_reads(name, text):
    assert escaped(name) == text


def test_ancestors_are_named_by_component_and_the_nearest_wins():
    ancestors = (
        spec("/a/b", "Box", ip="near"),
        spec("/a", "Box", ip="far", rack="7"),
        spec("/", "my-Vm", **{"i-p": "x"}),
    )
    environment = environment_for(context(ancestors=ancestors))
    assert environment["ANCESTOR_Box_ip"] == "near"
    assert environment["ANCESTOR_Box_rack"] == "7"
    assert environment["ANCESTOR_my_Vm_i_p"] == "x"


def test_imports_are_counted_and_numbered_by_path():
    environment = environment_for(context(imports=TOMCATS))
    assert {name: value for name, value in environment.items() if name.startswith("Tomcat")} == {
        "Tomcat_size": "2",
        "Tomcat_0_name": "/a/Tomcat",
        "Tomcat_0_ip": "10.0.0.1",
        "Tomcat_0_portAJP": "8009",
        "Tomcat_1_name": "/b/Tomcat",
        "Tomcat_1_ip": "10.0.0.2",
        "Tomcat_1_portAJP": "8010",
    }


def test_the_order_in_which_imports_came_changes_nothing():
    assert environment_for(context(imports=TOMCATS)) == environment_for(context(imports=TOMCATS[::-1]))


def test_a_prefix_without_imports_is_absent():
    assert not [name for name in environment_for(context()) if name.startswith("Tomcat")]


def test_names_of_imports_are_escaped_and_there_as_they_were():
    environment = environment_for(context(imports=(tomcat("/db", "my-db", **{"i-p": "10.0.0.3"}),)))
    assert environment["my_db_size"] == environment["my-db_size"] == "1"
    assert environment["my_db_0_name"] == "/db"
    assert environment["my_db_0_i_p"] == environment["my-db_0_i-p"] == "10.0.0.3"


def test_an_imported_variable_called_name_is_what_name_gives():
    environment = environment_for(context(imports=(tomcat("/db", "Db", name="orders"),)))
    assert environment["Db_0_name"] == "orders"


def test_imports_win_over_exports_of_the_same_name():
    environment = environment_for(context(instance=spec(Tomcat_size="many"), imports=TOMCATS))
    assert environment["Tomcat_size"] == "2"


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.UPDATE])
def test_only_update_is_told_what_changed(action):
    environment = environment_for(context(action, imports=TOMCATS, difference=Difference(joined=TOMCATS)))
    assert not [name for name in environment if "CHANGED" in name or "UPDATE" in name or "JOINED" in name]


def update(**difference):
    return environment_for(context(Action.UPDATE, difference=Difference(**difference)))


def test_the_whole_difference_is_told():
    left, changed = tomcat("/c", ip="10.0.0.3"), tomcat("/d", "Db", "Mysql", port="3307")
    environment = update(joined=TOMCATS, left=(left,), changed=(changed,))
    kinds = ("ROBOCONF_JOINED_", "ROBOCONF_LEFT_", "ROBOCONF_CHANGED_")
    assert {name: value for name, value in environment.items() if name.startswith(kinds)} == {
        "ROBOCONF_JOINED_size": "2",
        "ROBOCONF_JOINED_0_prefix": "Tomcat",
        "ROBOCONF_JOINED_0_path": "/a/Tomcat",
        "ROBOCONF_JOINED_0_component": "Tomcat",
        "ROBOCONF_JOINED_0_ip": "10.0.0.1",
        "ROBOCONF_JOINED_0_portAJP": "8009",
        "ROBOCONF_JOINED_1_prefix": "Tomcat",
        "ROBOCONF_JOINED_1_path": "/b/Tomcat",
        "ROBOCONF_JOINED_1_component": "Tomcat",
        "ROBOCONF_JOINED_1_ip": "10.0.0.2",
        "ROBOCONF_JOINED_1_portAJP": "8010",
        "ROBOCONF_LEFT_size": "1",
        "ROBOCONF_LEFT_0_prefix": "Tomcat",
        "ROBOCONF_LEFT_0_path": "/c",
        "ROBOCONF_LEFT_0_component": "Tomcat",
        "ROBOCONF_LEFT_0_ip": "10.0.0.3",
        "ROBOCONF_CHANGED_size": "1",
        "ROBOCONF_CHANGED_0_prefix": "Db",
        "ROBOCONF_CHANGED_0_path": "/d",
        "ROBOCONF_CHANGED_0_component": "Mysql",
        "ROBOCONF_CHANGED_0_port": "3307",
    }


def test_the_sizes_are_there_when_nothing_differs_and_nothing_else_is():
    environment = update()
    assert (environment["ROBOCONF_JOINED_size"], environment["ROBOCONF_LEFT_size"]) == ("0", "0")
    assert "ROBOCONF_UPDATE_STATUS" not in environment
    assert not [name for name in environment if name.startswith("ROBOCONF_IMPORT_CHANGED")]


@pytest.mark.parametrize(
    ("difference", "status", "path"),
    [
        ({"joined": TOMCATS, "left": (tomcat("/0", ip="x"),)}, "DEPLOYED_STARTED", "/a/Tomcat"),
        ({"changed": TOMCATS, "left": (tomcat("/0", ip="x"),)}, "DEPLOYED_STARTED", "/a/Tomcat"),
        ({"left": TOMCATS}, "DEPLOYED_STOPPED", "/a/Tomcat"),
    ],
)
def test_one_change_is_told_as_the_original_did_with_its_variables(difference, status, path):
    environment = update(**difference)
    assert environment["ROBOCONF_UPDATE_STATUS"] == status
    assert environment["ROBOCONF_IMPORT_CHANGED_INSTANCE_PATH"] == path
    assert environment["ROBOCONF_IMPORT_CHANGED_COMPONENT"] == "Tomcat"
    assert environment["ROBOCONF_IMPORT_CHANGED_ip"] == "10.0.0.1"
    assert environment["ROBOCONF_IMPORT_CHANGED_portAJP"] == "8009"


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "HOME",
        "IFS",
        "ENV",
        "BASH_ENV",
        "SHELLOPTS",
        "LD_PRELOAD",
        "LD_AUDIT",
        "GCONV_PATH",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5LIB",
        "PERLLIB",
        "PERL5OPT",
        "RUBYOPT",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "ROBOCONF_PID_FILE",
        "ROBOCONF_MACHINE_ID",
        "ROBOCONF_ANYTHING",
    ],
)
def test_a_name_that_decides_what_runs_is_delivered_under_another(name):
    environment = environment_for(context(instance=spec(**{name: "/hostile"})))
    assert environment.get(name) != "/hostile"
    assert environment[f"ROBOCONF_EXPORT_{name}"] == "/hostile"


def test_an_escape_does_not_lead_to_a_reserved_name():
    environment = environment_for(context(instance=spec(**{"LD-PRELOAD": "/hostile.so", "BASH.ENV": "/hostile"})))
    assert not {"LD_PRELOAD", "BASH_ENV"} & set(environment)
    assert environment["ROBOCONF_EXPORT_LD_PRELOAD"] == "/hostile.so"


@pytest.mark.parametrize("name", ["path", "ip", "JAVA_HOME", "PATHS", "LD", "user", "pythonic"])
def test_ordinary_names_are_not_reserved(name):
    assert not is_reserved(name)


@pytest.mark.parametrize("name", ["x=y", "BASH_FUNC_ls%%", "a b", "a\nb", "x\0y", "ü", ""])
def test_what_is_no_name_is_never_a_name_in_the_environment(name):
    environment = environment_for(
        context(instance=spec(**{name: "() { :; }"}), imports=(tomcat("/a", name, **{name: "x"}),))
    )
    assert name not in environment
    assert all(text.isascii() and not set(text) & set("=\0\n% ") for text in environment)


@pytest.mark.parametrize("value", ["a\nb", "$(reboot)", "'; reboot; '", "é ☃", "", " x ", "() { :; }; reboot"])
def test_values_are_delivered_as_they_are(value):
    assert environment_for(context(instance=spec(ip=value)))["ip"] == value


@pytest.mark.parametrize(
    ("value", "reason"), [("a\0b", "NUL"), ("\ud800", "not valid text"), ("x" * 131072, "bytes long")]
)
def test_a_value_that_no_environment_can_carry_is_refused_by_name(value, reason):
    with pytest.raises(LifecycleError, match=r"'port'.*" + reason):
        environment_for(context(instance=spec(port=value)))
