"""What happened in a world: counts, actions, broken promises, and on demand a readable trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.messages.types import Message, Publication, application_of
from roboconf_core.model.lifecycle import MACHINE_MOVES, MOVES, Action, MachineMove, Move, Status, Trigger, move_for
from roboconf_core.simulation.conditions import Fault


def whole(agent: str, path: str) -> str:
    """Return the application and the path of an instance of an agent: ``app/vm/web``."""
    return application_of(agent) + path


@dataclass(slots=True, kw_only=True)
class ActionFact:
    """One lifecycle action, as the host saw it: ground truth, whatever the agent believes."""

    agent: str
    machine: str
    id: str
    instance: str
    path: str
    action: Action
    began: float
    """Virtual seconds; from then on it has effects."""
    ended: float | None = None
    succeeded: bool | None = None
    """None while it runs, and when its result was lost."""
    imports: tuple[Publication, ...] = ()
    output: str = ""
    """What it printed; unique."""

    @property
    def who(self) -> str:
        """Application and path."""
        return whole(self.agent, self.path)


@dataclass(slots=True)
class Violation:
    """A promise that was broken."""

    promise: str
    time: float
    text: str

    def __str__(self) -> str:
        return f"{self.time:.3f} s: {self.promise}: {self.text}"


def _row(move: Move | MachineMove) -> str:
    return f"{move.source} {move.trigger}"


MOVE_ROWS = tuple(_row(move) for move in MOVES)
"""Names of the rows of the life-cycle table, as they are counted."""
MACHINE_MOVE_ROWS = tuple(_row(move) for move in MACHINE_MOVES)


def _moves_between(before: InstanceRecord, after: InstanceRecord) -> list[Move]:
    """Return the moves that were made in one decision, as far as the two records tell."""
    found: list[Move] = []
    under_way = move_for(before.source, before.trigger) if before.trigger else None
    stable = before.status if under_way is None else under_way.if_done
    target = after.source if after.trigger else after.status
    between = _IMMEDIATE.get((stable, target))
    if between is not None:
        found.append(between)
    begun = move_for(after.source, after.trigger) if after.trigger else None
    if begun is not None and (before.source, before.trigger) != (after.source, after.trigger):
        found.append(begun)
    if before.status is Status.STOPPING and after.status is Status.DEPLOYED_STARTED:
        found += [move for move in MOVES if move.trigger is Trigger.STILL_RUNNING]
    return found


_IMMEDIATE: dict[tuple[Status, Status], Move] = {
    (move.source, move.if_done): move for move in MOVES if move.action is None and move.source is not Status.STOPPING
}
_MACHINE_ROWS: dict[tuple[str, str], MachineMove] = {(move.source, move.trigger): move for move in MACHINE_MOVES}


@dataclass(slots=True)
class Tally:
    """How often what occurred; tallies of several worlds add up."""

    moves: Counter[str] = field(default_factory=Counter)
    machine_moves: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    events: int = 0
    """Taken in by the cores."""

    def add(self, other: Tally) -> None:
        """Add the counts of another world."""
        for name in ("moves", "machine_moves", "faults", "messages", "requests", "actions"):
            getattr(self, name).update(getattr(other, name))
        self.events += other.events

    def lines(self) -> list[str]:
        """Return the counts as text, one table after the other."""
        lines = [f"{self.events} events"]
        for title, names, counts in self._tables():
            lines.append(f"{title}:")
            lines += [f"  {counts[name]:>9}  {name}" for name in sorted({*names, *counts})]
        return lines

    def rare(self, least: int) -> list[str]:
        """Return what of all that can occur did so less often than a number."""
        return [
            f"{title}: {name}: {counts[name]}"
            for title, names, counts in self._tables()
            for name in names
            if counts[name] < least
        ]

    def _tables(self) -> tuple[tuple[str, tuple[str, ...], Counter[str]], ...]:
        return (
            ("moves of instances", MOVE_ROWS, self.moves),
            ("moves of machines", MACHINE_MOVE_ROWS, self.machine_moves),
            ("faults", tuple(Fault), self.faults),
            ("messages", tuple(cls.__name__ for cls in Message.__args__), self.messages),
            ("requests", (), self.requests),
            ("actions", tuple(Action), self.actions),
        )


class Chronicle:
    """Everything that tests, plans and people may want to know of what happened."""

    def __init__(self, clock: Callable[[], float], *, trace: bool = False) -> None:
        self._clock = clock
        self._traced = trace
        self.tally = Tally()
        self.lines: list[str] = []
        """The trace, if it was asked for: one line per happening."""
        self.actions: list[ActionFact] = []
        """All actions but ``status``, in the order of their beginning."""
        self.violations: list[Violation] = []
        self._last: dict[str, ActionFact] = {}

    def last_of(self, instance: str) -> ActionFact | None:
        """Return the action of an instance that began last, by identifier."""
        return self._last.get(instance)

    # --- what the parts of the world tell

    def note(self, text: str, *details: object) -> None:
        """Add a line to the trace, if there is one; details are put into the text by ``%``."""
        if self._traced:
            self.lines.append(f"{self._clock():9.3f}  {text % details}")

    def broke(self, promise: str, text: str) -> None:
        """Note that a promise was broken."""
        self.violations.append(Violation(promise, self._clock(), text))
        self.note("BROKEN %s: %s", promise, text)

    def fault(self, kind: Fault, who: str, what: str = "") -> None:
        """Count a fault."""
        self.tally.faults[kind] += 1
        self.note("fault   %s: %s %s", who, kind, what)

    def delivered(self, sender: str, receiver: str, message: Message) -> None:
        """Count a message."""
        self.tally.messages[type(message).__name__] += 1
        if self._traced:
            self.note("message %s -> %s: %s", sender, receiver, message)

    def refused(self, sender: str, topic: str) -> None:
        """Note that a peer asked the network for what is not allowed to it."""
        self.broke("agents_speak_for_themselves_only", f"{sender} may not use the topic {topic}")

    def moved(self, agent: str, before: InstanceRecord, after: InstanceRecord) -> None:
        """Count the rows of the life-cycle table that lead from one journalled record to the next."""
        for move in _moves_between(before, after):
            self.tally.moves[_row(move)] += 1
        self.note("status  %s: %s -> %s: %s", whole(agent, after.path), before.status, after.status, after.cause)

    def updated(self) -> None:
        """Count the row of an update, in which the status stays."""
        move = move_for(Status.DEPLOYED_STARTED, Trigger.IMPORTS_CHANGED)
        if move is not None:
            self.tally.moves[_row(move)] += 1

    def machine_moved(self, who: str, before: str, after: str, trigger: str) -> None:
        """Count a row of the machines' table."""
        move = _MACHINE_ROWS.get((before, trigger))
        if move is None or move.target != after:
            self.broke("the_table_tells_all_moves", f"machine {who} went from {before} to {after} by {trigger}")
        else:
            self.tally.machine_moves[_row(move)] += 1
        self.note("machine %s: %s -> %s (%s)", who, before, after, trigger)

    def began(self, fact: ActionFact) -> None:
        """Keep an action that began."""
        self.tally.actions[fact.action] += 1
        if fact.action is not Action.STATUS:
            self.actions.append(fact)
            self._last[fact.instance] = fact
            if self._traced:
                seen = ", ".join(f"{p.prefix}@{p.path}" for p in fact.imports)
                self.note("action  %s: %s %s begins [%s]", fact.who, fact.action, fact.id, seen)

    def ended(self, fact: ActionFact) -> None:
        """Note how an action ended."""
        if fact.action is not Action.STATUS:
            how = {True: "succeeds", False: "fails", None: "is lost"}[fact.succeeded]
            self.note("action  %s: %s %s %s", fact.who, fact.action, fact.id, how)
