"""A deployment manager in a process of its own, with a scripted target: ``python manager_program.py HOME [OPTION...]``.

The target makes no machines: it notes what was asked in ``calls`` of its machine directory.
Tests play the agents.
"""

import sys
from pathlib import Path

from roboconf_core.builtin import plugin as builtin
from roboconf_core.errors import RoboconfError
from roboconf_core.hooks.manager import load_plugins
from roboconf_core.hooks.properties import PropertySpec
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.hooks.targets import TargetHandler, Termination
from roboconf_core.rest.server import serve


class Scripted(TargetHandler):
    names = ("scripted",)
    properties = (PropertySpec(name="flavor", description="kind of machine", default="m1"),)

    def _note(self, machine, call):
        with (machine.directory / "calls").open("a") as calls:
            calls.write(f"{call}\n")

    def create_machine(self, machine):
        self._note(machine, "create")
        return f"scripted-{machine.generation}"

    def find_machine(self, machine):
        self._note(machine, "find")
        return f"scripted-{machine.generation}" if "create" in (machine.directory / "calls").read_text() else None

    def is_machine_running(self, machine, machine_id):
        return True

    def terminate_machine(self, machine, machine_id):
        self._note(machine, "terminate")
        return Termination()


class Plugin:
    @staticmethod
    @hookimpl
    def roboconf_target_handlers():
        return [Scripted()]


def main():
    options = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
    try:
        serve(
            Path(sys.argv[1]),
            port=int(options["--port"]) if "--port" in options else None,
            host=options.get("--host", "127.0.0.1"),
            plugins=load_plugins(entry_points=False, modules={"builtin": builtin, "scripted": Plugin}),
            ready=lambda info: print("ready", flush=True),  # noqa: T201 - the test waits for it
        )
    except RoboconfError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
