"""A lifecycle handler and a target handler that do as they are told, for tests of what uses them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from roboconf_core.errors import LifecycleError, TargetError
from roboconf_core.hooks.lifecycle import ActionContext, Command, LifecycleHandler
from roboconf_core.hooks.targets import Machine, TargetHandler, Termination
from roboconf_core.model.lifecycle import Action

_PROGRAM = "import sys, time; print(sys.argv[1]); time.sleep(float(sys.argv[2])); sys.exit(int(sys.argv[3]))"


class ScriptedHandler(LifecycleHandler):
    """Runs a program that takes some time and ends with the status that the script foresees.

    Unlike a real handler it remembers what it was asked: ``contexts``, in order.
    """

    names: ClassVar[tuple[str, ...]] = ("scripted",)
    purpose: ClassVar[str] = "Does what a test tells it to."

    def __init__(
        self,
        statuses: Mapping[Action, Sequence[int]] | None = None,
        *,
        takes_s: float = 0.0,
        unprepared: frozenset[Action] = frozenset(),
    ) -> None:
        """Write the script.

        Args:
            statuses: Exit statuses of an action, one for each time; the last one stays. An
                action that is not named is not part of the recipe; all but ``status`` succeed
                when there is no script at all.
            takes_s: How long each program runs, in seconds.
            unprepared: Actions that cannot even be prepared.
        """
        usual = {action: (0,) for action in Action if action is not Action.STATUS}
        self._statuses = {action: tuple(codes) for action, codes in (usual if statuses is None else statuses).items()}
        self._takes_s = takes_s
        self._unprepared = unprepared
        self._lock = threading.Lock()
        self.contexts: list[ActionContext] = []

    def supports(self, action: Action, directory: Path) -> bool:
        """Tell whether the script names the action."""
        return action in self._statuses

    def command_for(self, context: ActionContext) -> Command | None:
        """Note the question and return the program of its turn."""
        with self._lock:
            turn = sum(one.action is context.action and one.instance.id == context.instance.id for one in self.contexts)
            self.contexts.append(context)
        if context.action in self._unprepared:
            raise LifecycleError(f"{context.action} cannot be prepared: the script says so")
        codes = self._statuses.get(context.action)
        if codes is None:
            return None
        words = (context.action.value, str(self._takes_s), str(codes[min(turn, len(codes) - 1)]))
        return Command(argv=(sys.executable, "-I", "-S", "-c", _PROGRAM, *words), directory=context.directory)


@dataclass
class Cloud:
    """The machines that a fake cloud holds; what handlers of one deployment manager or several share."""

    machines: dict[str, str] = field(default_factory=dict)
    """Identifier to the identity that the machine carries."""
    created: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class InMemoryTarget(TargetHandler):
    """Makes machines in a ``Cloud``: no process, no network, at once."""

    names: ClassVar[tuple[str, ...]] = ("in-memory",)
    purpose: ClassVar[str] = "Machines that exist in the memory of a test."

    def __init__(self, cloud: Cloud | None = None) -> None:
        self.cloud = cloud or Cloud()

    def create_machine(self, machine: Machine) -> str:
        """Make the machine, unless it is there."""
        with self.cloud.lock:
            found = self._find(machine)
            if found is not None:
                return found
            self.cloud.created += 1
            machine_id = f"machine-{self.cloud.created}"
            self.cloud.machines[machine_id] = machine.identity
            return machine_id

    def find_machine(self, machine: Machine) -> str | None:
        """Look for the identity."""
        with self.cloud.lock:
            return self._find(machine)

    def is_machine_running(self, machine: Machine, machine_id: str) -> bool:
        """Look for the identifier, and for whose it is."""
        with self.cloud.lock:
            return self.cloud.machines.get(machine_id) == machine.identity

    def restart_agent(self, machine: Machine, machine_id: str) -> None:
        """Do nothing on a machine that exists."""
        if not self.is_machine_running(machine, machine_id):
            raise TargetError(f"machine {machine.path} does not exist")

    def terminate_machine(self, machine: Machine, machine_id: str) -> Termination:
        """Remove the machine if it is this one."""
        with self.cloud.lock:
            if self.cloud.machines.get(machine_id) == machine.identity:
                del self.cloud.machines[machine_id]
        return Termination()

    def _find(self, machine: Machine) -> str | None:
        return next((key for key, identity in self.cloud.machines.items() if identity == machine.identity), None)
