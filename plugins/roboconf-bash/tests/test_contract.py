"""The bash handler keeps what every lifecycle handler keeps."""

import shlex

import pytest

from roboconf_bash.handler import BashHandler
from roboconf_core.testing.installers import LifecycleHandlerContract


class TestBash(LifecycleHandlerContract):
    @pytest.fixture
    def handler(self):
        return BashHandler()

    def write_recipe(self, directory, programs):
        (directory / "scripts").mkdir()
        for action, program in programs.items():
            text = f"#!/usr/bin/env bash\nexec {shlex.quote(str(program))}\n"
            (directory / "scripts" / f"{action}.sh").write_text(text)


class TestTemplates(TestBash):
    """The same promises for recipes whose scripts are rendered."""

    def write_recipe(self, directory, programs):
        super().write_recipe(directory, programs)
        for script in (directory / "scripts").iterdir():
            script.rename(f"{script}.j2")


class TestActionTemplates(TestBash):
    """The same promises for recipes that have action templates."""

    def write_recipe(self, directory, programs):
        (directory / "roboconf-templates").mkdir()
        for action, program in programs.items():
            text = f"#!/usr/bin/env bash\nexec {shlex.quote(str(program))}\n"
            (directory / "roboconf-templates" / f"{action}.template").write_text(text)
