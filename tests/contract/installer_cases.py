"""A lifecycle handler that keeps its contract, and others that break it, each in one way.

Run by ``test_installer_suite_catches.py``, never collected by itself.
"""

import os
import subprocess
import threading
from dataclasses import replace

import pytest

from roboconf_core.hooks.lifecycle import Command, LifecycleHandler
from roboconf_core.testing.installers import LifecycleHandlerContract


class Kept(LifecycleHandler):
    """Runs the program that a link named after the action points to."""

    names = ("linked",)
    purpose = "Runs linked programs."

    def supports(self, action, directory):
        return (directory / action.value).is_symlink()

    def command_for(self, context):
        program = context.directory / context.action.value
        if not program.is_symlink():
            return None
        return Command(
            argv=self.argv(context, program), directory=context.directory, environment=self.environment(context)
        )

    def argv(self, context, program):
        return (str(program.absolute()),)

    def environment(self, context):
        exports = {f"APP_{name}": value.replace("\0", "") for name, value in context.instance.exports.items()}
        return exports | {"ROBOCONF_PID_FILE": str(context.pid_file)}


class KeptSuite(LifecycleHandlerContract):
    Broken = Kept

    @pytest.fixture
    def handler(self):
        return self.Broken()

    def write_recipe(self, directory, programs):
        for action, program in programs.items():
            (directory / action.value).symlink_to(program)


class TestKept(KeptSuite):
    pass


class TestNoNames(KeptSuite):
    class Broken(Kept):
        names = ("Linked", "linked")


class TestNoPurpose(KeptSuite):
    class Broken(Kept):
        purpose = ""


class TestInsistsOnEveryAction(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            program = context.directory / context.action.value
            return Command(argv=(str(program),), directory=context.directory, environment=self.environment(context))


class TestSupportsEverything(KeptSuite):
    class Broken(Kept):
        def supports(self, action, directory):
            return True


class TestPreparesWhenAsked(KeptSuite):
    class Broken(Kept):
        def supports(self, action, directory):
            (directory / "asked").touch()
            return super().supports(action, directory)


class TestSwallowsFailures(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            command = super().command_for(context)
            return command and replace(command, success=frozenset(range(256)))


class TestRelativeProgram(KeptSuite):
    class Broken(Kept):
        def argv(self, context, program):
            return (f"./{program.name}",)


class TestForeignDirectory(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            command = super().command_for(context)
            return command and replace(command, directory=context.directory.parent)


class TestShellStringOfValues(KeptSuite):
    class Broken(Kept):
        def argv(self, context, program):
            words = " ".join(f"'{value}'" for value in context.instance.exports.values())
            return ("/bin/sh", "-c", f'"{program}" {words}')


class TestShellStringOfImports(KeptSuite):
    class Broken(Kept):
        def argv(self, context, program):
            words = " ".join(f'"{value}"' for one in context.imports for value in one.variables.values())
            return ("/bin/sh", "-c", f'"$0" {words}', str(program))


class TestShellStringOfThePath(KeptSuite):
    class Broken(Kept):
        def argv(self, context, program):
            return ("/bin/sh", "-c", str(program))


class TestNoPidFile(KeptSuite):
    class Broken(Kept):
        def environment(self, context):
            return {}


class TestWashesTheEnvironment(KeptSuite):
    class Broken(Kept):
        def environment(self, context):
            return super().environment(context) | {"ROBOCONF_MACHINE_ID": ""}


class TestExportsReplaceAnything(KeptSuite):
    class Broken(Kept):
        def environment(self, context):
            bare = {name.partition(".")[2]: value.replace("\0", "") for name, value in context.instance.exports.items()}
            return super().environment(context) | bare


class TestNulInTheEnvironment(KeptSuite):
    class Broken(Kept):
        def environment(self, context):
            return super().environment(context) | {f"APP_{n}": v for n, v in context.instance.exports.items()}


class TestIgnoresTimeOutsByRunningItself(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            command = super().command_for(context)
            if command is None:
                return None
            environment = {**os.environ, **command.environment}
            status = subprocess.run(command.argv, cwd=command.directory, env=environment, check=False).returncode
            return replace(command, argv=("/bin/true" if status == 0 else "/bin/false",))


class TestIgnoresTimeOutsByAnotherSession(KeptSuite):
    patience_s = 2.0

    class Broken(Kept):
        def argv(self, context, program):
            return ("/usr/bin/setsid", "--wait", str(program))


class TestHangs(KeptSuite):
    patience_s = 2.0

    class Broken(Kept):
        def command_for(self, context):
            if "hang" in str((context.directory / context.action).resolve()):
                threading.Event().wait(3)
            return super().command_for(context)


class TestCounts(KeptSuite):
    class Broken(Kept):
        asked = 0

        def environment(self, context):
            self.asked += 1
            return super().environment(context) | {"ASKED": str(self.asked)}


class TestRemembersTheLastInstance(KeptSuite):
    class Broken(Kept):
        def __init__(self):
            self.seen = {}

        def environment(self, context):
            self.seen |= super().environment(context)
            return self.seen | super().environment(context)


class TestSharesOneContext(KeptSuite):
    class Broken(Kept):
        def __init__(self):
            self.barrier = threading.Barrier(2)

        def command_for(self, context):
            self.context = context
            if threading.current_thread() is not threading.main_thread():
                self.barrier.wait(3)
            return super().command_for(self.context)


class TestChangesTheAgent(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            os.environ["LAST_INSTANCE"] = context.instance.path
            return super().command_for(context)


class TestLeavesThreads(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            return super().command_for(context)


class TestWritesBesides(KeptSuite):
    class Broken(Kept):
        def command_for(self, context):
            (context.directory.parent / "last-action").write_text(context.action)
            return super().command_for(context)
