"""What one turn of the runner decided: stored in one transaction, then carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from roboconf_core.dm.events import Delete, Effect, Record, RecordAction, Reply, Save, UserRequest
from roboconf_core.dm.transaction import Transaction
from roboconf_core.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to."""

    result: Mapping[str, Any]
    status: int
    replayed: bool = False
    """Whether it is the first answer to the same request, given again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A user's request on its way to the core."""

    id: str
    request: UserRequest
    future: Future[Answer]
    user: str = ""
    status: int = 200
    """HTTP status of a success; kept with the idempotency key."""
    key: str = ""
    """Idempotency key, empty for none."""
    fingerprint: str = ""
    also: Callable[[Transaction], None] | None = None
    """Further changes of the same transaction, in case of success."""


@dataclass(slots=True)
class Decision:
    """The effects of a batch of events, sorted by when they are due."""

    to_store: list[Save | Delete | Record | RecordAction] = field(default_factory=list)
    to_do: list[Effect] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    by_key: dict[str, Asked] = field(default_factory=dict)
    reads: list[tuple[Future[Any], Any]] = field(default_factory=list)
    """Answers to readers: they wait for the commit of what they saw."""
    tags: list[int] = field(default_factory=list)
    """Deliveries to acknowledge after the commit."""

    def take(self, effects: Iterable[Effect]) -> None:
        """Sort in the effects of one event."""
        for effect in effects:
            match effect:
                case Save() | Delete() | Record() | RecordAction():
                    self.to_store.append(effect)
                case Reply(id=identifier):
                    self.replies[identifier] = effect
                case _:
                    self.to_do.append(effect)

    @property
    def durable(self) -> bool:
        """Whether the commit must survive a loss of power: a user waits for it."""
        return bool(self.asked)

    @property
    def changes(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.to_store or self.asked)

    def removes(self, kind: str) -> bool:
        """Tell whether a record of a kind is deleted."""
        return any(isinstance(effect, Delete) and effect.kind == kind for effect in self.to_store)

    def write(self, changes: Transaction, *, time: float) -> None:
        """Put all that is to be kept into a transaction."""
        for effect in self.to_store:
            match effect:
                case Save(kind, key, record):
                    changes.save(kind, key, record)
                case Delete(kind, key):
                    changes.delete(kind, key)
                case Record():
                    changes.add_event(effect, time=time)
                case RecordAction():
                    changes.add_action(effect, time=time)
        for asked in self.asked.values():
            reply = self.replies.get(asked.id)
            if reply is not None and reply.error is None:
                _write_success(changes, asked, reply, time)

    def answer(self) -> None:
        """Tell every user what their request came to, and every reader what they asked."""
        for future, value in self.reads:
            future.set_result(value)
        for asked in self.asked.values():
            reply = self.replies.get(asked.id)
            if reply is None:
                asked.future.set_exception(AssertionError(f"the core did not answer {asked.request!r}"))
            elif reply.error is not None:
                asked.future.set_exception(reply.error)
            else:
                asked.future.set_result(Answer(reply.result, asked.status))

    def fail(self, error: BaseException) -> None:
        """Tell everybody who still waits that the deployment manager cannot go on."""
        for future in (*(asked.future for asked in self.asked.values()), *(future for future, _ in self.reads)):
            if not future.done():
                future.set_exception(error)


def check_same_request(key: str, first: str, now: str) -> None:
    """Raise ``ConflictError`` when an idempotency key comes again with another request."""
    if first != now:
        raise ConflictError(
            f"the idempotency key '{key}' was used for another request", hint="use a new key for each request"
        )


def _write_success(changes: Transaction, asked: Asked, reply: Reply, time: float) -> None:
    if asked.also is not None:
        asked.also(changes)
    if asked.key:
        changes.remember(asked.key, time=time, fingerprint=asked.fingerprint, status=asked.status, result=reply.result)
