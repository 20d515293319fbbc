"""What every lifecycle handler keeps, as tests to inherit, and a fake that does as it is told."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import ActionContext, Command, Difference, Import, LifecycleHandler
from roboconf_core.messages.types import ImportSpec, InstanceSpec
from roboconf_core.model.lifecycle import Action
from roboconf_core.testing.commands import Probes, Session, end_within, files_below, probes, run_command

_MACHINE = "rbcf-contract"
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})


def action_context(
    directory: Path,
    action: Action = Action.START,
    *,
    path: str = "/vm/app",
    exports: Mapping[str, str] | None = None,
    imports: tuple[Import, ...] = (),
    difference: Difference | None = None,
    machine_id: str = _MACHINE,
) -> ActionContext:
    """Return a context as the agent makes it: an instance of ``App`` on a machine of ``Vm``.

    Args:
        directory: The instance's directory, with the recipe in it.
        action: What is to be done.
        path: Instance path.
        exports: Full name (``App.port``) to value; an address and a port by default.
        imports: What the instance imports.
        difference: How that differs from before; for ``update``.
        machine_id: Mark of the machine's processes.
    """
    machine = InstanceSpec(
        id="1", path="/vm", component="Vm", installer="target", parent="", exports={"Vm.ip": "127.0.0.1"}
    )
    prefixes = sorted({one.prefix for one in imports})
    instance = InstanceSpec(
        id="2",
        path=path,
        component="App",
        installer="contract",
        parent="/vm",
        exports=dict({"App.ip": "127.0.0.1", "App.port": "8080"} if exports is None else exports),
        imports=tuple(ImportSpec(prefix=prefix, names=(f"{prefix}.*",), optional=False) for prefix in prefixes),
    )
    return ActionContext(
        action=action,
        application="contract",
        instance=instance,
        ancestors=(machine,),
        imports=imports,
        difference=difference or Difference(),
        directory=directory,
        pid_file=directory.parent / f"{directory.name}.pid",
        machine_id=machine_id,
    )


class LifecycleHandlerContract:
    """Promises of every lifecycle handler; subclass it, override ``handler`` and ``write_recipe``.

    Each test is one promise, and tells by its name which one was broken.
    """

    patience_s: ClassVar[float] = 20.0
    """How long a program may take to begin; only reached when a promise is broken."""

    @pytest.fixture
    def handler(self) -> LifecycleHandler:
        """Return the handler under test."""
        pytest.fail("override the fixture 'handler'")

    def write_recipe(self, directory: Path, programs: Mapping[Action, Path]) -> None:
        """Write a recipe whose actions run these programs, with the environment that the handler builds."""
        pytest.fail("override the method 'write_recipe'")

    @pytest.fixture
    def probes(self, tmp_path: Path) -> Iterator[Probes]:
        """Lend programs that tell that they run."""
        with probes(tmp_path / "probes") as made:
            yield made

    def recipe(self, handler: LifecycleHandler, directory: Path, programs: Mapping[Action, Path]) -> ActionContext:
        """Write a recipe, initialize it, and return the context of its ``start``."""
        directory.mkdir(parents=True)
        self.write_recipe(directory, programs)
        context = action_context(directory, Action.DEPLOY)
        handler.initialize(context)
        return replace(context, action=Action.START)

    def ask(self, handler: LifecycleHandler, context: ActionContext, probes: Probes) -> Command:
        """Return the command for a recipe that hangs, unless the handler waits for it."""
        done, ended = os.pipe()
        commands: list[Command | None] = []

        def ask() -> None:
            with os.fdopen(ended, "wb"):
                commands.append(handler.command_for(context))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        told = probes.told_within(self.patience_s, done)
        in_time = bool(select.select([done], [], [], 0.0)[0])
        probes.end_all()
        asking.join(self.patience_s)
        os.close(done)
        assert not told, "the recipe ran before the agent ran it"
        assert in_time, f"no command after {self.patience_s:g} s"
        assert commands, "asking for the command failed"
        return _present(commands[0], context)

    # --- names and recipes

    def test_it_has_distinct_installer_names_in_lower_case(self, handler: LifecycleHandler) -> None:
        """An installer is looked up without regard to case."""
        names = handler.names
        assert names
        assert all(name and name == name.lower().strip() for name in names)
        assert len(set(names)) == len(names)

    def test_it_says_what_it_is_for(self, handler: LifecycleHandler) -> None:
        """``roboconf plugin show`` prints it."""
        assert handler.purpose.strip()

    def test_a_recipe_without_the_action_is_legal(self, handler: LifecycleHandler, tmp_path: Path) -> None:
        """An action that the recipe does not have succeeds without running anything."""
        (tmp_path / "empty").mkdir()
        context = action_context(tmp_path / "empty", Action.DEPLOY)
        handler.initialize(context)
        for action in Action:
            assert not handler.supports(action, context.directory)
            assert handler.command_for(replace(context, action=action)) is None

    def test_it_tells_which_actions_a_recipe_has(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """``status`` decides whether an instance is polled."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        assert handler.supports(Action.START, context.directory)
        assert not handler.supports(Action.STATUS, context.directory)

    def test_asking_what_a_recipe_has_changes_nothing(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """The directory may be the user's own, or a cache."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        before = files_below(context.directory)
        for action in Action:
            handler.supports(action, context.directory)
        assert files_below(context.directory) == before

    # --- what is run

    def test_the_program_runs_and_its_exit_status_counts(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """A program that succeeds is a success, one that fails is a failure."""
        programs = {Action.START: probes.program(), Action.STOP: probes.program(exit_status=3)}
        context = self.recipe(handler, tmp_path / "app", programs)
        for action, succeeds in ((Action.START, True), (Action.STOP, False)):
            command = _command(handler, replace(context, action=action))
            finished = run_command(command, machine_id=_MACHINE)
            assert probes.told_within(self.patience_s), f"the program did not run: {finished}"
            assert (finished.exit_status in command.success) is succeeds, finished

    def test_the_command_is_absolute_and_runs_below_the_instance(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """Neither depends on where the agent was started."""
        command = _command(handler, self.recipe(handler, tmp_path / "app", {Action.START: probes.program()}))
        assert Path(command.argv[0]).is_absolute()
        assert command.directory.is_absolute()
        assert command.directory.is_dir()
        assert command.directory.resolve().is_relative_to((tmp_path / "app").resolve())

    def test_no_value_is_ever_read_by_a_shell(self, handler: LifecycleHandler, tmp_path: Path, probes: Probes) -> None:
        """Values come from anywhere: what looks like a command in one must stay text."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        trap = tmp_path / "trap"
        texts = (
            f"$(touch '{trap}')",
            f"'; touch '{trap}'; '",
            f"\"; touch '{trap}' #",
            f"`touch '{trap}'`",
            f"\n touch {trap}\n",
        )
        for text in texts:
            exports = {"App.ip": text, "App.port": text}
            imports = (Import(prefix="Db", path="/vm/db", component="Db", variables={"ip": text}),)
            hostile = replace(context, instance=replace(context.instance, exports=exports), imports=imports)
            for one in (hostile, replace(hostile, action=Action.UPDATE, difference=Difference(joined=imports))):
                try:
                    command = handler.command_for(one)
                except LifecycleError:
                    continue  # refusing is safe
                if command is not None:
                    run_command(command, machine_id=_MACHINE)
                assert not trap.exists(), f"{text!r} was run as a command"

    def test_no_shell_string_is_built_from_a_path(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """Names of instances become directories; they may hold spaces and quotes."""
        directory = tmp_path / "it's a $(touch trap) dir"
        context = self.recipe(handler, directory, {Action.START: probes.program()})
        command = _command(handler, context)
        finished = run_command(command, machine_id=_MACHINE)
        assert probes.told_within(self.patience_s), f"the program did not run: {finished}"
        assert finished.exit_status in command.success, finished
        assert "-c" not in command.argv or Path(command.argv[0]).name not in _SHELLS
        assert not [path for path in tmp_path.rglob("trap") if path.is_file()]

    # --- environment

    def environment(self, handler: LifecycleHandler, context: ActionContext, probes: Probes) -> Mapping[str, str]:
        """Return the environment that the recipe's program sees."""
        finished = run_command(_command(handler, context), machine_id=_MACHINE)
        told = probes.told_within(self.patience_s)
        assert told, f"the program did not run: {finished}"
        environment: Mapping[str, str] = told[0]["environment"]
        return environment

    def test_programs_carry_the_machine_id_and_know_their_pid_file(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """The one finds what a machine left running, the other is watched."""
        environment = self.environment(
            handler, self.recipe(handler, tmp_path / "app", {Action.START: probes.program()}), probes
        )
        assert environment.get("ROBOCONF_MACHINE_ID") == _MACHINE
        assert environment.get("ROBOCONF_PID_FILE") == str(tmp_path / "app.pid")

    def test_an_exported_variable_cannot_change_what_is_loaded(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """Whoever may set a variable of an instance must not choose what runs on its machine."""
        names = ("PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "IFS", "PYTHONPATH", "ROBOCONF_MACHINE_ID")
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        exports = {f"App.{name}": "/hostile" for name in names}
        environment = self.environment(
            handler, replace(context, instance=replace(context.instance, exports=exports)), probes
        )
        assert [name for name in names if environment.get(name) == "/hostile"] == []

    def test_a_value_that_no_environment_can_carry_is_refused(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """A NUL would end the agent's attempt with an error that nobody understands."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        spoilt = replace(context, instance=replace(context.instance, exports={"App.ip": "127\0.0.0.1"}))
        try:
            command = _command(handler, spoilt)
        except LifecycleError:
            return
        assert not any("\0" in text for pair in command.environment.items() for text in pair)
        assert not any("\0" in text for text in command.argv)

    # --- time

    def test_asking_for_a_command_does_not_run_the_recipe(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """Only what the agent runs itself can be timed out, cancelled and taken up again."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program(hangs=True)})
        self.ask(handler, context, probes)

    def test_a_time_out_ends_every_process_of_the_action(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """The agent ends the session of the program; nothing may have left it."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program(hangs=True)})
        session = Session(self.ask(handler, context, probes), machine_id=_MACHINE, output=tmp_path)
        try:
            (told,) = probes.told_within(self.patience_s)
        finally:
            session.end()
        assert end_within((told["pid"], *told["children"]), self.patience_s), "processes outlived their action"

    # --- one object for all instances

    def test_asking_again_gives_the_same_command(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """An agent that was restarted asks again."""
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        assert _command(handler, context) == _command(handler, context)

    def test_one_instance_learns_nothing_of_another(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """One object serves all instances of an agent: it keeps nothing of any."""
        programs = {Action.START: probes.program()}
        first = self.recipe(handler, tmp_path / "one", programs)
        alone = _command(handler, first)
        second = self.recipe(handler, tmp_path / "two", programs)
        other = replace(second.instance, path="/vm/two", exports={"App.other": "secret"})
        _command(handler, replace(second, instance=other))
        assert _command(handler, first) == alone

    def test_several_threads_may_ask_at_once(self, handler: LifecycleHandler, tmp_path: Path, probes: Probes) -> None:
        """Actions of different instances run side by side."""
        programs = {Action.START: probes.program()}
        contexts = []
        for index in range(8):
            context = self.recipe(handler, tmp_path / f"app-{index}", programs)
            exports = {"App.port": str(index)}
            contexts.append(replace(context, instance=replace(context.instance, path=f"/vm/{index}", exports=exports)))
        one_by_one = [_command(handler, context) for context in contexts]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda context: _command(handler, context), contexts)) == one_by_one

    def test_the_agent_itself_is_left_alone(self, handler: LifecycleHandler, tmp_path: Path, probes: Probes) -> None:
        """Its environment and working directory are shared by all instances."""
        before = dict(os.environ), Path.cwd(), threading.active_count()
        context = self.recipe(handler, tmp_path / "app", {Action.START: probes.program()})
        for action in Action:
            handler.supports(action, context.directory)
            handler.command_for(replace(context, action=action))
        assert (dict(os.environ), Path.cwd(), threading.active_count()) == before

    def test_nothing_is_written_outside_the_instance(
        self, handler: LifecycleHandler, tmp_path: Path, probes: Probes
    ) -> None:
        """What an instance leaves is removed with its directory."""
        context = self.recipe(handler, tmp_path / "machine" / "app", {Action.START: probes.program()})
        for action in Action:
            handler.command_for(replace(context, action=action))
        assert [path.name for path in (tmp_path / "machine").iterdir()] == ["app"]


def _command(handler: LifecycleHandler, context: ActionContext) -> Command:
    return _present(handler.command_for(context), context)


def _present(command: Command | None, context: ActionContext) -> Command:
    assert command is not None, f"the recipe has the action {context.action}, but there is no command"
    return command
