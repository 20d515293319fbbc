"""The router: who receives what, and what is stored of it."""

import pytest
from hub_worlds import DictStore, effects_of

from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Came, Close, Deliver, Effects, Left, Limits, Opened, Refuse
from roboconf_core.errors import TransportError
from roboconf_core.messages.types import DM

WEB, DB = "shop/web-vm", "shop/db-vm"
TOPIC = "shop/those.that.import.Db"
WEB_LINK, DB_LINK, DM_LINK = 1, 2, 3


@pytest.fixture
def router():
    return connected_router()


def connected_router(limits=None):
    router = Router(limits)
    for agent, link in ((WEB, WEB_LINK), (DB, DB_LINK)):
        effects_of(router.enrol, agent, 1, f"digest of {agent}")
        effects_of(router.attach, link, agent, "session")
    effects_of(router.take, WEB_LINK, Subscribe(1, TOPIC))
    return router


def publish(router, number, payload=b"text", key=None, topic=TOPIC, link=DB_LINK):
    return effects_of(router.take, link, Publish(number, topic, key, payload))


def delivered(effects):
    return [output.entry.payload for output in effects.outputs if isinstance(output, Deliver)]


def test_a_message_is_stored_delivered_and_confirmed(router):
    effects = publish(router, 1, b"hello")
    (entry,) = effects.changes.added.values()
    assert (entry.peer, entry.sender, entry.topic, entry.payload) == (WEB, DB, TOPIC, b"hello")
    assert effects.outputs == [Deliver(WEB_LINK, entry)]
    assert effects.confirmed == {DB_LINK: 1}
    assert effects.changes.peers[DB].number == 1


def test_a_message_that_nobody_wants_is_confirmed_and_not_stored(router):
    effects = publish(router, 1, topic="dm")
    assert not effects.changes.added
    assert effects.confirmed == {DB_LINK: 1}


def test_a_repetition_is_confirmed_and_has_no_effect(router):
    publish(router, 1)
    publish(router, 2)
    effects = publish(router, 1)
    assert effects.confirmed == {DB_LINK: 2}
    assert not effects.changes
    assert not effects.outputs


def test_numbers_of_another_session_begin_anew(router):
    publish(router, 7)
    effects = effects_of(router.attach, 9, DB, "another session")
    assert Opened(9, 0) in effects.outputs
    assert delivered(publish(router, 1, b"again", link=9)) == [b"again"]


def test_numbers_of_a_session_go_on_after_a_reconnection(router):
    publish(router, 7)
    effects_of(router.detach, DB_LINK)
    assert Opened(9, 7) in effects_of(router.attach, 9, DB, "session").outputs


def test_a_link_that_is_not_in_force_has_no_effect(router):
    effects_of(router.detach, DB_LINK)
    for effects in (publish(router, 1), effects_of(router.acknowledge, DB_LINK, [1]), effects_of(router.detach, 77)):
        assert effects == Effects()


def test_what_comes_and_goes_within_a_batch_is_never_written(router):
    effects = Effects()
    router.take(DB_LINK, Publish(1, TOPIC, "key", b"old"), effects)
    router.take(DB_LINK, Publish(2, TOPIC, "key", b"new"), effects)
    (entry,) = effects.changes.added.values()
    assert entry.payload == b"new"
    router.acknowledge(WEB_LINK, [entry.seq], effects)
    assert not effects.changes.added
    assert not effects.changes.removed


def test_the_newest_of_a_key_replaces_what_is_on_its_way():
    router = connected_router()
    (old,) = publish(router, 1, b"old", key="k").changes.added.values()
    effects = publish(router, 2, b"new", key="k")
    assert effects.changes.removed == {old.seq}
    assert delivered(effects) == [b"new"]
    late = effects_of(router.acknowledge, WEB_LINK, [old.seq])
    assert not late.changes


def test_no_more_than_a_window_is_on_its_way():
    router = connected_router(Limits(window=3))
    sent = []
    for number in range(1, 6):
        sent += [o.entry for o in publish(router, number, b"%d" % number).outputs]
    assert [entry.payload for entry in sent] == [b"1", b"2", b"3"]
    assert delivered(effects_of(router.acknowledge, WEB_LINK, [sent[0].seq, sent[1].seq])) == [b"4", b"5"]


def test_a_reconnection_delivers_from_the_first_that_was_not_acknowledged():
    router = connected_router(Limits(window=3))
    entries = [publish(router, number, b"%d" % number).outputs[0].entry for number in (1, 2, 3)]
    effects_of(router.acknowledge, WEB_LINK, [entries[1].seq])
    effects_of(router.detach, WEB_LINK)
    assert delivered(effects_of(router.attach, 9, WEB, "session")) == [b"1", b"3"]


def test_too_many_messages_end_in_one_marker():
    router = connected_router(Limits(queue_messages=3))
    effects_of(router.detach, WEB_LINK)
    for number in range(1, 5):
        publish(router, number)
    publish(router, 5, b"after")
    effects = effects_of(router.attach, 9, WEB, "session")
    entries = [o.entry for o in effects.outputs if isinstance(o, Deliver)]
    assert [(entry.is_marker, entry.payload) for entry in entries] == [(True, b""), (False, b"after")]
    assert router.counters.overflows == 1


def test_too_many_bytes_end_in_one_marker_too():
    router = connected_router(Limits(queue_bytes=100))
    effects_of(router.detach, WEB_LINK)
    publish(router, 1, b"x" * 60)
    publish(router, 2, b"x" * 60)
    (first, *_) = [o.entry for o in effects_of(router.attach, 9, WEB, "session").outputs if isinstance(o, Deliver)]
    assert first.is_marker


def test_replaced_messages_do_not_count_for_the_limit():
    router = connected_router(Limits(queue_messages=3, queue_bytes=100))
    effects_of(router.detach, WEB_LINK)
    for number in range(1, 50):
        publish(router, number, b"x" * 60, key="k")
    assert router.counters.overflows == 0


def test_the_manager_has_a_limit_of_its_own():
    router = connected_router(Limits(queue_messages=3, manager_messages=5))
    effects_of(router.attach, DM_LINK, DM, "dm")
    effects_of(router.take, DM_LINK, Subscribe(1, "dm"))
    for number in range(1, 6):
        publish(router, number, topic="dm")
    assert router.counters.overflows == 0
    publish(router, 6, topic="dm")
    assert router.counters.overflows == 1


@pytest.mark.parametrize(
    "request_",
    [
        Publish(1, "bank/those.that.import.Db", None, b""),
        Publish(1, "", None, b""),
        Publish(1, "shop/" + "x" * 2000, None, b""),
        Publish(1, TOPIC, "k" * 2000, b""),
        Publish(1, TOPIC, None, b"x" * 5_000_000),
        Subscribe(1, "dm"),
        Subscribe(1, ""),
        Subscribe(1, "shop/machine/web-vm"),
        Unsubscribe(1, "bank/those.that.import.Db"),
    ],
)
def test_what_is_not_allowed_is_refused_counted_and_confirmed(router, request_):
    effects = effects_of(router.take, DB_LINK, request_)
    (refusal,) = effects.outputs
    assert isinstance(refusal, Refuse)
    assert (refusal.link, refusal.number) == (DB_LINK, 1)
    assert not effects.changes.added
    assert not effects.changes.subscriptions
    assert effects.confirmed == {DB_LINK: 1}
    assert router.counters.refused == 1


def test_an_agent_listens_to_a_bounded_number_of_topics():
    router = connected_router(Limits(subscriptions=2))
    outputs = [
        effects_of(router.take, DB_LINK, Subscribe(n, f"shop/those.that.import.P{n}")).outputs for n in (1, 2, 3)
    ]
    assert [bool(found) for found in outputs] == [False, False, True]


def test_the_manager_may_do_what_agents_may_not(router):
    effects_of(router.attach, DM_LINK, DM, "dm")
    for request in (Subscribe(1, "dm"), Subscribe(2, "bank/machine/vm"), Publish(3, TOPIC, None, b"")):
        effects = effects_of(router.take, DM_LINK, request)
        assert not any(isinstance(output, Refuse) for output in effects.outputs)


def test_a_second_connection_closes_the_first_and_presence_alternates(router):
    effects_of(router.attach, DM_LINK, DM, "dm")
    effects = effects_of(router.attach, 9, WEB, "session")
    kinds = [output for output in effects.outputs if isinstance(output, Close | Came | Left | Opened)]
    assert [type(output) for output in kinds] == [Close, Left, Opened, Came]
    assert kinds[0].replaced
    assert effects_of(router.detach, WEB_LINK) == Effects()


def test_a_manager_that_connects_hears_who_is_there(router):
    assert effects_of(router.attach, DM_LINK, DM, "dm").outputs == [Opened(DM_LINK, 0), Came(DB), Came(WEB)]


def test_an_agent_that_was_forgotten_is_not_attached(router):
    effects_of(router.forget, WEB)
    (close,) = effects_of(router.attach, 9, WEB, "session").outputs
    assert isinstance(close, Close)


def test_enrolments_wait_for_the_disk_and_messages_do_not(router):
    assert effects_of(router.enrol, "shop/new", 1, "digest").changes.durable
    assert effects_of(router.forget, "shop/new").changes.durable
    assert not publish(router, 1).changes.durable


def test_a_generation_keeps_a_bounded_number_of_credentials():
    router = Router(Limits(credentials=3))
    for number in range(5):
        effects_of(router.enrol, WEB, 1, f"digest {number}")
    assert [router.agent_of(f"digest {number}") for number in range(5)] == [None, None, WEB, WEB, WEB]


def test_a_new_generation_leaves_nothing_of_the_old_one_in_the_store(router):
    store = DictStore()
    store.save(effects_of(router.enrol, WEB, 2, "second").changes)
    publish(router, 1)
    effects_of(router.detach, WEB_LINK)
    effects = effects_of(router.enrol, WEB, 3, "third")
    store.save(effects.changes)
    assert not store.entries
    assert not store.subscriptions
    assert {digest for digest, owner in store.credentials.items() if owner[0] == WEB} == {"third"}
    assert router.agent_of("second") is None


@pytest.mark.parametrize("name", ["", "/", "/vm", "shop", "shop/", "@dm", "@dm/vm"])
def test_only_names_of_agents_are_enrolled(name):
    with pytest.raises(TransportError):
        effects_of(Router().enrol, name, 1, "digest")
