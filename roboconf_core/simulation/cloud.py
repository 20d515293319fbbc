"""The virtual cloud: machines that are created, found and terminated, slowly and not always."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from roboconf_core.dm.events import DoMachineStep, MachineStep, MachineStepDone, MachineStepFailed
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.conditions import Conditions, Fault
from roboconf_core.simulation.dice import Dice
from roboconf_core.simulation.host import Host


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one step of a machine."""

    duration_s: float
    fails: bool = False
    """It does nothing, and says so."""
    hangs: bool = False
    """It is done, but the answer never comes."""


class Cloud:
    """All machines, by identifier; several may claim to be the same agent's, which must not be."""

    def __init__(
        self, conditions: Conditions, dice: Dice, chronicle: Chronicle, *, make_host: Callable[[str, int, str], Host]
    ) -> None:
        self.machines: dict[str, Host] = {}
        """Those that exist."""
        self.created = 0
        self._conditions = conditions
        self._dice = dice
        self._chronicle = chronicle
        self._make_host = make_host
        self._steps: dict[str, int] = {}

    def fate_of(self, step: DoMachineStep) -> Fate:
        """Decide what becomes of a step."""
        name = f"{step.agent}/{step.step}"
        count = self._steps[name] = self._steps.get(name, 0) + 1
        name = f"{name}/{count}"
        chance, conditions = self._dice.number(name), self._conditions
        fails = chance < conditions.machine_step_failed and step.step is not MachineStep.CHECK
        hangs = not fails and chance < conditions.machine_step_failed + conditions.machine_step_hangs
        if fails or hangs:
            kind = Fault.MACHINE_STEP_FAILED if fails else Fault.MACHINE_STEP_HANGS
            self._chronicle.fault(kind, step.agent, str(step.step))
        return Fate(self._dice.between(f"duration/{name}", conditions.machine_s), fails, hangs)

    def of_agent(self, agent: str, generation: int | None = None) -> list[Host]:
        """Return the machines of an agent, of one generation or of all, oldest first."""
        return [h for h in self.machines.values() if h.agent == agent and generation in (None, h.generation)]

    def do(self, step: DoMachineStep) -> tuple[MachineStepDone | MachineStepFailed, Host | None]:
        """Do a step; return how it ended, and the machine if a new one was made."""
        machine_id, made = step.machine_id, None
        running = True
        if step.step is MachineStep.CREATE:
            machine_id, made = self._create(step)
        elif step.step is MachineStep.CHECK:
            running = machine_id in self.machines
        elif step.step is MachineStep.TERMINATE:
            machine_id = machine_id or next((h.machine_id for h in self.of_agent(step.agent, step.generation)), "")
            self._terminate(machine_id)
        elif machine_id not in self.machines:
            reason = f"there is no machine {machine_id}"
            return MachineStepFailed(agent=step.agent, generation=step.generation, step=step.step, reason=reason), None
        done = MachineStepDone(
            agent=step.agent,
            generation=step.generation,
            step=step.step,
            machine_id=machine_id,
            address="127.0.0.1" if step.step is MachineStep.CREATE else "",
            running=running,
        )
        return done, made

    def lose(self, machine_id: str) -> None:
        """Have a machine disappear."""
        self.machines.pop(machine_id).vanish()

    def _create(self, step: DoMachineStep) -> tuple[str, Host | None]:
        found = self.of_agent(step.agent, step.generation) if step.attempt > 1 else []
        if found:
            return found[0].machine_id, None
        self.created += 1
        host = self._make_host(step.agent, step.generation, f"m{self.created}")
        if self.of_agent(step.agent):
            self._chronicle.broke("no_machine_is_leaked_or_made_twice", f"{step.agent} has two machines")
        self.machines[host.machine_id] = host
        self._chronicle.note("cloud   %s: machine %s of generation %d", step.agent, host.machine_id, step.generation)
        return host.machine_id, host

    def _terminate(self, machine_id: str) -> None:
        host = self.machines.pop(machine_id, None)
        if host is not None:
            self._chronicle.note("cloud   %s: machine %s is gone", host.agent, machine_id)
            host.vanish()
