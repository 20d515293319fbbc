"""One random scenario: a drawn application, users and faults for half a minute, then peace; all judged by the promises."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from roboconf_core.agent.core.agent import AgentCore
from roboconf_core.dm.core import state
from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.state import Limits, MachineRecord
from roboconf_core.dm.events import AddTemplate, ChangeDesired, CreateApplication, Retry
from roboconf_core.messages.types import Heartbeat
from roboconf_core.model.lifecycle import Desired, Status
from roboconf_core.simulation.agents import MakeAgent
from roboconf_core.simulation.chronicle import Tally, Violation
from roboconf_core.simulation.conditions import Conditions
from roboconf_core.simulation.manager import MakeManager
from roboconf_core.simulation.mishaps import MISHAPS
from roboconf_core.simulation.process import CoreFailedError
from roboconf_core.simulation.promises import AT_REST, AT_THE_END, broken
from roboconf_core.simulation.requests import APPLICATION, REQUESTS
from roboconf_core.simulation.schedule import EndlessError
from roboconf_core.simulation.script import Script, Step, draw_script
from roboconf_core.simulation.templates import DrawnTemplate, draw_template
from roboconf_core.simulation.watches import Watches
from roboconf_core.simulation.world import TARGET, World

LIMITS = Limits(
    restart_grace_s=20.0,
    create_timeout_s=8.0,
    configure_timeout_s=8.0,
    agent_timeout_s=12.0,
    terminate_timeout_s=8.0,
    retry_delay_s=0.5,
    retry_delay_max_s=4.0,
    drain_margin_s=5.0,
    drain_max_s=40.0,
)
REST_S = 150.0
"""Within so many virtual seconds of peace everything is as it is wanted."""
IDLE_S = 12.0
"""For so long, at rest and after a restart of everything, nothing may happen."""


@dataclass(slots=True)
class Result:
    """How a scenario ended."""

    seed: int
    tally: Tally
    violations: list[Violation]
    agents: int
    """The most machines that existed at the same time."""
    virtual_s: float
    trace: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many things went wrong."""
        return sum(self.tally.faults.values())

    @property
    def counts(self) -> bool:
        """Whether it is rich enough to be counted: three agents, twenty events, two faults."""
        return self.agents >= 3 and self.tally.events >= 20 and self.faults >= 2


class Scenario:
    """A drawn application and what happens to it; ``play`` it once or several times."""

    def __init__(
        self,
        seed: int,
        *,
        make_agent: MakeAgent = AgentCore,
        make_manager: MakeManager = DmCore,
        drawn: DrawnTemplate | None = None,
        script: Script | None = None,
        weather: Conditions | None = None,
        trace: bool = False,
    ) -> None:
        """Draw it.

        Args:
            seed: Decides everything that is not given.
            drawn: The application.
            script: What happens to it.
            make_agent: Makes the cores of agents.
            make_manager: Makes the core of the deployment manager.
            weather: Rates at which things go wrong, instead of those that are drawn.
            trace: Whether the result tells all that happened.
        """
        random = Random(seed)
        self.seed = seed
        self.drawn = drawn or draw_template(random)
        self.script = script or draw_script(random)
        self.restarts = random.random() < 0.15
        """Whether everything is restarted in the end, to see that nothing comes of it."""
        self._weather = weather
        self._make_agent = make_agent
        self._make_manager = make_manager
        self._trace = trace

    def play(self) -> Result:
        """Let it all happen, wait for peace, and judge."""
        world = self.make_world()
        agents = 0
        try:
            agents = self._live(world)
            self.make_peace(world)
            self._judge(world)
        except CoreFailedError as error:
            cause = "".join(traceback.format_exception(error.__cause__)) if self._trace else repr(error.__cause__)
            world.chronicle.broke("cores_decide_whatever_happens", f"{error}: {cause}")
        except EndlessError as error:
            world.chronicle.broke("nobody_runs_in_a_circle", str(error))
        chronicle = world.chronicle
        return Result(self.seed, chronicle.tally, chronicle.violations, agents, world.now, chronicle.lines)

    def make_world(self) -> World:
        """Return a world with the application, of which nothing is deployed."""
        world = World(
            self.seed,
            conditions=replace(self._weather) if self._weather is not None else self.script.conditions(),
            recipes=self.drawn.recipes,
            limits=LIMITS,
            make_agent=self._make_agent,
            make_manager=self._make_manager,
            trace=self._trace,
        )
        descriptor = self.drawn.template.descriptor
        world.request(AddTemplate(template=self.drawn.template))
        world.request(
            CreateApplication(
                name=APPLICATION, template=descriptor.name, version=descriptor.version, default_target=TARGET
            )
        )
        return world

    def _live(self, world: World) -> int:
        watches, agents = Watches(world), 0
        self.schedule_steps(world)
        while world.now < self.script.until:
            world.run(1.0)
            watches.sample()
            agents = max(agents, len(world.hosts()))
        self._watches = watches
        return agents

    def schedule_steps(self, world: World) -> None:
        """Have all steps of the script taken at their time."""
        for step in self.script.steps:
            world.schedule.at(step.at, partial(take_step, world, step))

    def make_peace(self, world: World) -> None:
        """End all faults; users then repair what only they can repair."""
        world.chronicle.note("peace   nothing goes wrong any more")
        world.conditions.calm()
        world.heal()
        for process in (*world.agents.values(), *([world.manager] if world.manager else [])):
            process.crash_next = None
        world.start_manager()
        world.start_all_agents()

    def _judge(self, world: World) -> None:
        if not self._comes_to_rest(world):
            for promise, text in broken(world, AT_REST):
                world.chronicle.broke(promise, text)
        elif self.restarts:
            self._let_idle(world)
            self._restart_everything(world)
        for promise, text in broken(world, AT_THE_END):
            world.chronicle.broke(promise, text)

    def _comes_to_rest(self, world: World) -> bool:
        end = world.now + REST_S
        repaired_at = world.now + 2.0
        while world.now < end:
            world.run(2.0)
            self._watches.sample()
            processes = (world.manager, *world.agents.values())
            if not all(process is not None and process.is_awake for process in processes):
                continue
            if world.now >= repaired_at and repair(world):
                repaired_at = world.now + 8.0
            elif not any(True for promise in AT_REST for _ in promise(world)):
                return True
        return False

    def _let_idle(self, world: World) -> None:
        """At rest nobody has anything to say but that he lives: repairs must end."""
        world.run(IDLE_S)  # the last repairs may be under way when rest is found
        before = world.chronicle.tally.messages.copy()
        world.run(IDLE_S)
        said = world.chronicle.tally.messages - before
        del said[Heartbeat.__name__]
        if said:
            world.chronicle.broke("nothing_is_said_at_rest", f"{dict(said)} in {IDLE_S:g} s")

    def _restart_everything(self, world: World) -> None:
        world.chronicle.note("peace   everything is restarted")
        before = len(world.chronicle.actions)
        faults = world.chronicle.tally.faults.copy()
        world.crash_manager()
        world.start_manager()
        world.run(IDLE_S / 2)
        for name in list(world.agents):
            host = world.agents[name].host
            world.crash_agent(name)
            world.start_agent(host)
        world.run(IDLE_S)
        world.chronicle.tally.faults = faults
        for fact in world.chronicle.actions[before:]:
            text = f"{fact.action} of {fact.who} ran after a restart"
            world.chronicle.broke("restarts_change_nothing", text)
        for promise, text in broken(world, AT_REST):
            world.chronicle.broke("restarts_change_nothing", f"{promise}: {text}")


def take_step(world: World, step: Step) -> None:
    """Take one step of a script."""
    world.chronicle.note("step    %s", step.what)
    if step.what in MISHAPS:
        MISHAPS[step.what](world, step)
        return
    if world.manager is None or not world.manager.is_awake:
        return
    request = REQUESTS[step.what](world, step)
    if request is not None:
        world.request(request)


def repair(world: World) -> bool:
    """Do what a user does about what was given up: undeploy what is lost, try again what failed; False when all is well."""
    lost = [m for m in world.machines().values() if _is_lost(world, m)]
    for machine in lost:
        path, wanted = machine.path, world.store.records[state.INSTANCE, machine.instance].desired
        if wanted is not Desired.NOT_DEPLOYED:
            world.request(ChangeDesired(application=APPLICATION, path=path, desired=Desired.NOT_DEPLOYED))
    failed = [m for m in world.machines().values() if m.failure is not None and m.failure.exhausted]
    gave_up = [r for _, r in world.instances() if r.failure is not None and r.failure.exhausted]
    if failed or gave_up:
        world.request(Retry(application=APPLICATION))
    return bool(lost or failed or gave_up)


def _is_lost(world: World, machine: MachineRecord) -> bool:
    gone = machine.machine_id not in world.cloud.machines
    return machine.status is Status.PROBLEM and gone


def play(seed: int, *, trace: bool = False) -> Result:
    """Play the scenario of a seed."""
    return Scenario(seed, trace=trace).play()
