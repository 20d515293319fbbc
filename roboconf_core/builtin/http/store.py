"""The hub's queues, subscriptions and credentials in a database, through SQLAlchemy."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from roboconf_core.builtin.hub.values import Changes, Entry, PeerRecord, Snapshot
from roboconf_core.errors import TransportError

_BUSY_S = 20.0
"""How long a transaction waits for another writer of the same SQLite file..."""
_BUSY_PAUSE_S = 0.0005
"""...and how often it looks. SQLite's own waiting has pauses up to 0.1 s, too long for messages."""

metadata = sa.MetaData()

meta = sa.Table(
    "hub_meta",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
peers = sa.Table(
    "hub_peers",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("session", sa.String, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
credentials = sa.Table(
    "hub_credentials",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.String, nullable=False, unique=True),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
)
subscriptions = sa.Table(
    "hub_subscriptions",
    metadata,
    sa.Column("peer", sa.String, primary_key=True),
    sa.Column("topic", sa.String, primary_key=True),
)
queue = sa.Table(
    "hub_queue",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("peer", sa.String, nullable=False),
    sa.Column("sender", sa.String, nullable=False),
    sa.Column("topic", sa.String, nullable=False),
    sa.Column("key", sa.String),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

_BOOTS = "boots"


class SqlStore:
    """One connection to the database, used by one thread.

    On SQLite, queue traffic is written ahead without waiting for the disk: a killed process
    loses nothing, a loss of power may lose the last moments, which agents and deployment
    manager repair by their digests. Enrolments wait for the disk.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine
        self._connection: sa.Connection
        self._known: set[str] = set()
        """Peers that have a row."""
        self._durable = True

    def open(self) -> Snapshot:
        """Make missing tables, count this start, and return all that is stored.

        Raises:
            TransportError: If the database cannot be used.
        """
        try:
            self._engine = sa.create_engine(self._url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
                sa.event.listen(self._engine, "begin", _begin_sqlite)
            self._connection = self._engine.connect()
            with self._connection.begin():
                metadata.create_all(self._connection)
                return self._read()
        except sa.exc.SQLAlchemyError as error:
            raise TransportError(
                f"the message queues cannot be read: {_reason(error)}", hint=f"see {sa.make_url(self._url)!r}"
            ) from error

    def save(self, changes: Changes) -> None:
        """Store all changes in one transaction.

        Raises:
            TransportError: If they cannot be stored; nothing of them is.
        """
        try:
            self._wait_for_disk(changes.durable)
            with self._connection.begin():
                self._write(changes)
        except sa.exc.SQLAlchemyError as error:
            raise TransportError(f"messages cannot be stored: {_reason(error)}") from error
        for name, record in changes.peers.items():
            (self._known.discard if record is None else self._known.add)(name)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._engine.dispose()

    def _read(self) -> Snapshot:
        run = self._connection.execute
        boots = run(sa.select(meta.c.value).where(meta.c.name == _BOOTS)).scalar()
        if boots is None:
            run(sa.insert(meta), {"name": _BOOTS, "value": 1})
        else:
            run(sa.update(meta).where(meta.c.name == _BOOTS).values(value=boots + 1))
        snapshot = Snapshot(
            boot=(boots or 0) + 1,
            peers=[PeerRecord(*row) for row in run(sa.select(peers))],
            credentials=[
                (row.digest, row.agent, row.generation)
                for row in run(sa.select(credentials).order_by(credentials.c.position))
            ],
            subscriptions=[(row.peer, row.topic) for row in run(sa.select(subscriptions))],
            entries=[Entry(*row) for row in run(sa.select(queue).order_by(queue.c.seq))],
        )
        self._known = {record.name for record in snapshot.peers}
        return snapshot

    def _write(self, changes: Changes) -> None:
        self._delete(queue, "seq", changes.removed)
        self._insert(
            queue,
            (
                {"seq": e.seq, "peer": e.peer, "sender": e.sender, "topic": e.topic, "key": e.key, "payload": e.payload}
                for e in changes.added.values()
            ),
        )
        if changes.peers:
            self._write_peers(changes)
        if changes.subscriptions:
            self._write_subscriptions(changes)
        if changes.credentials:
            self._delete(credentials, "digest", changes.credentials)
            allowed = [(digest, *owner) for digest, owner in changes.credentials.items() if owner]
            self._insert(credentials, ({"digest": d, "agent": a, "generation": g} for d, a, g in allowed))

    def _write_peers(self, changes: Changes) -> None:
        self._delete(peers, "name", (name for name, record in changes.peers.items() if record is None))
        rows = [
            {"name": r.name, "generation": r.generation, "session": r.session, "number": r.number}
            for r in changes.peers.values()
            if r is not None
        ]
        self._insert(peers, (row for row in rows if row["name"] not in self._known))
        known = [{"the_name": row.pop("name"), **row} for row in rows if row["name"] in self._known]
        if known:
            self._connection.execute(_UPDATE_PEER, known)

    def _write_subscriptions(self, changes: Changes) -> None:
        rows = [{"the_peer": peer, "the_topic": topic} for peer, topic in changes.subscriptions]
        self._connection.execute(_DELETE_SUBSCRIPTION, rows)
        wanted = (place for place, listens in changes.subscriptions.items() if listens)
        self._insert(subscriptions, ({"peer": peer, "topic": topic} for peer, topic in wanted))

    def _insert(self, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
        if values := list(rows):
            self._connection.execute(_INSERTS[table.name], values)

    def _delete(self, table: sa.Table, column: str, values: Iterable[Any]) -> None:
        if rows := [{"the_value": value} for value in values]:
            self._connection.execute(_DELETES[table.name, column], rows)

    def _wait_for_disk(self, durable: bool) -> None:
        if durable != self._durable and self._engine.dialect.name == "sqlite":
            raw: Any = self._connection.connection.driver_connection  # beside SQLAlchemy: no transaction may be open
            raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable


_INSERTS = {table.name: sa.insert(table) for table in (peers, credentials, subscriptions, queue)}
_DELETES = {
    (table.name, column): sa.delete(table).where(table.c[column] == sa.bindparam("the_value"))
    for table, column in ((peers, "name"), (credentials, "digest"), (queue, "seq"))
}
_DELETE_SUBSCRIPTION = sa.delete(subscriptions).where(
    subscriptions.c.peer == sa.bindparam("the_peer"), subscriptions.c.topic == sa.bindparam("the_topic")
)
_UPDATE_PEER = (
    sa.update(peers)
    .where(peers.c.name == sa.bindparam("the_name"))
    .values({name: sa.bindparam(name) for name in ("generation", "session", "number")})
)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    connection.isolation_level = None  # transactions are begun by _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("busy_timeout=20000", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    last_moment = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > last_moment:
                raise
            time.sleep(_BUSY_PAUSE_S)
        else:
            return


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
