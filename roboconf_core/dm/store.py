"""The memory of the deployment manager, in SQLite: one transaction per decision."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from roboconf_core.dm.transaction import Transaction, actions, events, idempotency, meta, metadata, records
from roboconf_core.errors import Code, MessageError, RoboconfError
from roboconf_core.messages.codec import from_plain

log = logging.getLogger(__name__)

SCHEMA_VERSION = "1"


class StoreError(RoboconfError):
    """The store cannot be opened, read or written: the deployment manager cannot go on."""

    code = Code.DM_STORE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One thing that happened, as users see it."""

    id: int
    """Grows; a cursor for replay."""
    time: float
    """Wall time (Unix seconds)."""
    application: str
    path: str
    kind: str
    text: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The answer to a request that carried an idempotency key."""

    fingerprint: str
    """Digest of the request, to tell a repetition from another request."""
    status: int
    result: Mapping[str, Any]


class Store:
    """Owns the database; ``transaction`` belongs to one thread, the readers to any.

    The log is written ahead (WAL): a killed process loses nothing that was
    committed. A *durable* commit also survives a loss of power (``synchronous=FULL``).
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        try:
            metadata.create_all(self._engine)
            self._check_version()
            self._writer = self._engine.connect().execution_options(roboconf_writes=True)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"the database cannot be opened: {_reason(error)}", hint=f"see {url}") from error

    @property
    def dm_id(self) -> str:
        """Identifier of this deployment manager, made with the database."""
        return self.remembered_text("dm_id")

    def load(self, kinds: Mapping[str, type[Any]]) -> Iterator[tuple[str, str, Any]]:
        """Yield kind, key and record of all that is stored, in the order of kinds and keys.

        Raises:
            StoreError: If a record is of an unknown kind or cannot be understood.
        """
        query = sa.select(records.c.kind, records.c.key, records.c.body).order_by(records.c.kind, records.c.key)
        with self._reading() as connection:
            for kind, key, body in connection.execute(query):
                if kind not in kinds:
                    hint = "update roboconf-core: a newer version wrote this database"
                    raise StoreError(f"the database holds records of the unknown kind '{kind}'", hint=hint)
                try:
                    record = from_plain(kinds[kind], json.loads(body))
                except (ValueError, MessageError) as error:
                    raise StoreError(f"record {kind} '{key}' cannot be understood: {error}") from error
                yield kind, key, record

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Transaction]:
        """Open the one transaction of a decision: commits at the end of the block, or nothing of it is kept.

        Args:
            durable: Whether the commit must survive a loss of power.

        Raises:
            StoreError: If it cannot be committed; nothing of the decision may be carried out.
        """
        try:
            self._set_durability(durable)
            with self._writer.begin():
                changes = Transaction(self._writer)
                yield changes
                changes.flush()
        except sa.exc.SQLAlchemyError as error:
            hint = "free some space on its disk; what was acknowledged is kept"
            raise StoreError(f"the database cannot be written: {_reason(error)}", hint=hint) from error

    def events_after(self, after: int, *, application: str = "", limit: int = 100) -> list[StoredEvent]:
        """Return the oldest events with an id above ``after``, at most ``limit``, oldest first."""
        return self._events(events.c.id > after, events.c.id.asc(), application, limit)

    def newest_events(self, *, application: str = "", limit: int = 100) -> list[StoredEvent]:
        """Return the newest events, oldest first."""
        return self._events(sa.true(), events.c.id.desc(), application, limit)[::-1]

    def newest_event_id(self) -> int:
        """Return the id of the newest event, 0 when there is none."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0)

    def newest_actions(self, application: str, *, path: str = "", limit: int = 20) -> list[dict[str, Any]]:
        """Return what the newest actions printed, oldest first.

        Args:
            application: Its name.
            path: Of an instance, whose whole subtree is meant; empty for all.
            limit: How many at most.
        """
        query = sa.select(actions.c.seq, actions.c.body).where(actions.c.application == application)
        if path:
            below = actions.c.path.startswith(path + "/", autoescape=True)
            query = query.where(sa.or_(actions.c.path == path, below))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(actions.c.seq.desc()).limit(limit)).all()
        return [{"seq": row.seq, **json.loads(row.body)} for row in reversed(rows)]

    def remembered(self, key: str) -> Remembered | None:
        """Return the first answer to a request with an idempotency key, or None."""
        with self._reading() as connection:
            row = connection.execute(sa.select(idempotency).where(idempotency.c.key == key)).one_or_none()
        if row is None:
            return None
        return Remembered(fingerprint=row.fingerprint, status=row.status, result=json.loads(row.result))

    def remembered_text(self, name: str) -> str:
        """Return a text of the ``meta`` table, empty when absent."""
        with self._reading() as connection:
            return str(connection.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar() or "")

    def texts(self, prefix: str) -> dict[str, str]:
        """Return the texts of the ``meta`` table whose names start with a prefix."""
        query = sa.select(meta.c.name, meta.c.value).where(meta.c.name.startswith(prefix, autoescape=True))
        with self._reading() as connection:
            return {row.name: row.value for row in connection.execute(query)}

    def close(self) -> None:
        """Close all connections."""
        self._writer.close()
        self._engine.dispose()

    def _events(self, condition: Any, order: Any, application: str, limit: int) -> list[StoredEvent]:  # noqa: ANN401 - SQL expressions
        query = sa.select(events).where(condition).order_by(order).limit(limit)
        if application:
            query = query.where(events.c.application == application)
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [StoredEvent(**{**row, "details": json.loads(row["details"])}) for row in rows]

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"the database cannot be read: {_reason(error)}") from error

    def _set_durability(self, durable: bool) -> None:
        connection: Any = self._writer.connection.driver_connection  # beside SQLAlchemy: no transaction may be open
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")

    def _check_version(self) -> None:
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar()
            if found is None:
                rows = [{"name": "schema", "value": SCHEMA_VERSION}, {"name": "dm_id", "value": uuid.uuid4().hex}]
                connection.execute(sa.insert(meta), rows)
            elif found != SCHEMA_VERSION:
                message = f"the database has schema {found}, this version needs {SCHEMA_VERSION}"
                raise StoreError(message, hint="use the version of roboconf-core that made it, or another home")


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, at once and not at the first change
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=20000", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("roboconf_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
