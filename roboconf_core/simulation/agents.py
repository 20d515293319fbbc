"""Drives one agent's core as the agent's runner does, on a virtual host."""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import partial
from typing import Protocol

from roboconf_core.agent import events
from roboconf_core.agent.core.agent import AgentCore
from roboconf_core.agent.core.state import INSTANCE_PREFIX, InstanceRecord
from roboconf_core.agent.events import Effect, Event, Outcome
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import DM, BundleChunk, BundleRequested, ExportsPublished, Message, Publication
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import Action, Desired, Status
from roboconf_core.simulation.chronicle import Chronicle, whole
from roboconf_core.simulation.conditions import CrashPoint, Fault
from roboconf_core.simulation.heard import Heard
from roboconf_core.simulation.host import Entered, Host
from roboconf_core.simulation.network import Network, Outbox
from roboconf_core.simulation.process import Process
from roboconf_core.simulation.schedule import Schedule

BUNDLE_RETRY_S = 4.0
"""After which a recipe that did not come is asked for again."""

SLOTS = 4

_CRASHES = {
    CrashPoint.BEFORE_SAVE: Fault.AGENT_CRASHED_BEFORE_SAVE,
    CrashPoint.AFTER_SAVE: Fault.AGENT_CRASHED_AFTER_SAVE,
    CrashPoint.BEFORE_ACKNOWLEDGING: Fault.AGENT_CRASHED_BEFORE_ACKNOWLEDGING,
}


class AgentMind(Protocol):
    """What decides: ``AgentCore``, or a mutant of it."""

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what is to be done."""


MakeAgent = Callable[..., AgentMind]
"""Called like ``AgentCore``."""


class AgentProcess(Process):
    """One life of an agent."""

    def __init__(
        self,
        host: Host,
        network: Network,
        schedule: Schedule,
        chronicle: Chronicle,
        *,
        make: MakeAgent = AgentCore,
        crashed: Callable[[AgentProcess], None],
        batch_s: float = 0.0,
    ) -> None:
        """Begin a life on a host.

        Args:
            host: Where it lives; its disk holds the journal.
            network: To publish to; the world connects it.
            schedule: Of the world.
            chronicle: Of the world.
            make: Makes the core.
            crashed: Told when it dies.
            batch_s: How long it gathers events before it takes them in.
        """
        super().__init__(host.agent, schedule, chronicle, clock_began=host.booted, batch_s=batch_s)
        self.host = host
        self._network = network
        self._outbox = Outbox(network, host.agent)
        self._crashed = crashed
        self.heard = Heard()
        self.is_batch = False
        """Whether the present decisions are about several events: what came last is unknown to the first of them."""
        self._wanted_bundles: set[str] = set()
        self._core = make(
            host.agent,
            host.read_disk(),
            slots=SLOTS,
            generation=host.generation,
            handlers={"script": "1.0"},
            address="127.0.0.1",
        )

    def start(self) -> None:
        """Look around, and take in what happened meanwhile."""
        host = self.host
        outcomes, running = host.adopt()
        host.ended, host.died = self._ended, self._died
        started = events.Started(rebooted=host.rebooted, outcomes=outcomes, running=running)
        host.rebooted = False
        self._doubt_lost_updates(outcomes.keys() | running)
        self._take(started, partial(self._forget_outcomes, tuple(outcomes)))
        self._flush()

    def _forget_outcomes(self, action_ids: tuple[str, ...]) -> None:
        for action_id in action_ids:
            self.host.forget_outcome(action_id)

    def _doubt_lost_updates(self, known: Set[str]) -> None:
        """An update that nobody can tell anything of is rightly run again, whatever it is to see."""
        for record in self.host.disk.values():
            running = record.running if isinstance(record, InstanceRecord) else None
            if running is not None and running.action is Action.UPDATE and running.id not in known:
                software = self.host.software.get(record.id)
                if software is not None:
                    software.failed_update = True

    def crashed(self) -> None:
        """Die at once; actions on the host go on."""
        super().crashed()
        self.host.ended = self.host.died = None
        self.host.watched.clear()
        self._network.disconnect(self.name, told=False)
        self._crashed(self)

    # --- an endpoint of the network

    def connected(self) -> None:
        """Hear that the connection is up."""
        self._awake(self._connected)

    def disconnected(self) -> None:
        """Hear that it is down."""
        self._awake(partial(self._take, events.Disconnected()))

    def overflowed(self) -> None:
        """Hear that the queue was dropped."""
        self._awake(partial(self._take, events.QueueOverflowed()))

    def delivered(self, sender: str, message: Message, acknowledge: Callable[[], None]) -> None:
        """Hear a message."""
        self._awake(partial(self._delivered, sender, message, acknowledge))

    def _connected(self) -> None:
        self._outbox.connected()
        self._take(events.Connected())
        for digest in sorted(self._wanted_bundles):
            self._request_bundle(digest)

    def _delivered(self, sender: str, message: Message, acknowledge: Callable[[], None]) -> None:
        if isinstance(message, BundleChunk):
            acknowledge()
            if sender == DM:
                self._bundle_came(message)
            return
        self.heard.take(sender, message)
        self._take(events.MessageReceived(sender, message), acknowledge)

    # --- from the host

    def _ended(self, action_id: str, outcome: Outcome) -> None:
        self._awake(partial(self._take_outcome, action_id, outcome))

    def _take_outcome(self, action_id: str, outcome: Outcome) -> None:
        self._take(events.ActionEnded(action_id, outcome), partial(self.host.forget_outcome, action_id))

    def _died(self, instance: str) -> None:
        self._awake(partial(self._take, events.ProcessDied(instance)))

    def _fired(self, name: str) -> None:
        self._take(events.TimerFired(name))

    # --- decisions

    def _carried_out(self, batch: list[Event]) -> bool:
        effects = [effect for event in batch for effect in self._decided(event, self._core.handle)]
        saves = [effect for effect in effects if isinstance(effect, (events.Save, events.Forget))]
        point = self.crash_next if saves or self.crash_next is CrashPoint.BEFORE_ACKNOWLEDGING else None
        if point is not None:
            self._chronicle.fault(_CRASHES[point], self.name, type(batch[-1]).__name__)
        if point is CrashPoint.BEFORE_SAVE and self._dies_at(point):
            return False
        for save in saves:
            self._keep(save)
        if point is CrashPoint.AFTER_SAVE and self._dies_at(point):
            return False
        self.is_batch = len(batch) > 1
        for effect in effects:
            self._carry_out(effect)
        for publication in _last_publications(effects):
            self._check_exports(publication)
        return not (point is CrashPoint.BEFORE_ACKNOWLEDGING and self._dies_at(point))

    def _keep(self, change: events.Save | events.Forget) -> None:
        disk = self.host.disk
        if isinstance(change, events.Forget):
            disk.pop(change.key, None)
            return
        if change.key.startswith(INSTANCE_PREFIX):
            self._note_move(disk.get(change.key), change.record)
        disk[change.key] = change.record

    def _note_move(self, before: InstanceRecord | None, after: InstanceRecord) -> None:
        if before is not None and before.status is not after.status:
            unwanted = after.vanished or after.spec.desired is not Desired.DEPLOYED_STARTED
            planned = unwanted and before.status is Status.DEPLOYED_STARTED
            self.host.entered[after.id] = Entered(after.status, self._schedule.now, planned)
            self._chronicle.moved(self.name, before, after)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case events.Save() | events.Forget():
                pass
            case events.Publish(topic, message):
                self._outbox.publish(topic, message)
            case events.SetTimer(name, at):
                self._set_timer(name, at, self._fired)
            case events.CancelTimer(name):
                self._cancel_timer(name)
            case events.Run():
                if effect.action is Action.UPDATE:
                    self._chronicle.updated()
                self.host.run(effect)
            case events.Cancel(action_id):
                self.host.cancel(action_id)
            case events.Watch(instance):
                self.host.watch(instance.id)
            case events.Unwatch(instance_id):
                self.host.unwatch(instance_id)
            case events.Discard(instance):
                self.host.discard(instance.id, instance.path)
            case events.Subscribe(topics):
                self._outbox.subscribe(topics)
            case events.Unsubscribe(topics):
                self._outbox.subscribe(topics, wanted=False)
            case events.FetchBundle(digest):
                self._fetch_bundle(digest)

    def _check_exports(self, publication: Publication) -> None:
        """Software is published once it serves, and as long as it is started."""
        record = self.host.disk.get(INSTANCE_PREFIX + publication.instance)
        if publication.variables is None or record is None:
            return
        software = self.host.software.get(publication.instance)
        serves = software is None or not software.recipe.has_status or software.ready_at <= self._schedule.now
        if record.status is not Status.DEPLOYED_STARTED or not serves:
            text = f"{whole(self.name, publication.path)} is {record.status}, and published"
            self._chronicle.broke("exports_only_of_what_serves", text)

    # --- recipes

    def _fetch_bundle(self, digest: str) -> None:
        if digest in self.host.bundles:
            self._schedule.after(0.001, partial(self._awake, partial(self._take, events.BundleArrived(digest))))
        else:
            self._wanted_bundles.add(digest)
            self._request_bundle(digest)

    def _request_bundle(self, digest: str) -> None:
        if not self.alive or digest not in self._wanted_bundles:
            return
        self._outbox.publish(DM_TOPIC, BundleRequested(digest=digest, offset=0))
        self._schedule.after(BUNDLE_RETRY_S, partial(self._request_bundle, digest))

    def _bundle_came(self, chunk: BundleChunk) -> None:
        if chunk.digest not in self._wanted_bundles:
            return
        self._wanted_bundles.discard(chunk.digest)
        if chunk.size:
            self.host.bundles.add(chunk.digest)
            self._take(events.BundleArrived(chunk.digest))
        else:
            self._take(events.BundleFailed(chunk.digest, "the deployment manager does not have it"))


def _last_publications(effects: list[Effect]) -> list[Publication]:
    """Return what a decision says of exports in the end: of what it replaces itself nobody hears."""
    said = [effect.message for effect in effects if isinstance(effect, events.Publish)]
    found = [message.publication for message in said if isinstance(message, ExportsPublished)]
    return list({(p.instance, p.prefix): p for p in found}.values())
