"""What agents load of the built-in transports is light."""

import subprocess
import sys

HEAVY = (
    "sqlalchemy",
    "httpx",
    "pydantic",
    "fastapi",
    "starlette",
    "uvicorn",
    "typer",
    "lark",
    "jinja2",
    "rich",
    "asyncio",
)


def modules_after(*imports):
    code = ";".join([*(f"import {name}" for name in imports), "import sys", "sys.stdout.write(' '.join(sys.modules))"])
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.split()


def test_the_plugin_loads_neither_side():
    loaded = modules_after("roboconf_core.builtin.plugin")
    assert not [name for name in loaded if name.split(".")[0] in (*HEAVY, "websockets")]
    assert "roboconf_core.builtin.hub.router" not in loaded


def test_the_agents_side_loads_the_websocket_library_and_nothing_of_the_hub():
    loaded = modules_after("roboconf_core.builtin.plugin", "roboconf_core.builtin.http.client")
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]
    ours = {name for name in loaded if name.startswith("roboconf_core.builtin.hub.")}
    assert ours == {"roboconf_core.builtin.hub.outbox", "roboconf_core.builtin.hub.requests"}
