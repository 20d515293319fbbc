"""The local target keeps what every target handler keeps."""

from pathlib import Path
from typing import ClassVar

import pytest

from roboconf_core.testing.targets import TargetHandlerContract
from roboconf_local.handler import LocalTarget
from roboconf_local.processes import argv_of, mark_of


class TestLocal(TargetHandlerContract):
    @pytest.fixture(autouse=True)
    def home(self, tmp_path):
        self.home = str(tmp_path)

    def make_handler(self):
        return LocalTarget(grace_s=0.5, agent_grace_s=0.5)

    def existing(self):
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return {mark_of(pid) for pid in pids if any(self.home in word for word in argv_of(pid))} - {None}


class TestPool(TestLocal):
    """The same promises for machines with addresses of their own."""

    properties: ClassVar = {"local.address": "pool"}
