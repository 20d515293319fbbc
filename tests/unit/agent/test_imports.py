"""The agent runs on every machine: what it imports is an allow-list."""

from __future__ import annotations

import json
import subprocess
import sys

from roboconf_core.agent import shim

ALLOWED = {"roboconf_core", "pluggy", "__main__", "sitecustomize", "usercustomize"}
"""Besides the standard library, with what distributions and users add to its start. The transport in use adds its own
library, jinja2 comes on first use."""

OURS = (
    "roboconf_core.agent",
    "roboconf_core.hooks",
    "roboconf_core.messages",
    "roboconf_core.model",
    "roboconf_core.errors",
)


def modules_after(code):
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return json.loads(found.stdout)


def strangers(modules, allowed):
    tops = {name.partition(".")[0] for name in modules}
    return {name for name in tops - allowed - sys.stdlib_module_names if not name.startswith(("_", "roboconf_"))}


def test_agent_imports_the_standard_library_and_pluggy_only():
    modules = modules_after("import roboconf_core.agent.process")
    assert strangers(modules, ALLOWED) == set()
    rooms = {name for name in modules if name.startswith("roboconf_core.")}
    assert {name for name in rooms if not name.startswith(OURS)} == set()


def test_plugins_bring_nothing_else_until_they_are_used():
    modules = modules_after("import roboconf_core.agent.process as p\np.load_plugins()")
    assert strangers(modules, ALLOWED) == set()
    assert {name for name in modules if name.startswith(("roboconf_core.dsl", "roboconf_core.dm"))} == set()


def test_shim_imports_next_to_nothing():
    code = f"exec(compile(open({shim.__file__!r}).read(), 'shim', 'exec'), {{'__name__': 'shim'}})"
    assert added_to_a_bare_interpreter(code) <= {"__future__", "_signal", "_socket"}


def added_to_a_bare_interpreter(code):
    program = f"import os, sys, time\nbare = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - bare))"
    found = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True)
    return set(found.stdout.split())
