"""The tables of the store, and what one transaction may change in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from roboconf_core.dm.events import Record, RecordAction
from roboconf_core.messages.codec import to_plain

metadata = sa.MetaData()

records = sa.Table(
    "records",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What the core knows; bodies are JSON."""

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Index("events_of_application", "application", "id"),
    sqlite_autoincrement=True,
)
"""The history; ids are never used again, also when old events are removed."""

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("application", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("application", "id"),
    sa.Index("actions_of_application", "application", "seq"),
    sa.Index("actions_by_time", "time"),
    sqlite_autoincrement=True,
)
"""What ended actions printed; a report that comes twice is kept once."""

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)
"""First answers to requests that carried a key."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""Schema version, identifier, address, and which files belong to which template."""


class Transaction:
    """What one decision (or several, of agents) changes; written at once by ``flush``."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._records: dict[tuple[str, str], str | None] = {}
        self._events: list[dict[str, Any]] = []
        self._actions: list[dict[str, Any]] = []

    def save(self, kind: str, key: str, record: object) -> None:
        """Store a record, replacing the one before."""
        self._records[kind, key] = _json(record)

    def delete(self, kind: str, key: str) -> None:
        """Remove a record."""
        self._records[kind, key] = None

    def add_event(self, event: Record, *, time: float) -> None:
        """Add to the history."""
        row = {"application": event.application, "path": event.path, "kind": event.kind, "text": event.text}
        self._events.append(row | {"time": time, "details": _json(dict(event.details))})

    def add_action(self, action: RecordAction, *, time: float) -> None:
        """Keep what an action printed."""
        row = {"application": action.application, "path": action.report.path, "id": action.report.id}
        self._actions.append(row | {"time": time, "body": _json(action.report)})

    def remember(self, key: str, *, time: float, fingerprint: str, status: int, result: Mapping[str, Any]) -> None:
        """Keep the answer to a request that carried an idempotency key."""
        row = {"key": key, "time": time, "fingerprint": fingerprint, "status": status}
        self._connection.execute(sa.insert(idempotency), row | {"result": _json(dict(result))})

    def set_text(self, name: str, value: str) -> None:
        """Set a text of the ``meta`` table."""
        statement = insert(meta).values(name=name, value=value)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def remove_text(self, name: str) -> None:
        """Remove a text of the ``meta`` table."""
        self._connection.execute(sa.delete(meta).where(meta.c.name == name))

    def forget_before(self, *, events_time: float, actions_time: float, keys_time: float) -> None:
        """Remove history, outputs and idempotency keys that are older than these moments (Unix seconds)."""
        for table, time in ((events, events_time), (actions, actions_time), (idempotency, keys_time)):
            self._connection.execute(sa.delete(table).where(table.c.time < time))

    def keep_newest(self, *, events_count: int, actions_count: int) -> None:
        """Remove the oldest events and outputs beyond these numbers."""
        for column, count in ((events.c.id, events_count), (actions.c.seq, actions_count)):
            newest = sa.select(sa.func.max(column)).scalar_subquery()
            self._connection.execute(sa.delete(column.table).where(column <= newest - count))

    def forget_history(self, application: str) -> None:
        """Remove events and outputs of an application, except those of this transaction."""
        for table in (events, actions):
            self._connection.execute(sa.delete(table).where(table.c.application == application))

    def flush(self) -> None:
        """Write what was gathered."""
        gone = [{"b_kind": kind, "b_key": key} for (kind, key), body in self._records.items() if body is None]
        kept = [{"kind": kind, "key": key, "body": body} for (kind, key), body in self._records.items() if body]
        if gone:
            statement = sa.delete(records)
            statement = statement.where(records.c.kind == sa.bindparam("b_kind"))
            self._connection.execute(statement.where(records.c.key == sa.bindparam("b_key")), gone)
        if kept:
            self._connection.execute(_REPLACE_RECORD, kept)
        if self._events:
            self._connection.execute(sa.insert(events), self._events)
        if self._actions:
            self._connection.execute(_ADD_ACTION, self._actions)


_REPLACE_RECORD = insert(records)
_REPLACE_RECORD = _REPLACE_RECORD.on_conflict_do_update(
    index_elements=["kind", "key"], set_={"body": _REPLACE_RECORD.excluded.body}
)
_ADD_ACTION = insert(actions).on_conflict_do_nothing()


def _json(value: object) -> str:
    return json.dumps(to_plain(value), separators=(",", ":"), ensure_ascii=False)
