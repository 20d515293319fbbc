"""The lifecycle handler of the installers ``bash`` and ``script``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from roboconf_bash.environment import environment_for, total_bytes
from roboconf_bash.scripts import SCRIPTS, argv_for, make_all_executable, make_executable, script_for
from roboconf_bash.templates import action_template, note_templates, render_action_template, render_all
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import ActionContext, Command, LifecycleHandler
from roboconf_core.model.lifecycle import Action


class BashHandler(LifecycleHandler):
    """Runs ``scripts/<action>.sh``, or what stands in for it, with everything it may need in its environment.

    Source: Roboconf user guide, "Script Plug-in".
    """

    names: ClassVar[tuple[str, ...]] = ("bash", "script")
    purpose: ClassVar[str] = "Runs the scripts of a recipe, in bash or any language that has a #! line."

    def initialize(self, context: ActionContext) -> None:
        """Make the scripts executable, and note which templates the recipe brings."""
        try:
            make_all_executable(context.directory)
            note_templates(context.directory)
        except OSError as error:
            raise LifecycleError(f"the recipe of {context.instance.path} cannot be prepared: {error}") from error

    def supports(self, action: Action, directory: Path) -> bool:
        """Tell whether the recipe has a script or an action template for an action."""
        return script_for(action, directory) is not None or action_template(action, directory) is not None

    def command_for(self, context: ActionContext) -> Command | None:
        """Render the recipe's templates, choose the script and build its environment."""
        try:
            script = self._prepared(context)
            if script is None:
                return None
            command = self._command(context, script)
        except OSError as error:
            raise LifecycleError(f"{context.action} of {context.instance.path} cannot be prepared: {error}") from error
        _check_size(command)
        return command

    def _prepared(self, context: ActionContext) -> Path | None:
        name = script_for(context.action, context.directory)
        script = context.directory / SCRIPTS / name if name is not None else None
        render_all(context, script)
        if script is not None:
            make_executable(script)
            return script
        template = action_template(context.action, context.directory)
        return render_action_template(template, context) if template is not None else None

    def _command(self, context: ActionContext, script: Path) -> Command:
        beside = context.directory / SCRIPTS
        return Command(
            argv=argv_for(script.absolute()),
            directory=beside if beside.is_dir() else context.directory,
            environment=environment_for(context),
        )


def _check_size(command: Command) -> None:
    size, limit = total_bytes(os.environ, command.environment), os.sysconf("SC_ARG_MAX")
    if size > limit:
        hint = "let the script read a file that a *.j2 template renders, and import fewer variables"
        raise LifecycleError(f"the environment takes {size} bytes; this machine allows {limit}", hint=hint)
