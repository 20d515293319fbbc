"""The hands of an agent: carries out what its core decides.

One thread owns the core and reads a queue. The transport has threads of its own; actions
and watched processes belong to the thread of a loop; what may block is done by a few
workers. They all hand over through the queue. Whatever is in the queue is taken in as one
batch: its records are journalled together, then its actions begin and its messages are sent,
then what it took in is acknowledged.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from roboconf_core.agent import events
from roboconf_core.agent.actions import OUTPUT_LIMIT_BYTES, Actions
from roboconf_core.agent.bundles import BundleCache, has_digest
from roboconf_core.agent.core.agent import AgentCore
from roboconf_core.agent.core.state import records_from_plain
from roboconf_core.agent.events import ActionEnded, Effect, Event, MessageReceived, Run, Started
from roboconf_core.agent.hostlock import default_path, lock_directory
from roboconf_core.agent.journal import Change, Journal
from roboconf_core.agent.layout import Layout, remove
from roboconf_core.agent.loop import Loop, Workers
from roboconf_core.agent.marks import MACHINE_MARK
from roboconf_core.agent.outgoing import Outgoing, outgoing
from roboconf_core.agent.outputs import OutputKeeper
from roboconf_core.agent.preparation import Preparation
from roboconf_core.agent.processes import boot_id
from roboconf_core.agent.settings import LaunchSettings
from roboconf_core.agent.watcher import Watcher
from roboconf_core.errors import MessageError
from roboconf_core.hooks.manager import Plugins
from roboconf_core.hooks.transports import Delivery
from roboconf_core.messages.codec import decode, encode, to_plain
from roboconf_core.messages.topology import DM_TOPIC
from roboconf_core.messages.types import DM, BundleChunk, BundleRequested, DesiredState, InstanceSpec, key_of
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import Action
from roboconf_core.model.timers import Timers

log = logging.getLogger(__name__)

HOST_KEY = "@host"
"""Of the journal: the runner's own record; keys of the core have no ``@``."""
BATCH = 256
"""How much of the queue is taken in at once, at most."""
CLOSE_S = 1.0
"""How long messages may still be sent when the agent leaves."""


class Core(Protocol):
    """What decides: ``AgentCore``, or a script in tests."""

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what is to be done."""


Item = Event | Delivery | Callable[[], None]
"""What is in the queue; a call is made in the core's thread."""


class AgentRunner:
    """One agent: ``run`` it in a thread, ``stop`` it from any."""

    def __init__(
        self,
        settings: LaunchSettings,
        plugins: Plugins,
        *,
        make_core: Callable[[Mapping[str, Any]], Core] | None = None,
        host_lock: Path | None = None,
        output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    ) -> None:
        """Make it; nothing is opened yet.

        Args:
            settings: Who it is.
            plugins: Its handlers and transports.
            make_core: Makes the core from the journalled records; ``AgentCore`` by default.
            host_lock: Lock file shared by the agents of this host.
            output_limit_bytes: Of each output of each action.
        """
        self._settings = settings
        self._plugins = plugins
        self._make_core = make_core or self._agent_core
        self._queue: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._timers = Timers()
        self._running: dict[str, Run] = {}
        self._commands: list[int] = []
        """Deliveries that are acknowledged once they are on disk."""
        self._layout = layout = Layout(settings.directory)
        self._loop = Loop("actions")
        self._workers = Workers(_slots(), "worker")
        self._bundles = BundleCache(layout.cache, send=self._request, tell=self._queue.put, verify=self._verify)
        self._actions = Actions(
            layout,
            self._loop,
            self._workers,
            prepare=Preparation(settings, layout, handler=plugins.installer, bundle=self._bundles.file).prepare,
            lock=host_lock or default_path(),
            ended=self._queue.put,
            environment={MACHINE_MARK: settings.machine_id} if settings.machine_id else {},
            output_limit_bytes=output_limit_bytes,
        )
        self._watcher = Watcher(layout, self._loop, restarting=self._actions.is_restarting, died=self._died)
        self._outputs = OutputKeeper(layout, self._loop, self._workers, limit_bytes=output_limit_bytes)
        self.undecodable = 0
        """How many messages could not be understood."""

    def run(self) -> None:
        """Be the agent until ``stop``; what it started goes on afterwards.

        Raises:
            AgentRunsAlreadyError: If another process is this agent.
            PluginError: If the transport is not installed.
            TransportError: If the transport cannot use its settings.
            MessageError: If the journal was written by another version.
            OSError: If the directory cannot be used.
        """
        self._layout.make()
        lock = lock_directory(self._layout.lock)
        try:
            with Journal(self._layout.journal) as self._journal:
                self._live()
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Leave soon; for any thread, and for signal handlers."""
        self._stopping.set()
        self._queue.put(lambda: None)

    # --- for the transport's threads: a Listener

    def connected(self) -> None:
        """Hear that the connection is up."""
        self._queue.put(events.Connected())

    def disconnected(self, reason: str) -> None:
        """Hear that it is down."""
        log.warning("disconnected", extra={"reason": reason})
        self._queue.put(events.Disconnected())

    def delivered(self, delivery: Delivery) -> None:
        """Hear a message."""
        self._queue.put(delivery)

    def overflowed(self) -> None:
        """Hear that messages were dropped."""
        self._queue.put(events.QueueOverflowed())

    # --- the core's thread

    def _live(self) -> None:
        transport = self._plugins.transport(self._settings.transport)
        started, host = self._look_around()
        self._connection = transport.agent(self._settings.transport_settings, self)
        try:
            self._loop.start()
            self._outputs.start()
            self._actions.prepare()
            self._take([started], extra=[(HOST_KEY, host)])
            while not self._stopping.is_set():
                self._take(self._collected())
                self._fire_timers()
        finally:
            self._connection.close(timeout_s=CLOSE_S)
            self._loop.stop()
            self._actions.close()
        log.info("the agent leaves; what it started goes on")

    def _look_around(self) -> tuple[Started, dict[str, str]]:
        """Find out what happened while there was no agent."""
        values = self._journal.values
        host = values.pop(HOST_KEY, {})
        rebooted = bool(host) and host["boot"] != boot_id()
        if self._journal.damaged:
            log.error("the journal had damaged lines, which are ignored", extra={"lines": self._journal.damaged})
        for place in self._layout.trash.iterdir():
            self._workers.submit(partial(remove, place))
        self._workers.submit(partial(self._bundles.clean, time.time()))
        if rebooted:
            self._watcher.forget_boot()
        outcomes, running = self._actions.adopt(rebooted=rebooted)
        self._core = self._make_core(records_from_plain(values))
        log.info(
            "the agent starts",
            extra={"pid": os.getpid(), "rebooted": rebooted, "ended": len(outcomes), "adopted": len(running)},
        )
        return Started(rebooted=rebooted, outcomes=outcomes, running=running), {"boot": boot_id()}

    def _collected(self) -> list[Item]:
        """Return what is in the queue, waiting for the first item until the next timer."""
        due = [at for at in (self._timers.next(), self._bundles.due()) if at is not None]
        try:
            items = [self._queue.get(timeout=max(0.0, min(due) - time.monotonic()) if due else None)]
        except queue.Empty:
            return []
        while len(items) < BATCH and not self._queue.empty():
            items.append(self._queue.get())
        return items

    def _fire_timers(self) -> None:
        """Fire one timer after the other: what one brings about may cancel the next."""
        while (name := self._timers.pop(time.monotonic())) is not None:
            self._take([events.TimerFired(name)])
        self._bundles.tick(time.monotonic())

    def _take(self, items: list[Item], extra: list[Change] | None = None) -> None:
        """Take in items: journal, act, speak, acknowledge."""
        heard = [event for item in items if (event := self._event_of(item)) is not None]
        effects = [effect for event in heard for effect in self._handled(event)]
        self._record(effects, extra or [])
        for effect in effects:
            self._act(effect)
        self._speak(outgoing(effects))
        for item in items:
            self._settle(item)
        if self._commands:
            self._acknowledge_on_disk()

    def _event_of(self, item: Item) -> Event | None:
        if isinstance(item, Delivery):
            return self._understood(item)
        if callable(item):
            item()
            return None
        if isinstance(item, events.Connected):
            log.info("connected")
            self._bundles.connected(time.monotonic())
        elif isinstance(item, events.Disconnected):
            self._bundles.disconnected()
        return item

    def _handled(self, event: Event) -> tuple[Effect, ...]:
        try:
            return self._core.handle(event, now=Instant(time.monotonic(), time.time()))
        except Exception:  # a fault of ours: the machine's other instances must not suffer from it
            log.exception("the event %s could not be handled", type(event).__name__)
            return ()

    def _understood(self, delivery: Delivery) -> Event | None:
        try:
            message = decode(delivery.payload)
        except MessageError as error:
            self.undecodable += 1
            extra = {"sender": delivery.sender, "topic": delivery.topic, "count": self.undecodable}
            log.warning("a message cannot be understood: %s", error, extra=extra)
            return None
        if isinstance(message, DesiredState):
            self._commands.append(delivery.tag)
        if not isinstance(message, BundleChunk):
            return MessageReceived(delivery.sender, message)
        if delivery.sender == DM:
            self._bundles.take(message, time.monotonic())
        else:
            log.warning("a part of a recipe came from a stranger", extra={"sender": delivery.sender})
        return None

    def _record(self, effects: list[Effect], extra: list[Change]) -> None:
        changes: dict[str, Change] = {change[0]: change for change in extra}
        for effect in effects:
            if isinstance(effect, events.Save):
                changes[effect.key] = (effect.key, to_plain(effect.record))
            elif isinstance(effect, events.Forget):
                changes[effect.key] = (effect.key,)
        self._persist(partial(self._journal.commit, list(changes.values())))
        if extra:
            self._persist(self._journal.sync)

    def _persist(self, write: Callable[[], None]) -> None:
        while True:
            try:
                write()
            except OSError as error:
                log.error("the journal cannot be written, trying again: %s", error)
                if self._stopping.wait(1.0):
                    raise
            else:
                return

    def _settle(self, item: Item) -> None:
        """Let go of what was recorded."""
        if isinstance(item, Delivery) and item.tag not in self._commands:
            self._connection.acknowledge(item.tag)
        elif isinstance(item, ActionEnded):
            self._log_end(item)
            self._actions.forget(item.id)
        elif isinstance(item, Started):
            for action_id in item.outcomes:
                self._actions.forget(action_id)

    def _acknowledge_on_disk(self) -> None:
        """Acknowledge what the user asked for once it would outlive a loss of power.

        That ends all processes and takes along what deployments wrote lately: nothing else
        that is recorded is worth waiting for. The core goes on meanwhile.
        """
        tags, self._commands = self._commands, []
        sync = self._journal.syncing()

        def work() -> None:
            try:
                sync()
            except OSError as error:
                log.error("the journal cannot be written, writing it anew: %s", error)
                self._queue.put(lambda: self._persist(self._journal.compact))
            self._queue.put(lambda: self._acknowledge(tags))

        self._workers.submit(work)

    def _acknowledge(self, tags: list[int]) -> None:
        for tag in tags:
            self._connection.acknowledge(tag)

    def _speak(self, effects: Sequence[Outgoing]) -> None:
        for effect in effects:
            match effect:
                case events.Publish(topic, message):
                    self._connection.publish(topic, encode(message), key=key_of(message))
                case events.Subscribe(topics):
                    self._connection.subscribe(topics)
                case events.Unsubscribe(topics):
                    self._connection.unsubscribe(topics)

    def _act(self, effect: Effect) -> None:
        """Carry out what nobody else hears of."""
        match effect:
            case Run():
                self._begin(effect)
            case events.Cancel(action_id):
                self._actions.cancel(action_id)
            case events.Watch(instance):
                self._watcher.watch(instance.id)
            case events.Unwatch(instance_id):
                self._watcher.unwatch(instance_id)
            case events.Discard(instance):
                self._discard(instance)
            case events.SetTimer(name, at):
                self._timers.set(name, at)
            case events.CancelTimer(name):
                self._timers.cancel(name)
            case events.FetchBundle(digest):
                self._bundles.fetch(digest, time.monotonic())

    def _begin(self, run: Run) -> None:
        self._running[run.id] = run
        log.log(_level(run.action), "runs %s", run.action, extra={"instance": run.instance.path, "action_id": run.id})
        self._actions.run(run)

    def _log_end(self, ended: ActionEnded) -> None:
        run = self._running.pop(ended.id, None)
        if ended.outcome.reason:
            level = logging.WARNING if run is None else _level(run.action, logging.WARNING)
            extra = {"instance": run.instance.path, "action": run.action} if run else {}
            log.log(level, "an action failed: %s", ended.outcome.reason, extra={**extra, "action_id": ended.id})

    def _discard(self, instance: InstanceSpec) -> None:
        """Remove all that an instance left; its place is free at once."""
        layout = self._layout
        for path in (
            layout.instance(instance.installer, instance.path),
            layout.outputs(instance.id),
            layout.pid_file(instance.id),
            layout.seen(instance.id),
        ):
            if place := layout.discard(path):
                self._workers.submit(partial(remove, place))

    def _agent_core(self, records: Mapping[str, Any]) -> Core:
        return AgentCore(
            self._settings.agent,
            records,
            slots=_slots(),
            generation=self._settings.generation,
            handlers=self._plugins.installer_versions(),
            address=self._settings.address,
        )

    # --- lent to the parts

    def _died(self, instance_id: str) -> None:
        self._queue.put(events.ProcessDied(instance_id))

    def _request(self, request: BundleRequested) -> None:
        self._connection.publish(DM_TOPIC, encode(request), key=None)

    def _verify(self, digest: str, file: Path, told: Callable[[bool], None]) -> None:
        def work() -> None:
            right = has_digest(file, digest)
            self._queue.put(partial(told, right))

        self._workers.submit(work)


def _level(action: Action, level: int = logging.INFO) -> int:
    """Return at which level an action is logged: polls come often, and may well fail."""
    return logging.DEBUG if action is Action.STATUS else level


def _slots() -> int:
    """Return how many actions may run at once."""
    return max(4, os.cpu_count() or 1)
