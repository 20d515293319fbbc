"""The hub's tables hold what the router says, and nothing of what failed."""

import random
import sqlite3
import threading

import pytest
import sqlalchemy as sa
from hub_worlds import DictStore

from roboconf_core.builtin.http.store import SqlStore
from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Changes, Effects, Entry, Limits, PeerRecord
from roboconf_core.errors import TransportError

AGENTS = ("shop/a", "shop/b", "shop/c")
TOPICS = [f"shop/those.that.import.{name}" for name in "XYZ"]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'database.sqlite3'}"


@pytest.fixture
def store(url):
    store = SqlStore(url)
    store.open()
    yield store
    store.close()


def reopened(url):
    other = SqlStore(url)
    try:
        return other.open()
    finally:
        other.close()


def entry(seq, **changes):
    values = {"peer": "shop/a", "sender": "shop/b", "topic": "t", "key": None, "payload": b"\x00\xff"} | changes
    return Entry(seq, **values)


class Chance:
    """Random requests to a router."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.router = Router(Limits(queue_messages=6, window=2))
        self.numbers = dict.fromkeys(AGENTS, 0)
        self.generations = dict.fromkeys(AGENTS, 1)
        self.digests = 0

    def request(self, effects):
        agent, topic = self.dice.choice(AGENTS), self.dice.choice(TOPICS)
        link = AGENTS.index(agent) + 1
        self.numbers[agent] = number = self.numbers[agent] + 1
        match self.dice.randrange(12):
            case 0:
                self.generations[agent] += self.dice.random() < 0.2
                self.digests += 1
                self.router.enrol(agent, self.generations[agent], f"digest {self.digests}", effects)
                self.router.attach(link, agent, "session", effects)
                self.numbers[agent] = self.router._peers[agent].record.number
            case 1 if self.dice.random() < 0.2:
                self.router.forget(agent, effects)
            case 2:
                self.router.take(link, Unsubscribe(number, topic), effects)
            case 3 | 4 | 5:
                self.router.take(link, Subscribe(number, topic), effects)
            case 6 if agent in self.router._peers:
                self.router.acknowledge(link, list(self.router._peers[agent].queue)[:1], effects)
            case _:
                key = self.dice.choice([None, "k"])
                self.router.take(link, Publish(number, topic, key, b"%d" % number), effects)


def contents(snapshot):
    peers = sorted((p.name, p.generation, p.session, p.number) for p in snapshot.peers)
    return snapshot.entries, sorted(snapshot.subscriptions), sorted(snapshot.credentials), peers


@pytest.mark.parametrize("seed", range(6))
def test_the_database_holds_the_same_as_dictionaries(store, url, seed):
    chance, model, most = Chance(seed), DictStore(), 0
    for turn in range(60):
        effects = Effects()
        for _ in range(chance.dice.randrange(1, 6)):
            chance.request(effects)
        store.save(effects.changes)
        model.save(effects.changes)
        if turn % 10 == 9:
            assert contents(reopened(url)) == contents(model.open())
            most = max(most, len(model.entries))
    assert most > 3


def test_every_opening_counts(url):
    assert [reopened(url).boot for _ in range(3)] == [1, 2, 3]


def test_tags_never_come_twice(url):
    router = Router()
    router.load(reopened(url))
    first = router._next_seq
    router.load(reopened(url))
    assert router._next_seq > first + 2**31


def test_a_failed_commit_leaves_nothing(store, url):
    good = Changes(added={1: entry(1)})
    store.save(good)
    bad = Changes(added={2: entry(2), 1: entry(1)}, peers={"shop/x": PeerRecord("shop/x")})
    with pytest.raises(TransportError):
        store.save(bad)
    assert reopened(url).entries == [entry(1)]
    assert reopened(url).peers == []
    store.save(Changes(added={2: entry(2)}, peers={"shop/x": PeerRecord("shop/x", 1)}))
    store.save(Changes(peers={"shop/x": PeerRecord("shop/x", 2, "s", 3)}))
    assert reopened(url).peers == [PeerRecord("shop/x", 2, "s", 3)]


def test_a_commit_waits_for_another_writer(store, url, tmp_path):
    other = sqlite3.connect(tmp_path / "database.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    waiting = threading.Thread(target=store.save, args=(Changes(added={1: entry(1)}),))
    waiting.start()
    other.execute("CREATE TABLE other (x)")
    other.execute("COMMIT")
    waiting.join(10)
    assert not waiting.is_alive()
    other.close()
    assert reopened(url).entries == [entry(1)]


def test_enrolments_wait_for_the_disk_and_messages_do_not(store):
    def synchronous():
        return store._connection.connection.driver_connection.execute("PRAGMA synchronous").fetchone()[0]

    store.save(Changes(added={1: entry(1)}))
    assert synchronous() == 1
    store.save(Changes(peers={"shop/x": PeerRecord("shop/x")}, durable=True))
    assert synchronous() == 2


def test_other_tables_of_the_database_are_left_alone(tmp_path, url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE records (x)"))
    reopened(url)
    assert set(sa.inspect(engine).get_table_names()) == {
        "records",
        "hub_meta",
        "hub_peers",
        "hub_credentials",
        "hub_subscriptions",
        "hub_queue",
    }
    engine.dispose()


@pytest.mark.parametrize("text", ["not a database, whatever its name says" * 100])
def test_a_database_that_cannot_be_used_is_a_transport_error(tmp_path, url, text):
    (tmp_path / "database.sqlite3").write_text(text)
    with pytest.raises(TransportError):
        SqlStore(url).open()
