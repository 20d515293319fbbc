"""Who is there: broken connections, silence, farewells on behalf of the lost, and doubt in oneself."""

from __future__ import annotations

from roboconf_core.dm.core import departure, directory, steps
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.moves import change, move
from roboconf_core.dm.core.state import MachineRecord, Phase
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import MachineStep
from roboconf_core.messages.types import Epoch, Farewell
from roboconf_core.model.lifecycle import MachineTrigger, Status

TIMER = "liveness"
"""Name of the timer of the next judgement."""


def begin(turn: Turn) -> None:
    """Expect the agents of all running machines back within a grace, and ask their targets about them."""
    grace_s = turn.limits.restart_grace_s - turn.limits.silence_s
    for machine in turn.memory.machines.values():
        if _expected(machine):
            turn.memory.presence.heard[machine.agent] = turn.now.monotonic + grace_s
            turn.memory.presence.awaited.add(machine.agent)
            steps.request(turn, machine, MachineStep.CHECK)
    _schedule(turn)


def expect(turn: Turn, agent: str) -> None:
    """Expect to hear of an agent from now on."""
    turn.memory.presence.heard[agent] = turn.now.monotonic
    _wake_at(turn, turn.now.monotonic + turn.limits.silence_s)


def connected(turn: Turn, agent: str) -> None:
    """Take note of a connection; only the agent's words show that it lives."""
    turn.memory.presence.connected.add(agent)
    turn.memory.presence.broken.pop(agent, None)


def disconnected(turn: Turn, agent: str) -> None:
    """Give an agent a short time to come back."""
    presence = turn.memory.presence
    presence.connected.discard(agent)
    if agent in presence.heard:
        presence.broken.setdefault(agent, turn.now.monotonic)
        _wake_at(turn, presence.broken[agent] + turn.limits.reconnect_s)


def heard(turn: Turn, machine: MachineRecord, epoch: Epoch) -> MachineRecord:
    """Take note that an agent spoke in this epoch, which is not older than the newest known; return its machine."""
    if machine.epoch is None or epoch > machine.epoch:
        machine = change(turn, machine, epoch=epoch)
    presence = turn.memory.presence
    presence.awaited.discard(machine.agent)
    presence.broken.pop(machine.agent, None)
    presence.doubted.pop(machine.agent, None)
    if machine.phase in (Phase.RUNNING, Phase.DRAINING):
        expect(turn, machine.agent)
    if machine.phase is Phase.RUNNING and machine.status is Status.PROBLEM:
        machine = move(turn, machine, MachineTrigger.AGENT_SEEN, "its agent is back", problem="")
        turn.reconsider(machine.agent)
        for below in turn.memory.machines_below(machine.application, machine.path):
            turn.reconsider(below.agent)
    return machine


def refute(turn: Turn, machine: MachineRecord) -> None:
    """Let a live agent know that it was said farewell to: it raises its incarnation and publishes again."""
    if machine.farewell is not None and machine.epoch is not None and machine.epoch <= machine.farewell:
        turn.tell(machine.agent, Farewell(agent=machine.agent, epoch=machine.farewell))


def judge(turn: Turn) -> None:
    """Give up those that are silent for too long, unless the fault may be on this side."""
    presence, now = turn.memory.presence, turn.now.monotonic
    late_s = now - (presence.due if presence.due is not None else now)
    presence.due = None
    if late_s > turn.limits.late_s:
        _slept(turn, late_s)
    else:
        suspects = [agent for agent in _silent(turn) if agent not in presence.doubted]
        crowd = _crowd(turn)
        if suspects and _too_many(turn, crowd):
            _doubt(turn, suspects, crowd)
        else:
            for agent in suspects:
                give_up(turn, agent, _silence(turn, agent))
        _ask_again(turn)
    _schedule(turn)


def checked(turn: Turn, machine: MachineRecord, *, running: bool) -> None:
    """Act on what the target says about a machine."""
    if running:
        return
    reason = "its target says that it does not run"
    if machine.status is Status.PROBLEM:
        change(turn, machine, problem=reason)
    elif machine.agent in turn.memory.presence.heard and _is_unheard(turn, machine.agent):
        give_up(turn, machine.agent, reason, ask=False)


def give_up(turn: Turn, agent: str, reason: str, *, ask: bool = True) -> None:
    """Mark a machine whose agent is lost, and tell the importers on its behalf."""
    machine = turn.memory.machines[agent]
    turn.memory.presence.forget(agent)
    turn.memory.presence.lost[agent] = turn.now.monotonic
    turn.record(machine.application, machine.path, Kind.MACHINE_LOST, f"{machine.path} is lost: {reason}")
    machine = directory.say_farewell(turn, machine, machine.epoch)
    if machine.phase is Phase.DRAINING:
        departure.terminate(turn, machine)
        return
    machine = move(turn, machine, MachineTrigger.AGENT_LOST, reason, problem=reason)
    if ask:
        steps.request(turn, machine, MachineStep.CHECK)


def confirm_loss(turn: Turn, agent: str) -> None:
    """Give up an agent that was doubted, because a user says so."""
    if agent in turn.memory.presence.doubted:
        give_up(turn, agent, "a user confirmed it")


def _expected(machine: MachineRecord) -> bool:
    told = machine.phase in (Phase.RUNNING, Phase.DRAINING)
    return told and machine.status is not Status.PROBLEM


def _is_unheard(turn: Turn, agent: str) -> bool:
    """Whether an agent said nothing since this core lives, or for longer than a heartbeat takes."""
    presence, now = turn.memory.presence, turn.now.monotonic
    silent = presence.heard[agent] <= now - turn.limits.silence_s / 3
    return silent or agent in presence.awaited or agent in presence.doubted or agent in presence.broken


def _silent(turn: Turn) -> list[str]:
    presence, now, limits = turn.memory.presence, turn.now.monotonic, turn.limits
    found = {agent for agent, at in presence.heard.items() if at + limits.silence_s <= now}
    found |= {agent for agent, at in presence.broken.items() if at + limits.reconnect_s <= now}
    return sorted(found)


def _crowd(turn: Turn) -> set[str]:
    """Return the agents that fell silent within one window, those that were given up in it included."""
    presence, now, limits = turn.memory.presence, turn.now.monotonic, turn.limits
    presence.lost = {agent: at for agent, at in presence.lost.items() if at + limits.silence_s > now}
    found = {agent for agent, at in presence.heard.items() if at + limits.silence_s * 2 / 3 <= now}
    return found | set(presence.broken) | set(presence.doubted) | set(presence.lost)


def _too_many(turn: Turn, crowd: set[str]) -> bool:
    everybody = len(turn.memory.presence.heard.keys() | turn.memory.presence.lost.keys())
    return len(crowd) >= turn.limits.crowd and len(crowd) > turn.limits.crowd_share * everybody


def _silence(turn: Turn, agent: str) -> str:
    presence, now = turn.memory.presence, turn.now.monotonic
    if agent in presence.broken and presence.broken[agent] + turn.limits.reconnect_s <= now:
        return "the connection to its agent broke and did not come back"
    return f"no word from its agent for {now - presence.heard[agent]:.0f} s"


def _doubt(turn: Turn, suspects: list[str], crowd: set[str]) -> None:
    for agent in suspects:
        machine = turn.memory.machines[agent]
        text = (
            f"judgement suspended: {len(crowd)} agents fell silent together, {machine.path} among them;"
            " nothing is withdrawn until its target or a user confirms that it is gone"
        )
        turn.record(machine.application, machine.path, Kind.JUDGEMENT_SUSPENDED, text, {"silent": sorted(crowd)})
        turn.memory.presence.doubted[agent] = turn.now.monotonic
        steps.request(turn, machine, MachineStep.CHECK)


def _ask_again(turn: Turn) -> None:
    presence, now = turn.memory.presence, turn.now.monotonic
    for agent, at in sorted(presence.doubted.items()):
        if at + turn.limits.silence_s <= now:
            presence.doubted[agent] = now
            steps.request(turn, turn.memory.machines[agent], MachineStep.CHECK)


def _slept(turn: Turn, late_s: float) -> None:
    presence = turn.memory.presence
    presence.heard = {agent: max(at, turn.now.monotonic) for agent, at in presence.heard.items()}
    presence.broken = dict.fromkeys(presence.broken, turn.now.monotonic)
    presence.doubted = dict.fromkeys(presence.doubted, turn.now.monotonic)
    text = f"the deployment manager was held up for {late_s:.0f} s: every agent gets time to be heard"
    turn.record("", "", Kind.JUDGEMENT_SUSPENDED, text)


def _schedule(turn: Turn) -> None:
    presence, limits = turn.memory.presence, turn.limits
    deadlines = [at + limits.silence_s for agent, at in presence.heard.items() if agent not in presence.doubted]
    deadlines += [at + limits.reconnect_s for agent, at in presence.broken.items() if agent not in presence.doubted]
    deadlines += [at + limits.silence_s for at in presence.doubted.values()]
    if deadlines:
        _wake_at(turn, min(deadlines))


def _wake_at(turn: Turn, due: float) -> None:
    """Look again at a moment, or earlier: only frequent looks show that the deployment manager was asleep."""
    presence = turn.memory.presence
    due = min(due, turn.now.monotonic + turn.limits.watch_s)
    if presence.due is None or due < presence.due:
        presence.due = due
        turn.set_timer(TIMER, due - turn.now.monotonic)
