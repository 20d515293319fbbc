"""The mind of the deployment manager: no clock, socket, thread, file or random number inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roboconf_core.dm.core import hearing, liveness, provisioning, requests, specs, steps
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import DEFAULT_LIMITS, Limits
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import (
    AgentConnected,
    AgentDisconnected,
    Effect,
    Event,
    MachineStepDone,
    MachineStepFailed,
    MessageReceived,
    QueueOverflowed,
    Reply,
    Requested,
    Started,
    Subscribe,
    TimerFired,
)
from roboconf_core.errors import RoboconfError
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.model.application import ApplicationTemplate
from roboconf_core.model.instant import Instant


class DmCore:
    """Decides what the deployment manager does: one event in, effects out; deterministic.

    What it knows is in ``memory``, for the pure functions of ``views``, ``settled`` and
    ``explain``; nobody else writes there.
    """

    def __init__(
        self,
        dm_id: str,
        records: Mapping[tuple[str, str], Any],
        *,
        templates: Mapping[str, ApplicationTemplate],
        shared_hosts: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Wake up with what was stored.

        Args:
            dm_id: Identifier of this deployment manager.
            records: What ``Save`` stored, by kind and key, as instances of ``state.RECORDS[kind]``.
            templates: ``name - version`` to the template, for each ``TemplateRecord``.
            shared_hosts: Names of target handlers (all their names) whose machines share one space of ports.
            limits: How patient it is.
        """
        self.memory = Memory(dm_id, records, templates, shared_hosts)
        self._limits = limits

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what is to be done: first what to store, then the rest in order."""
        self.memory.moment = now
        user = event.user if isinstance(event, Requested) else ""
        turn = Turn(self.memory, now, self._limits, _ports_in_use(event), user)
        try:
            self._decide(turn, event)
            for agent in turn.reconsidered():
                provisioning.reconcile(turn, agent)
            specs.publish_changes(turn)
            specs.tell_again(turn)
        except BaseException:
            self.memory.roll_back()
            raise
        changes = self.memory.changes()
        self.memory.commit()
        return (*changes, *turn.effects)

    def _decide(self, turn: Turn, event: Event) -> None:
        match event:
            case Requested():
                self._answer(turn, event)
            case MessageReceived(sender=sender, message=message):
                hearing.hear(turn, sender, message)
            case AgentConnected(agent):
                liveness.connected(turn, agent)
            case AgentDisconnected(agent):
                liveness.disconnected(turn, agent)
            case MachineStepDone():
                provisioning.step_done(turn, event)
            case MachineStepFailed():
                provisioning.step_failed(turn, event)
            case QueueOverflowed():
                hearing.ask_for_everything(turn)
            case TimerFired(name):
                _wake(turn, name)
            case Started():
                turn.add(Subscribe((DM_TOPIC,)))
                provisioning.resume(turn)
                liveness.begin(turn)

    def _answer(self, turn: Turn, event: Requested) -> None:
        try:
            result = requests.carry_out(turn, event.request)
            turn.add(Reply(id=event.id, result=result))
        except RoboconfError as error:
            self.memory.roll_back()
            turn.give_up()
            turn.add(Reply(id=event.id, error=error))


def _ports_in_use(event: Event) -> frozenset[int]:
    return event.ports_in_use if isinstance(event, (Requested, MessageReceived)) else frozenset()


def _wake(turn: Turn, name: str) -> None:
    if name == liveness.TIMER:
        liveness.judge(turn)
    elif name.startswith(steps.TIMER):
        provisioning.time_is_up(turn, name.removeprefix(steps.TIMER))
