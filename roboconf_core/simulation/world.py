"""A whole deployment in one process: the deployment manager, its agents, and everything around them.

    world = World(seed=1)
    world.request(AddTemplate(template=template))
    world.request(CreateApplication(name="app", template="lamp", version="1", default_target=TARGET))
    world.request(ChangeDesired(application="app", desired=Desired.DEPLOYED_STARTED))
    world.run(30.0)
    world.statuses()  # {"/vm": Status.DEPLOYED_STARTED, "/vm/apache": Status.UNRESOLVED, ...}

The same seed and the same calls give the same world, to the last message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random

from roboconf_core.agent.core.agent import AgentCore
from roboconf_core.agent.core.state import INSTANCE_PREFIX, InstanceRecord
from roboconf_core.agent.events import Run
from roboconf_core.dm.core import state
from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.state import DEFAULT_LIMITS, Limits, MachineRecord
from roboconf_core.dm.events import DoMachineStep, MachineStep, MachineStepDone, MachineStepFailed, Reply, UserRequest
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import DM, Message
from roboconf_core.model.application import TargetDefinition
from roboconf_core.model.lifecycle import Status
from roboconf_core.simulation.agents import AgentProcess, MakeAgent
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.cloud import Cloud
from roboconf_core.simulation.conditions import Conditions, CrashPoint, Fault
from roboconf_core.simulation.dice import Dice
from roboconf_core.simulation.host import Host, Recipe, Software
from roboconf_core.simulation.manager import MakeManager, ManagerProcess, Store
from roboconf_core.simulation.network import Network
from roboconf_core.simulation.schedule import Appointment, Schedule

TARGET = TargetDefinition(id="virtual", handler="virtual", name="virtual machines")
"""What applications of a world are deployed on; all its machines share one host's ports."""

HANG_S = 45.0
"""After which a step of a machine that hangs answers after all."""
RECONNECT_S = (0.05, 1.5)
"""Least and greatest time after which an agent is connected again."""


ActionWatcher = Callable[[Host, Run, Software], None]
"""Told of each action but ``status`` when it begins, before it has any effect."""


StepOver = Callable[[MachineStepDone | MachineStepFailed], None]


class World:
    """Virtual time, a store, a cloud with hosts, a network, one deployment manager, many agents."""

    def __init__(
        self,
        seed: int = 0,
        *,
        conditions: Conditions | None = None,
        recipes: Mapping[str, Recipe] | None = None,
        limits: Limits = DEFAULT_LIMITS,
        make_agent: MakeAgent = AgentCore,
        make_manager: MakeManager = DmCore,
        trace: bool = False,
    ) -> None:
        """Begin with a deployment manager that has never lived before.

        Args:
            seed: Decides all that chance decides.
            conditions: What goes wrong, and how long things take; nothing by default.
            recipes: Component to what its scripts are like; ``Recipe()`` for those that are not named.
            limits: How patient the deployment manager is.
            make_agent: Makes the core of an agent.
            make_manager: Makes the core of the deployment manager.
            trace: Whether the chronicle keeps a line for everything that happens.
        """
        self.schedule = Schedule()
        self.random = Random(seed)
        self.conditions = conditions or Conditions()
        self.chronicle = Chronicle(lambda: self.schedule.now, trace=trace)
        self.store = Store()
        self.network = Network(self.schedule, self.conditions, self.random, self.chronicle)
        self.network.watcher = self._agent_there
        dice = Dice(seed)
        self.cloud = Cloud(self.conditions, dice, self.chronicle, make_host=self._make_host)
        self.manager: ManagerProcess | None = None
        self.agents: dict[str, AgentProcess] = {}
        """The living ones, by name."""
        self._dice = dice
        self._recipes = dict(recipes or {})
        self._limits = limits
        self._make_agent = make_agent
        self._make_manager = make_manager
        self._isolated: set[str] = set()
        self._clock_began = 0.0
        self._steps: list[tuple[Appointment, Callable[[], None]]] = []
        self._action_watchers: list[ActionWatcher] = []
        self.network.enrol(DM)
        self.start_manager()

    # --- time

    @property
    def now(self) -> float:
        """Virtual seconds since the world began."""
        return self.schedule.now

    def run(self, duration_s: float) -> None:
        """Let virtual time pass."""
        self.schedule.run_until(self.schedule.now + duration_s)

    def run_until(self, reached: Callable[[], bool], *, limit_s: float, step_s: float = 1.0) -> bool:
        """Let time pass until something is reached, looked at every ``step_s``; False when it was not within the limit."""
        end = self.schedule.now + limit_s
        while not reached():
            if self.schedule.now >= end:
                return False
            self.run(step_s)
        return True

    # --- users

    def request(self, request: UserRequest) -> Reply | None:
        """Hand in a request; None when the deployment manager is away or dies before it answers."""
        if self.manager is None:
            return None
        return self.manager.request(request, self.ports_in_use())

    def ports_in_use(self) -> frozenset[int]:
        """Return the ports that running software has bound."""
        return frozenset(
            port
            for agent, record in self.instances()
            if (software := agent.software.get(record.id)) is not None and software.running
            for port in (record.deployed or record.spec).ports.values()
        )

    # --- the deployment manager

    def start_manager(self) -> None:
        """Start the deployment manager, unless it runs."""
        if self.manager is not None:
            return
        manager = self.manager = ManagerProcess(
            self.store,
            self.network,
            self.schedule,
            self.chronicle,
            make=self._make_manager,
            limits=self._limits,
            shared_hosts=frozenset({TARGET.handler}),
            do_step=self._do_step,
            crashed=self._manager_crashed,
            gave_up=self._gave_up,
            clock_began=self._clock_began,
            serialized=self.conditions.serialized,
            batch_s=self.conditions.batch_s,
        )
        self.chronicle.note("manager starts")
        manager.start()
        if not manager.alive:
            return
        self.network.connect(DM, manager)
        for agent in self.network.connected_agents():
            manager.agent_there(agent, True)
        for agent_process in list(self.agents.values()):
            self._connect_soon(agent_process)

    def crash_manager(self, point: CrashPoint | None = None) -> bool:
        """End the deployment manager now, or at a point of its next decision; False when there is none."""
        if self.manager is None:
            return False
        if point is not None:
            self.manager.crash_next = point
        else:
            self.chronicle.fault(Fault.MANAGER_CRASHED, DM)
            self.manager.crashed()
        return True

    def _manager_crashed(self, manager: ManagerProcess) -> None:
        self.manager = None
        self._abandon_steps()
        self._clock_began = self.schedule.now if self.random.random() < 0.3 else self._clock_began  # its host rebooted
        if self.conditions.embedded_hub:
            for agent in self.network.connected_agents():
                self.network.disconnect(agent)

    def _gave_up(self, agent: str) -> None:
        """An agent that lives, and could speak all the time, is not given up."""
        process, faults = self.agents.get(agent), self.chronicle.tally.faults
        if faults[Fault.MESSAGE_LOST] or faults[Fault.MESSAGE_DELAYED] or faults[Fault.QUEUE_OVERFLOWED]:
            return
        if process is None or not process.is_awake:
            return
        since = self.network.connected_since(agent)
        if since is not None and self.now - max(since, process.awake_since) > self._limits.silence_s:
            self.chronicle.broke("the_living_are_not_given_up", f"{agent} is given up, and lives")

    def _agent_there(self, agent: str, there: bool) -> None:
        if self.manager is not None and agent != DM:
            self.manager.agent_there(agent, there)

    # --- machines

    def hosts(self) -> list[Host]:
        """Return all machines that exist."""
        return list(self.cloud.machines.values())

    def _make_host(self, agent: str, generation: int, machine_id: str) -> Host:
        return Host(
            agent,
            generation,
            machine_id,
            schedule=self.schedule,
            conditions=self.conditions,
            dice=self._dice,
            chronicle=self.chronicle,
            recipes=lambda component: self._recipes.get(component, _DEFAULT_RECIPE),
            begins=self._action_begins,
        )

    def watch_actions(self, watcher: ActionWatcher) -> None:
        """Have somebody told of each action that begins."""
        self._action_watchers.append(watcher)

    def _action_begins(self, host: Host, run: Run, software: Software) -> None:
        for watcher in self._action_watchers:
            watcher(host, run, software)

    def _do_step(self, step: DoMachineStep, over: StepOver) -> None:
        fate = self.cloud.fate_of(step)
        do = partial(self._step_done, step, over, HANG_S if fate.hangs else 0.0)
        if fate.fails:
            failed = MachineStepFailed(
                agent=step.agent, generation=step.generation, step=step.step, reason="the cloud says no"
            )
            do = partial(over, failed)
        self._steps = [pending for pending in self._steps if pending[0].is_due]
        self._steps.append((self.schedule.after(fate.duration_s, do), do))

    def _abandon_steps(self) -> None:
        """What the deployment manager was about to have done with machines is done, or never, when it dies."""
        steps, self._steps = self._steps, []
        for appointment, do in steps:
            if appointment.is_due:
                appointment.cancel()
                if self.random.random() < 0.5:
                    do()

    def _step_done(self, step: DoMachineStep, over: StepOver, late_s: float) -> None:
        if step.step is MachineStep.CREATE:
            self.network.enrol(step.agent, step.generation)
        result, made = self.cloud.do(step)
        if made is not None:
            self._begin_host(made)
        elif step.step is MachineStep.TERMINATE:
            self._end_agent_of_gone_host(step.agent)
            self.network.forget(step.agent)
        elif step.step is MachineStep.RESTART_AGENT and step.machine_id in self.cloud.machines:
            self.start_agent(self.cloud.machines[step.machine_id])
        self.schedule.after(late_s, partial(over, result))

    def _begin_host(self, host: Host) -> None:
        name = f"{host.agent}/{host.machine_id}"
        if self._dice.number(f"agent/{name}") < self.conditions.agent_never_started:
            self.chronicle.fault(Fault.AGENT_NEVER_STARTED, host.agent)
            return
        self.schedule.after(
            self._dice.between(f"boot/{name}", self.conditions.machine_s), partial(self.start_agent, host)
        )

    def lose_machine(self, host: Host) -> None:
        """Have a machine disappear with all that is on it."""
        self.chronicle.fault(Fault.MACHINE_LOST, host.agent)
        self.cloud.lose(host.machine_id)
        self._end_agent_of_gone_host(host.agent)

    def _end_agent_of_gone_host(self, agent: str) -> None:
        process = self.agents.get(agent)
        if process is not None and not process.host.alive:
            process.crashed()

    # --- agents

    def start_agent(self, host: Host) -> bool:
        """Start the agent of a machine, unless it runs or the machine is gone."""
        if not host.alive or host.agent in self.agents:
            return False
        process = AgentProcess(
            host,
            self.network,
            self.schedule,
            self.chronicle,
            make=self._make_agent,
            crashed=self._agent_crashed,
            batch_s=self.conditions.batch_s,
        )
        self.agents[host.agent] = process
        self.chronicle.note("agent   %s starts", host.agent)
        process.start()
        self._connect_soon(process)
        return process.alive

    def crash_agent(self, agent: str, point: CrashPoint | None = None) -> bool:
        """End an agent now, or at a point of its next decision; False when it does not live."""
        process = self.agents.get(agent)
        if process is None:
            return False
        if point is not None:
            process.crash_next = point
        else:
            self.chronicle.fault(Fault.AGENT_CRASHED, agent)
            process.crashed()
        return True

    def reboot(self, host: Host) -> None:
        """Reboot a machine: what ran is gone, the disk stays; its agent is to be started again."""
        self.chronicle.fault(Fault.HOST_REBOOTED, host.agent)
        process = self.agents.get(host.agent)
        if process is not None and process.host is host:
            process.crashed()
        host.reboot()

    def start_all_agents(self) -> None:
        """Start every agent that does not live though its machine does."""
        for host in self.hosts():
            self.start_agent(host)

    def _agent_crashed(self, process: AgentProcess) -> None:
        if self.agents.get(process.name) is process:
            del self.agents[process.name]
        self.chronicle.note("agent   %s is dead", process.name)

    # --- the network

    def isolate(self, agents: Iterable[str]) -> None:
        """Cut agents off the network."""
        for agent in agents:
            self._isolated.add(agent)
            self.network.disconnect(agent)

    def heal(self) -> None:
        """Let everybody reach the network again."""
        self._isolated.clear()
        for process in list(self.agents.values()):
            self._connect_soon(process)

    @property
    def isolated(self) -> frozenset[str]:
        """Agents that are cut off."""
        return frozenset(self._isolated)

    def forge(self, sender: str, topic: str, message: Message) -> None:
        """Have a connected agent's credential used for a message of somebody else's making."""
        if self.network.is_connected(sender):
            self.chronicle.fault(Fault.MESSAGE_FORGED, sender, type(message).__name__)
            self.network.publish(sender, topic or DM_TOPIC, message)

    def _connect_soon(self, process: AgentProcess) -> None:
        least, greatest = RECONNECT_S
        delay_s = least + self.random.random() * (greatest - least)
        self.schedule.after(delay_s, partial(self._connect, process))

    def _connect(self, process: AgentProcess) -> None:
        reachable = process.name not in self._isolated and (
            self.manager is not None or not self.conditions.embedded_hub
        )
        newest = process.host in self.cloud.of_agent(process.name)[-1:]
        if process.alive and reachable and newest and not self.network.is_connected(process.name):
            self.network.connect(process.name, process)

    # --- for those who look on

    def machines(self) -> dict[str, MachineRecord]:
        """Return the deployment manager's records of machines, by agent."""
        return {record.agent: record for record in self.store.of_kind(state.MACHINE)}

    def instances(self) -> list[tuple[Host, InstanceRecord]]:
        """Return all that agents have journalled of instances, with their hosts, whether the agents live or not."""
        return [
            (host, record)
            for host in self.cloud.machines.values()
            for key, record in host.disk.items()
            if key.startswith(INSTANCE_PREFIX)
        ]

    def statuses(self) -> dict[str, Status]:
        """Return the status of every instance, by application and path: ``{"app/vm/web": DEPLOYED_STARTED}``."""
        found = {f"{record.application}{record.path}": record.status for record in self.machines().values()}
        for record in self.store.of_kind(state.INSTANCE):
            found.setdefault(f"{record.application}{record.path}", Status.NOT_DEPLOYED)
        for host, instance in self.instances():
            found[f"{host.agent.partition('/')[0]}{instance.path}"] = instance.status
        return found


_DEFAULT_RECIPE = Recipe()
