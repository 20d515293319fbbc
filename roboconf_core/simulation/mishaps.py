"""What goes wrong in scenarios; each function takes one step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.messages.topology import DM_TOPIC, agent_topic, importers_topic
from roboconf_core.messages.types import (
    DM,
    DesiredState,
    Epoch,
    ExportsPublished,
    Farewell,
    InstanceReported,
    InstanceSpec,
    Message,
    Publication,
    application_of,
    machine_path_of,
)
from roboconf_core.model.lifecycle import Status
from roboconf_core.simulation.conditions import CrashPoint, Fault
from roboconf_core.simulation.host import Host
from roboconf_core.simulation.promises import FORGED
from roboconf_core.simulation.script import Step
from roboconf_core.simulation.world import World

_POINTS = tuple(CrashPoint)


def isolate_agents(world: World, step: Step) -> None:
    """Cut one agent or some off the network for a while."""
    names = sorted(world.agents)
    first = step.pick(range(len(names)))
    if first is None:
        return
    chosen = names[first : first + 1 + int(step.dice[2] ** 2 * len(names))]
    for name in chosen:
        world.chronicle.fault(Fault.PARTITION, name)
    world.isolate(chosen)
    world.schedule.after(step.between(0.5, 25.0), world.heal)


def crash_agent(world: World, step: Step) -> None:
    """End an agent; it is started again later."""
    name = step.pick(sorted(world.agents))
    if name is not None:
        host = world.agents[name].host
        world.crash_agent(name)
        world.schedule.after(step.between(0.1, 22.0), partial(world.start_agent, host))


def crash_agent_at_a_point(world: World, step: Step) -> None:
    """Have an agent end in the midst of its next decision; it is started again later."""
    name = step.pick(sorted(world.agents))
    if name is not None:
        host = world.agents[name].host
        world.crash_agent(name, step.pick(_POINTS, 2))
        world.schedule.after(step.between(0.5, 10.0), partial(world.start_agent, host))


def agent_sleeps(world: World, step: Step) -> None:
    """Stop an agent for a while, as ``kill -STOP`` does."""
    name = step.pick(sorted(world.agents))
    if name is not None:
        world.chronicle.fault(Fault.AGENT_ASLEEP, name)
        world.agents[name].sleep(step.between(1.0, 20.0))


def reboot_host(world: World, step: Step) -> None:
    """Reboot a machine; its agent is started some time later."""
    host = step.pick(world.hosts())
    if host is not None:
        world.reboot(host)
        world.schedule.after(step.between(0.5, 12.0), partial(world.start_agent, host))


def lose_machine(world: World, step: Step) -> None:
    """Have a machine disappear."""
    host = step.pick(world.hosts())
    if host is not None:
        world.lose_machine(host)


def crash_manager(world: World, step: Step) -> None:
    """End the deployment manager; it is started again later."""
    world.crash_manager()
    world.schedule.after(step.between(0.1, 12.0), world.start_manager)


def crash_manager_at_a_point(world: World, step: Step) -> None:
    """Have the deployment manager end in the midst of its next decision; it is started again later."""
    world.crash_manager(step.pick(_POINTS, 2))
    world.schedule.after(step.between(0.5, 6.0), world.start_manager)


def manager_sleeps(world: World, step: Step) -> None:
    """Suspend the deployment manager for a while."""
    if world.manager is not None:
        world.chronicle.fault(Fault.MANAGER_ASLEEP, DM)
        world.manager.sleep(step.between(2.0, 25.0))


def kill_process(world: World, step: Step) -> None:
    """End the process of some started software; of one that carries something unresolved, if there is one."""
    running = [(host, i) for host in world.hosts() for i, software in host.software.items() if software.running]
    parents = {(host.agent, r.spec.parent) for host, r in world.instances() if r.status is Status.UNRESOLVED}
    carrying = [(host, i) for host, i in running if (host.agent, host.software[i].path) in parents]
    found = step.pick(carrying or running)
    if found is not None:
        found[0].kill(found[1])


def lose_result(world: World, step: Step) -> None:
    """End an action so that its result is lost."""
    for host in _rotated(world.hosts(), step):
        if host.lose_result(int(step.dice[1] * 10)):
            return


def overflow_agent(world: World, step: Step) -> None:
    """Drop the queue of an agent."""
    host = step.pick(world.hosts())
    if host is not None and world.network.overflow(host.agent):
        world.chronicle.fault(Fault.QUEUE_OVERFLOWED, host.agent)


def overflow_manager(world: World, step: Step) -> None:
    """Drop the queue of the deployment manager."""
    if world.network.overflow(DM):
        world.chronicle.fault(Fault.QUEUE_OVERFLOWED, DM)


def forge(world: World, step: Step) -> None:
    """Use an agent's credential for a message that only somebody else may send."""
    names = sorted(world.agents)
    sender = step.pick(names)
    others = [(host, record) for host, record in world.instances() if host.agent != sender]
    victim = step.pick(others, 1)
    if sender is None or victim is None:
        return
    topic, message = _forgery(victim[0], victim[1], int(step.dice[2] * 4))
    world.forge(sender, topic, message)


def _forgery(host: Host, record: InstanceRecord, kind: int) -> tuple[str, Message]:
    epoch = Epoch(host.generation, 1000, 1000)
    application = application_of(host.agent)
    if kind == 0:
        prefix = next((name.partition(".")[0] for name in record.spec.exports), "S0")
        publication = Publication(
            agent=host.agent,
            instance=record.id,
            path=record.path,
            component=record.spec.component,
            prefix=prefix,
            epoch=epoch,
            sequence=1,
            variables=dict.fromkeys(record.spec.exports, FORGED),
        )
        return importers_topic(application, prefix), ExportsPublished(publication=publication)
    if kind == 1:
        prefix = next((name.partition(".")[0] for name in record.spec.exports), "S0")
        return importers_topic(application, prefix), Farewell(agent=host.agent, epoch=epoch)
    if kind == 2:
        machine = InstanceSpec(
            id=FORGED,
            path=machine_path_of(host.agent),
            component=FORGED,
            installer="target",
            parent="",
            exports={},
        )
        desired = DesiredState(generation=host.generation, version=1_000_000, machine=machine)
        return agent_topic(host.agent), desired
    report = InstanceReported(
        instance=record.id,
        path=record.path,
        epoch=epoch,
        sequence=1,
        status=Status.DEPLOYED_STARTED,
        generation=1_000_000,
        since=0.0,
        cause=FORGED,
    )
    return DM_TOPIC, report


def _rotated(hosts: list[Host], step: Step) -> list[Host]:
    first = step.pick(range(len(hosts))) or 0
    return hosts[first:] + hosts[:first]


MISHAPS: dict[str, Callable[[World, Step], None]] = {
    function.__name__: function
    for function in (
        isolate_agents,
        crash_agent,
        crash_agent_at_a_point,
        agent_sleeps,
        reboot_host,
        lose_machine,
        crash_manager,
        crash_manager_at_a_point,
        manager_sleeps,
        kill_process,
        lose_result,
        overflow_agent,
        overflow_manager,
        forge,
    )
}
"""By name."""
