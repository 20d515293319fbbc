"""Drives the deployment manager's core as its runner does, over a virtual store and a virtual cloud."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, Protocol

from roboconf_core.dm import events
from roboconf_core.dm.core import state
from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import Limits
from roboconf_core.dm.events import DoMachineStep, Effect, Event, MachineStepDone, MachineStepFailed, UserRequest
from roboconf_core.dm.senders import why_forged
from roboconf_core.messages.codec import from_plain, to_plain
from roboconf_core.messages.topology import agent_topic
from roboconf_core.messages.types import DM, ActionReported, BundleChunk, Message
from roboconf_core.model.application import ApplicationTemplate
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import MachineTrigger, Status
from roboconf_core.simulation.chronicle import Chronicle
from roboconf_core.simulation.conditions import CrashPoint, Fault
from roboconf_core.simulation.network import Network, Outbox
from roboconf_core.simulation.process import Process
from roboconf_core.simulation.schedule import Schedule

DM_ID = "dm-1"

_CRASHES = {
    CrashPoint.BEFORE_SAVE: Fault.MANAGER_CRASHED_BEFORE_SAVE,
    CrashPoint.AFTER_SAVE: Fault.MANAGER_CRASHED_AFTER_SAVE,
    CrashPoint.BEFORE_ACKNOWLEDGING: Fault.MANAGER_CRASHED_AFTER_SAVE,
}


class ManagerMind(Protocol):
    """What decides: ``DmCore``, or a mutant of it."""

    @property
    def memory(self) -> Memory:
        """All that the core knows; not to be changed."""

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what is to be done."""


MakeManager = Callable[..., ManagerMind]
"""Called like ``DmCore``."""

StepResult = MachineStepDone | MachineStepFailed
DoStep = Callable[[DoMachineStep, Callable[[StepResult], None]], None]
"""Begins a step; the call is made when it is over, also after the end of who asked."""


class Store:
    """What the deployment manager's database holds; outlives its processes."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Any] = {}
        """By kind and key."""
        self.templates: dict[str, ApplicationTemplate] = {}
        self.reports: dict[str, ActionReported] = {}
        """What actions printed, by action id."""
        self.history: list[events.Record] = []
        self.acknowledged: dict[str, state.InstanceRecord] = {}
        """Instances as they were when a request was last answered: what users rely on."""
        self.requests = 0

    def read(self, *, serialized: bool = False) -> dict[tuple[str, str], Any]:
        """Return all records, as a deployment manager that starts reads them."""
        if not serialized:
            return dict(self.records)
        plain = {place: json.loads(json.dumps(to_plain(record))) for place, record in self.records.items()}
        return {place: from_plain(state.RECORDS[place[0]], value) for place, value in plain.items()}

    def of_kind(self, kind: str) -> Iterator[Any]:
        """Iterate over the records of a kind."""
        return (record for (other, _), record in self.records.items() if other == kind)


class ManagerProcess(Process):
    """One life of the deployment manager."""

    def __init__(
        self,
        store: Store,
        network: Network,
        schedule: Schedule,
        chronicle: Chronicle,
        *,
        make: MakeManager = DmCore,
        limits: Limits,
        shared_hosts: frozenset[str],
        do_step: DoStep,
        crashed: Callable[[ManagerProcess], None],
        gave_up: Callable[[str], None],
        clock_began: float = 0.0,
        serialized: bool = False,
        batch_s: float = 0.0,
    ) -> None:
        super().__init__(DM, schedule, chronicle, clock_began=clock_began, batch_s=batch_s)
        self._store = store
        self._network = network
        self._outbox = Outbox(network, DM)
        self._do_step = do_step
        self._crashed = crashed
        self._gave_up = gave_up
        self._steps: dict[str, deque[DoMachineStep]] = {}
        self._replies: dict[str, events.Reply] = {}
        self._check_what_was_acknowledged()
        self._core = make(
            DM_ID,
            store.read(serialized=serialized),
            templates=dict(store.templates),
            shared_hosts=shared_hosts,
            limits=limits,
        )

    @property
    def memory(self) -> Memory:
        """All that the core knows; not to be changed."""
        return self._core.memory

    def start(self) -> None:
        """Begin to decide."""
        self._take(events.Started())
        self._flush()

    def request(self, request: UserRequest, ports_in_use: frozenset[int] = frozenset()) -> events.Reply | None:
        """Hand in a user's request; return the answer, or None when the process died over it or is asleep."""
        if self._asleep or not self.alive:
            return None
        self._store.requests += 1
        request_id = f"r{self._store.requests}"
        if isinstance(request, events.AddTemplate):
            self._store.templates[request.template.key] = request.template
        self._take(events.Requested(id=request_id, request=request, user="simulated", ports_in_use=ports_in_use))
        self._flush()
        reply = self._replies.pop(request_id, None)
        if reply is None and self.alive:
            self._chronicle.broke("every_request_is_answered", f"{request}")
        self._chronicle.tally.requests[type(request).__name__] += 1
        answer = "not answered" if reply is None else reply.error or dict(reply.result)
        self._chronicle.note("request %s: %s", _in_short(request), answer)
        return reply

    def crashed(self) -> None:
        """Die at once; steps of machines that were begun go on, nobody hears of it."""
        super().crashed()
        self._network.disconnect(DM, told=False)
        self._crashed(self)

    # --- an endpoint of the network

    def connected(self) -> None:
        """Hear that the connection is up."""
        self._outbox.connected()

    def disconnected(self) -> None:
        """Hear that it is down: the transport keeps trying."""

    def overflowed(self) -> None:
        """Hear that the own queue was dropped."""
        self._awake(partial(self._take, events.QueueOverflowed()))

    def agent_there(self, agent: str, there: bool) -> None:
        """Hear that an agent's connection is up or gone."""
        event = events.AgentConnected(agent) if there else events.AgentDisconnected(agent)
        self._awake(partial(self._take, event))

    def delivered(self, sender: str, message: Message, acknowledge: Callable[[], None]) -> None:
        """Hear a message."""
        self._awake(partial(self._delivered, sender, message, acknowledge))

    def _delivered(self, sender: str, message: Message, acknowledge: Callable[[], None]) -> None:
        if why_forged(sender, message):
            acknowledge()
        else:
            self._take(events.MessageReceived(sender=sender, message=message), acknowledge)

    # --- decisions

    def _carried_out(self, batch: list[Event]) -> bool:
        decisions = [(event, self._decided(event, self._core.handle)) for event in batch]
        stored = any(isinstance(e, (events.Save, events.Delete)) for _, effects in decisions for e in effects)
        point = self.crash_next if stored or self.crash_next is CrashPoint.BEFORE_ACKNOWLEDGING else None
        if point is not None:
            self._chronicle.fault(_CRASHES[point], DM, type(batch[-1]).__name__)
        if point is CrashPoint.BEFORE_SAVE and self._dies_at(point):
            return False
        for event, effects in decisions:
            self._commit(effects, by_user=isinstance(event, events.Requested))
        if point is CrashPoint.AFTER_SAVE and self._dies_at(point):
            return False
        for _, effects in decisions:
            for effect in effects:
                self._carry_out(effect)
        return not (point is CrashPoint.BEFORE_ACKNOWLEDGING and self._dies_at(point))

    def _commit(self, effects: tuple[Effect, ...], *, by_user: bool) -> None:
        for effect in effects:
            match effect:
                case events.Save(kind, key, record):
                    self._look_at(kind, self._store.records.get((kind, key)), record, by_user=by_user)
                    self._store.records[kind, key] = record
                case events.Delete(kind, key):
                    self._look_at(kind, self._store.records.pop((kind, key), None), None, by_user=by_user)
                case events.RecordAction():
                    self._store.reports[effect.report.id] = effect.report
                case events.Record():
                    self._store.history.append(effect)
                    self._chronicle.note("history %s: %s", effect.kind, effect.text)
                    self._note_move(effect)
                case _:
                    pass

    def _note_move(self, record: events.Record) -> None:
        """Note the move of a machine; those of other instances have no trigger here."""
        before, after, trigger = (record.details.get(name) for name in ("from", "to", "trigger"))
        if before and after and trigger:
            self._chronicle.machine_moved(record.application + record.path, before, after, trigger)
            if trigger == MachineTrigger.AGENT_LOST and before == Status.DEPLOYED_STARTED:
                self._gave_up(record.application + record.path)

    def _look_at(self, kind: str, before: Any, after: Any, *, by_user: bool) -> None:  # noqa: ANN401 - any of the DM's records
        if kind != state.INSTANCE or before is None:
            return
        if after is None and (before.removing or by_user):
            self._store.acknowledged.pop(before.id, None)
        elif by_user:
            return
        elif after is None or (after.desired, after.generation) != (before.desired, before.generation):
            self._chronicle.broke("acknowledged_requests_survive", f"{before} became {after}, which nobody asked for")

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case events.Save() | events.Delete() | events.Record() | events.RecordAction():
                pass
            case events.Publish(topic, message):
                self._outbox.publish(topic, message)
            case events.SetTimer(name, at):
                self._set_timer(name, at, self._fired)
            case events.CancelTimer(name):
                self._cancel_timer(name)
            case events.Subscribe(topics):
                self._outbox.subscribe(topics)
            case events.Unsubscribe(topics):
                self._outbox.subscribe(topics, wanted=False)
            case events.Reply():
                self._reply(effect)
            case events.DoMachineStep():
                self._queue_step(effect)
            case events.SendBundle(agent=agent, digest=digest, offset=offset):
                chunk = BundleChunk(digest=digest, offset=offset, size=1, data="eA==")
                self._outbox.publish(agent_topic(agent), chunk)

    def _fired(self, name: str) -> None:
        self._take(events.TimerFired(name))

    # --- what users rely on

    def _reply(self, reply: events.Reply) -> None:
        self._replies[reply.id] = reply
        if reply.error is None:
            self._store.acknowledged = {i.id: i for i in self._core.memory.instances.values()}

    def _check_what_was_acknowledged(self) -> None:
        kept: Mapping[str, state.InstanceRecord] = {i.id: i for i in self._store.of_kind(state.INSTANCE)}
        for instance in self._store.acknowledged.values():
            found = kept.get(instance.id)
            if found is None or found.generation < instance.generation:
                text = f"{instance.path}: {instance.desired} of generation {instance.generation} is lost"
                self._chronicle.broke("acknowledged_requests_survive", text)

    # --- steps of machines, one at a time for each machine

    def _queue_step(self, step: DoMachineStep) -> None:
        waiting = self._steps.get(step.agent)
        if waiting is None:
            self._steps[step.agent] = deque()
            self._do_step(step, partial(self._step_over, step))
        else:
            waiting.append(step)

    def _step_over(self, step: DoMachineStep, result: StepResult) -> None:
        self._awake(partial(self._take_step, step, result))

    def _take_step(self, step: DoMachineStep, result: StepResult) -> None:
        waiting = self._steps[step.agent]
        while waiting and isinstance(result, MachineStepDone) and waiting[0].repeats(step):
            waiting.popleft()
        if waiting:
            following = waiting.popleft()
            self._do_step(following, partial(self._step_over, following))
        else:
            del self._steps[step.agent]
        self._take(result)


def _in_short(request: UserRequest) -> str:
    """Return a request as a line of the trace: what it is, and what of it is plain."""
    values = ((field.name, getattr(request, field.name)) for field in fields(request))
    return " ".join([type(request).__name__, *(f"{n}={v}" for n, v in values if isinstance(v, (str, int)) and v != "")])
