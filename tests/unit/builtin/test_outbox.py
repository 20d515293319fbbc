"""The outbox keeps what the hub has not taken over, the newest per topic and key."""

import pytest

from roboconf_core.builtin.hub.outbox import Outbox, Receipts
from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe


def drained(outbox):
    return list(iter(outbox.next_unsent, None))


def payloads(requests):
    return [request.payload for request in requests if isinstance(request, Publish)]


def test_requests_are_numbered_in_their_order():
    outbox = Outbox()
    outbox.subscribe("t")
    outbox.publish("t", None, b"a")
    outbox.unsubscribe("u")
    assert drained(outbox) == [Subscribe(1, "t"), Publish(2, "t", None, b"a"), Unsubscribe(3, "u")]


def test_only_the_newest_of_a_topic_and_key_is_kept_and_comes_last():
    outbox = Outbox()
    for topic, key, payload in (("t", "k", b"1"), ("u", "k", b"2"), ("t", None, b"3"), ("t", "k", b"4")):
        outbox.publish(topic, key, payload)
    assert payloads(drained(outbox)) == [b"2", b"3", b"4"]


def test_what_was_sent_and_replaced_is_not_sent_again():
    outbox = Outbox()
    outbox.publish("t", "k", b"old")
    assert payloads(drained(outbox)) == [b"old"]
    outbox.publish("t", "k", b"new")
    outbox.restart(0)
    assert payloads(drained(outbox)) == [b"new"]


def test_a_new_connection_sends_again_what_was_not_confirmed():
    outbox = Outbox()
    for payload in (b"1", b"2", b"3"):
        outbox.publish("t", None, payload)
    drained(outbox)
    outbox.confirm(1)
    outbox.restart(2)
    assert drained(outbox) == [Publish(3, "t", None, b"3")]
    outbox.confirm(3)
    assert len(outbox) == 0
    assert not outbox.has_unsent


def test_a_repeated_subscription_keeps_its_place():
    outbox = Outbox()
    outbox.subscribe("t")
    outbox.publish("t", None, b"answer me")
    outbox.subscribe("t")
    assert drained(outbox) == [Subscribe(1, "t"), Publish(2, "t", None, b"answer me")]


def test_of_a_subscription_and_its_end_the_newest_counts():
    outbox = Outbox()
    outbox.subscribe("t")
    outbox.unsubscribe("t")
    outbox.unsubscribe("t")
    assert [type(request) for request in drained(outbox)] == [Unsubscribe]
    outbox.subscribe("t")
    assert [type(request) for request in drained(outbox)] == [Subscribe]


def test_a_subscription_that_was_confirmed_can_be_made_again():
    outbox = Outbox()
    outbox.subscribe("t")
    outbox.confirm(drained(outbox)[-1].number)
    outbox.subscribe("t")
    assert len(drained(outbox)) == 1


def test_without_room_the_oldest_messages_without_key_go(caplog):
    outbox = Outbox(most_bytes=100)
    outbox.publish("t", "k", b"x" * 40)
    for number in range(5):
        outbox.publish("t", None, b"%d" % number * 30)
    assert payloads(drained(outbox)) == [b"x" * 40, b"3" * 30, b"4" * 30]
    assert outbox.dropped == 3
    assert "the outbox is full" in caplog.text


def test_a_message_larger_than_the_outbox_is_kept_alone():
    outbox = Outbox(most_bytes=10)
    outbox.publish("t", None, b"small")
    outbox.publish("t", None, b"x" * 100)
    assert payloads(drained(outbox)) == [b"x" * 100]


def test_room_is_found_again_by_confirming():
    outbox = Outbox(most_bytes=10)
    for number in range(1, 50):
        outbox.publish("t", None, b"12345678")
        outbox.confirm(number)
    assert outbox.dropped == 0


@pytest.mark.parametrize("most", [1, 3])
def test_receipts_remember_the_newest_tags(most):
    receipts = Receipts(most)
    for tag in range(10):
        receipts.add(tag)
    assert [tag for tag in range(10) if tag in receipts] == list(range(10 - most, 10))
