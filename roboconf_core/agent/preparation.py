"""Prepares one action: the files, what the handler may know, and the program to run.

Everything here may block, and runs in a worker thread.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from roboconf_core.agent import shim
from roboconf_core.agent.bundles import unpack
from roboconf_core.agent.events import Outcome, Run
from roboconf_core.agent.layout import Layout, remove
from roboconf_core.agent.marks import INSTANCE_MARK, MACHINE_MARK, listens
from roboconf_core.agent.settings import LaunchSettings
from roboconf_core.errors import LifecycleError, RoboconfError
from roboconf_core.hooks.lifecycle import ActionContext, Command, Difference, Import, LifecycleHandler
from roboconf_core.messages.types import InstanceSpec, Publication, application_of
from roboconf_core.model.lifecycle import Action

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is to be done for an action."""

    command: Command | None = None
    """None when nothing is to be run: the outcome is known."""
    outcome: Outcome | None = None
    has_status: bool = False


class Preparation:
    """Prepares the actions of one agent."""

    def __init__(
        self,
        settings: LaunchSettings,
        layout: Layout,
        *,
        handler: Callable[[str], LifecycleHandler],
        bundle: Callable[[str], Path],
    ) -> None:
        """Make it.

        Args:
            settings: The agent's.
            layout: Where its files are.
            handler: Returns the handler of an installer name, or raises ``PluginError``.
            bundle: Returns the file of a bundle that arrived.
        """
        self._settings = settings
        self._layout = layout
        self._handler = handler
        self._bundle = bundle

    def prepare(self, run: Run) -> Prepared:
        """Return what is to be run; whatever goes wrong is an outcome."""
        try:
            return self._prepare(run)
        except RoboconfError as error:
            return _failed("; ".join(_said(error)))
        except OSError as error:
            return _failed(f"cannot prepare '{run.action}': {error}")
        except Exception as error:  # a plugin's fault must not reach the agent
            log.exception("the handler '%s' failed to prepare '%s'", run.instance.installer, run.action)
            return _failed(f"the handler '{run.instance.installer}' failed: {error!r}")

    def _prepare(self, run: Run) -> Prepared:
        handler = self._handler(run.instance.installer)
        context = self.context(run)
        if run.action is Action.DEPLOY:
            self._make_directory(run.instance, context.directory)
            handler.initialize(context)
        elif not context.directory.is_dir():
            return _without_directory(run.action, context.directory)
        if run.action is Action.START:
            _forget_dead_process(context.pid_file)
            if taken := self._ports_taken(run):
                return _ports_taken(run.instance, taken)
        command = handler.command_for(context)
        has_status = run.action is Action.DEPLOY and handler.supports(Action.STATUS, context.directory)
        if command is None:
            return Prepared(outcome=Outcome(has_status=has_status), has_status=has_status)
        return Prepared(command=command, has_status=has_status)

    def context(self, run: Run) -> ActionContext:
        """Return what the handler may know."""
        instance = run.instance
        difference = Difference(
            joined=imports_of(instance, run.joined),
            left=imports_of(instance, run.left),
            changed=imports_of(instance, run.changed),
        )
        return ActionContext(
            action=run.action,
            application=application_of(self._settings.agent),
            instance=instance,
            ancestors=run.ancestors,
            imports=imports_of(instance, run.imports),
            difference=difference,
            directory=self._layout.instance(instance.installer, instance.path),
            pid_file=self._layout.pid_file(instance.id),
            machine_id=self._settings.machine_id,
        )

    def _make_directory(self, instance: InstanceSpec, directory: Path) -> None:
        """Put a fresh copy of the recipe in place of whatever was there."""
        old = self._layout.discard(directory)
        directory.mkdir(parents=True)
        if instance.bundle:
            file = self._bundle(instance.bundle)
            if not file.exists():
                raise LifecycleError(f"the recipe {instance.bundle} has not arrived")
            unpack(file, directory)
        if old is not None:
            remove(old)

    def _ports_taken(self, run: Run) -> tuple[str, ...]:
        """Return the ports that somebody else has; what a start whose result was lost left behind is the instance's own."""
        if not self._settings.shared_host:
            return ()
        marks = {MACHINE_MARK: self._settings.machine_id, INSTANCE_MARK: run.instance.id}
        ports = ((name, run.instance.ports[name]) for name in run.unproven_ports)
        return tuple(name for name, port in ports if not can_bind(port) and not listens(port, marks))


def imports_of(instance: InstanceSpec, publications: Iterable[Publication]) -> tuple[Import, ...]:
    """Return publications as an instance sees them: what it imports of them, with local names."""
    wanted = {spec.prefix: frozenset(spec.names) for spec in instance.imports}
    return tuple(
        Import(
            prefix=p.prefix,
            path=p.path,
            component=p.component,
            variables={
                name.removeprefix(f"{p.prefix}."): value
                for name, value in (p.variables or {}).items()
                if name in wanted.get(p.prefix, ()) or f"{p.prefix}.*" in wanted.get(p.prefix, ())
            },
        )
        for p in publications
    )


def can_bind(port: int) -> bool:
    """Tell whether a TCP port is free on all addresses of this host."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def read_pid(pid_file: Path) -> int | None:
    """Return the pid that a file names, or None when there is no file or no number in it."""
    try:
        text = pid_file.read_text(errors="replace")[:32].strip()
    except (FileNotFoundError, IsADirectoryError):
        return None
    return int(text) if text.isascii() and text.isdecimal() and int(text) > 1 else None


def _forget_dead_process(pid_file: Path) -> None:
    pid = read_pid(pid_file)
    if pid is None or shim.start_ticks(pid) is None:
        pid_file.unlink(missing_ok=True)


def _said(error: RoboconfError) -> list[str]:
    return [f"{p.message} ({p.hint})" if p.hint else p.message for p in error.problems]


def _failed(reason: str) -> Prepared:
    return Prepared(outcome=Outcome(exit_status=None, reason=reason))


def _ports_taken(instance: InstanceSpec, taken: tuple[str, ...]) -> Prepared:
    reason = f"taken on this host: {', '.join(f'{name} {instance.ports[name]}' for name in taken)}"
    return Prepared(outcome=Outcome(exit_status=None, reason=reason, ports_taken=taken))


def _without_directory(action: Action, directory: Path) -> Prepared:
    """What is gone cannot be stopped or undeployed better; anything else needs a new deployment."""
    if action in (Action.STOP, Action.UNDEPLOY):
        log.warning("%s is gone; nothing is run for '%s'", directory, action)
        return Prepared(outcome=Outcome())
    return _failed(f"the working directory {directory} is gone; undeploy the instance and deploy it again")
