"""A world of one agent's core: it carries out effects on paper, and lets tests script what happens."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from roboconf_core.agent.core.agent import AgentCore
from roboconf_core.agent.core.state import records_from_plain
from roboconf_core.agent.events import (
    ActionEnded,
    BundleArrived,
    Cancel,
    CancelTimer,
    Connected,
    Effect,
    Event,
    FetchBundle,
    Forget,
    MessageReceived,
    Outcome,
    Publish,
    Run,
    Save,
    SetTimer,
    Started,
    Subscribe,
    TimerFired,
    Unsubscribe,
)
from roboconf_core.messages.codec import decode, encode, to_plain
from roboconf_core.messages.topology import DM_TOPIC, agent_topic
from roboconf_core.messages.types import (
    DM,
    DesiredState,
    Epoch,
    ExportsPublished,
    ImportSpec,
    InstanceReported,
    InstanceSpec,
    Message,
    Publication,
    machine_path_of,
)
from roboconf_core.model.instant import Instant
from roboconf_core.model.lifecycle import Action, Desired, Status
from roboconf_core.model.settings import Settings

START_WALL = 1_000_000.0


class AgentWorld:
    """One agent, its journal, its running actions and all that it said."""

    def __init__(self, agent: str = "app/vm", *, slots: int = 8, generation: int = 1) -> None:
        self.agent = agent
        self.slots = slots
        self.generation = generation
        self.version = 0
        self.seconds = 100.0
        self.journal: dict[str, object] = {}
        self.timers: dict[str, float] = {}
        self.running: dict[str, Run] = {}
        self.runs: list[Run] = []
        self.cancelled: set[str] = set()
        self.effects: list[Effect] = []
        self.sent: list[tuple[str, Message]] = []
        self.topics: set[str] = set()
        self.has_status: set[str] = set()
        self.bundles_arrive = True
        self.sequence = 0
        self._begin()
        self.do(Started(rebooted=False, outcomes={}, running=frozenset()))
        self.do(Connected())

    def _begin(self) -> None:
        records = records_from_plain(json.loads(json.dumps(self.journal)))
        self.core = AgentCore(self.agent, records, slots=self.slots, generation=self.generation)

    # --- driving

    @property
    def now(self) -> Instant:
        return Instant(self.seconds, START_WALL + self.seconds)

    def do(self, event: Event) -> tuple[Effect, ...]:
        effects = self.core.handle(event, now=self.now)
        kinds = [isinstance(effect, Save | Forget) for effect in effects]
        assert kinds == sorted(kinds, reverse=True), "what is journalled comes first"
        for effect in effects:
            self._carry_out(effect)
        self.effects.extend(effects)
        return effects

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Save(key, record):
                self.journal[key] = to_plain(record)
            case Forget(key):
                del self.journal[key]
            case Publish(topic, message):
                assert decode(encode(message)) == message
                self.sent.append((topic, message))
            case Subscribe(topics):
                self.topics |= set(topics)
            case Unsubscribe(topics):
                self.topics -= set(topics)
            case Run():
                assert effect.instance.id not in {run.instance.id for run in self.running.values()}, "one at a time"
                assert effect.id not in {run.id for run in self.runs}, "an id is used once"
                assert len(self.running) < self.slots, "no more actions than slots"
                self.running[effect.id] = effect
                self.runs.append(effect)
            case Cancel(id):
                assert id in self.running
                self.cancelled.add(id)
            case SetTimer(name, at):
                self.timers[name] = at
            case CancelTimer(name):
                self.timers.pop(name, None)
            case FetchBundle(digest):
                if self.bundles_arrive:
                    self.later(BundleArrived(digest))

    def later(self, event: Event) -> None:
        """Deliver an event once the present one is done, through a timer of its own."""
        name = f"later-{len(self.timers)}-{self.sequence}"
        self.sequence += 1
        self._later = {**getattr(self, "_later", {}), name: event}
        self.timers[name] = self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass, firing timers when they are due."""
        end = self.seconds + seconds
        while self.timers and min(self.timers.values()) <= end:
            name = min(self.timers, key=lambda n: (self.timers[n], n))
            self.seconds = max(self.seconds, self.timers.pop(name))
            self.do(self._later.pop(name) if name in getattr(self, "_later", {}) else TimerFired(name))
        self.seconds = end

    def finish(self, path: str, action: Action | None = None, reason: str = "", **outcome: object) -> None:
        """End the running action of an instance."""
        run = self.run_of(path)
        assert action is None or run.action is action, f"{run.action} runs"
        del self.running[run.id]
        if run.action is Action.DEPLOY and not reason:
            outcome.setdefault("has_status", path in self.has_status)
        status = outcome.pop("exit_status", 1 if reason else 0)
        self.do(ActionEnded(run.id, Outcome(exit_status=status, reason=reason, **outcome)))  # type: ignore[arg-type]
        self.advance(0)

    def finish_all(self) -> None:
        """End everything that runs or begins meanwhile, with success."""
        self.advance(0)
        while self.running:
            self.finish(next(iter(self.running.values())).instance.path)

    def crash(
        self, *, rebooted: bool = False, ended: dict[str, Outcome] | None = None, lost: tuple[str, ...] = ()
    ) -> None:
        """End this core; begin another one on the same journal. Actions of the paths in ``lost`` are not found."""
        outcomes = {self.run_of(path).id: outcome for path, outcome in (ended or {}).items()}
        gone = set(outcomes) | {self.run_of(path).id for path in lost} | (set(self.running) if rebooted else set())
        self.running = {id: run for id, run in self.running.items() if id not in gone}
        self.timers.clear()
        self.sent.clear()
        self._begin()
        self.do(Started(rebooted=rebooted, outcomes=outcomes, running=frozenset(self.running)))

    # --- what others say

    def hear(self, message: Message, sender: str = DM) -> None:
        self.do(MessageReceived(sender, message))
        self.advance(0)

    def want(self, *specs: InstanceSpec) -> None:
        """Send a newer desired state."""
        self.version += 1
        self.hear(
            DesiredState(
                generation=self.generation,
                version=self.version,
                machine=spec(machine_path_of(self.agent), exports={"Vm.ip": "10.0.0.1"}),
                instances=specs,
            )
        )

    def exported(self, publication: Publication) -> None:
        """Receive a publication of another agent."""
        self.hear(ExportsPublished(publication=publication), publication.agent)

    # --- looking

    def run_of(self, path: str) -> Run:
        found = [run for run in self.running.values() if run.instance.path == path]
        assert found, f"nothing of {path} runs"
        return found[0]

    def actions(self, path: str | None = None) -> list[str]:
        """Return the actions that began, without polls: ``start`` of one path, or ``start /vm/a`` of all."""
        found = [run for run in self.runs if run.action is not Action.STATUS]
        if path is None:
            return [f"{run.action} {run.instance.path}" for run in found]
        return [str(run.action) for run in found if run.instance.path == path]

    def last_run(self, path: str) -> Run:
        return [run for run in self.runs if run.instance.path == path][-1]

    def messages(self, kind: type, topic: str | None = None) -> list:
        return [m for t, m in self.sent if isinstance(m, kind) and topic in (None, t)]

    def report(self, path: str) -> InstanceReported:
        found = [m for m in self.messages(InstanceReported, DM_TOPIC) if m.path == path]
        assert found, f"nothing was reported of {path}"
        return max(found, key=lambda m: (m.epoch, m.sequence))

    def status(self, path: str) -> Status:
        return self.report(path).status

    def history(self, path: str) -> list[Status]:
        """Return the reported statuses, repetitions left out."""
        found = [m.status for m in self.messages(InstanceReported) if m.path == path]
        return [status for i, status in enumerate(found) if i == 0 or found[i - 1] is not status]

    def published(self, path: str) -> list[Publication]:
        return [m.publication for m in self.messages(ExportsPublished, DM_TOPIC) if m.publication.path == path]

    def exports(self, path: str) -> dict[str, str] | None:
        """Return what an instance exports now, over all prefixes; None when nothing."""
        newest = {p.prefix: p for p in self.published(path)}
        live = [p.variables for p in newest.values() if p.variables is not None]
        return {name: value for variables in live for name, value in variables.items()} or None


def spec(path: str, **fields: object) -> InstanceSpec:
    """Return what is wanted of an instance: started, if nothing else is said."""
    parent, _, name = path.rpartition("/")
    values: dict[str, object] = {
        "id": f"id-{name}",
        "path": path,
        "component": name.capitalize(),
        "installer": "bash",
        "parent": parent,
        "exports": {},
        "bundle": f"sha256:{name}",
        "desired": Desired.DEPLOYED_STARTED,
        "generation": 1,
        **fields,
    }
    settings = values.pop("settings", {})
    imports = values.pop("imports", ())
    values["settings"] = Settings(**settings)  # type: ignore[arg-type]
    values["imports"] = tuple(_import_of(text) for text in imports)  # type: ignore[attr-defined]
    return InstanceSpec(**values)  # type: ignore[arg-type]


def _import_of(text: str) -> ImportSpec:
    """Read ``Db.port`` or ``Db.*?``; the question mark stands for optional."""
    name = text.rstrip("?")
    return ImportSpec(prefix=name.partition(".")[0], names=(name,), optional=text.endswith("?"))


def publication(
    path: str,
    sequence: int = 1,
    *,
    prefix: str = "Db",
    port: str | None = "1",
    boot: int = 1,
    generation: int = 1,
    incarnation: int = 0,
    planned: bool = False,
) -> Publication:
    """Return a publication of ``Db.port``, or its withdrawal, by the agent of the path's machine."""
    return Publication(
        agent="app/" + path.split("/")[1],
        instance="id-" + path.replace("/", "-"),
        path=path,
        component=prefix,
        prefix=prefix,
        epoch=Epoch(generation, boot, incarnation),
        sequence=sequence,
        variables=None if port is None else {f"{prefix}.port": port, f"{prefix}.ip": "10.0.0.9"},
        planned=planned,
    )


class Builders:
    """What the tests build with."""

    spec = staticmethod(spec)
    publication = staticmethod(publication)
    agent_topic = staticmethod(agent_topic)


@pytest.fixture
def make() -> type[Builders]:
    return Builders


@pytest.fixture
def world() -> AgentWorld:
    return AgentWorld()


@pytest.fixture
def new_world() -> Callable[..., AgentWorld]:
    return AgentWorld
