"""What the how-to pages say works as pasted."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

from roboconf_core.dsl.loader import load_application
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.model.settings import Settings, property_names, settings_from

DOCS = Path(__file__).parents[2] / "docs"
RECIPES = (DOCS / "how-to" / "recipes.md").read_text()
PLUGINS = (DOCS / "how-to" / "plugins.md").read_text()


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture
def hello(tmp_path):
    *files, _commands = blocks(RECIPES, "sh")
    subprocess.run(["bash", "-e", "-c", "\n".join(files)], cwd=tmp_path, check=True)
    return tmp_path / "hello"


def test_the_application_of_the_recipes_page_is_valid(hello):
    loaded = load_application(hello, check_recipe=load_plugins().check_recipe)
    assert loaded.problems == []
    assert set(loaded.resources) == {"VM", "Greeting", "Page"}


def test_every_script_of_the_recipes_page_is_bash(hello):
    scripts = [*hello.rglob("*.sh")]
    assert len(scripts) == 5
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
    for text in blocks(RECIPES, "bash"):
        subprocess.run(["bash", "-n", "-c", text], check=True)


def test_the_recipes_page_tells_every_setting_with_its_default():
    told = {}
    for row in re.findall(r"^\| `([a-z.]+`(?:, `[a-z.]+`)*) \| (.+?) \|", RECIPES, re.MULTILINE):
        names = row[0].replace("`", "").split(", ")
        told |= dict(zip(names, row[1].split(", "), strict=True))
    defaults = {field.name: field.default for field in fields(Settings)}
    assert set(told) == set(property_names())
    settings, problems = settings_from(told)
    assert problems == []
    assert settings == Settings(**defaults)


def test_the_settings_shown_as_an_example_are_valid():
    (text,) = blocks(RECIPES, "properties")
    pairs = dict(line.split(" = ") for line in text.splitlines())
    assert settings_from(pairs)[1] == []


def plugin_of_the_manual():
    module = ModuleType("roboconf_python")
    exec(blocks(PLUGINS, "python")[0], module.__dict__)
    return module


sys.modules["roboconf_python"] = plugin_of_the_manual()
exec(blocks(PLUGINS, "python")[1], globals())  # the contract suite of the manual's plugin: class TestPython


def test_the_plugin_of_the_manual_is_loaded_and_described():
    plugins = load_plugins(entry_points=False, modules={"python": sys.modules["roboconf_python"]})
    (plugin,) = plugins.all
    assert plugin.problems == ()
    assert plugins.installer("python").purpose == "Recipes written in Python"
