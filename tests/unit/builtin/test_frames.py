"""Frames of the websocket survive the wire, and hostile ones end in ``MessageError``."""

import contextlib
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roboconf_core.builtin.http.frames import (
    Acknowledge,
    Confirm,
    Message,
    Open,
    Overflowed,
    Ping,
    Pong,
    Refused,
    Welcome,
    decode_agent_frames,
    decode_hub_frames,
    encode_frame,
    encode_frames,
)
from roboconf_core.builtin.hub.requests import Publish, Subscribe, Unsubscribe
from roboconf_core.errors import MessageError

AGENT_FRAMES = [
    Open("session"),
    Publish(7, "shop/those.that.import.Dé", None, b'{"a": "\xc3\xa9"}\n\x00'),
    Publish(8, "dm", "key\n", b""),
    Subscribe(9, "t"),
    Unsubscribe(10, "t"),
    Acknowledge((1, 2**40)),
    Acknowledge(()),
    Ping(),
]
HUB_FRAMES = [
    Welcome(0),
    Message(5, "shop/web-vm", "dm", b"\n\n"),
    Overflowed(6),
    Confirm(2**50),
    Refused(3, "no"),
    Pong(),
]


@pytest.mark.parametrize("frame", AGENT_FRAMES, ids=repr)
def test_frames_of_agents_survive_the_wire(frame):
    assert decode_agent_frames(encode_frame(frame)) == [frame]


@pytest.mark.parametrize("frame", HUB_FRAMES, ids=repr)
def test_frames_of_the_hub_survive_the_wire(frame):
    assert decode_hub_frames(encode_frame(frame)) == [frame]


def test_frames_share_messages_in_their_order():
    assert [decode_agent_frames(data) for data in encode_frames(AGENT_FRAMES)] == [AGENT_FRAMES]
    assert [decode_hub_frames(data) for data in encode_frames(HUB_FRAMES)] == [HUB_FRAMES]
    assert list(encode_frames([])) == []


def test_frames_that_are_long_together_are_sent_apart():
    long = [Publish(number, "t", None, b"x" * 200_000) for number in range(3)]
    huge = Publish(3, "t", None, b"x" * 4_000_000)
    messages = list(encode_frames([*long, Ping(), huge, Ping()]))
    assert [decode_agent_frames(data) for data in messages] == [
        long[:1],
        long[1:2],
        [long[2], Ping()],
        [huge],
        [Ping()],
    ]


def test_a_payload_without_a_size_is_all_that_follows():
    data = b'{"op":"publish","number":1,"topic":"t","key":null}\na\nb'
    assert decode_agent_frames(data) == [Publish(1, "t", None, b"a\nb")]


@pytest.mark.parametrize("frame", HUB_FRAMES, ids=repr)
def test_an_agent_does_not_speak_as_the_hub(frame):
    with pytest.raises(MessageError):
        decode_agent_frames(encode_frame(frame))


@pytest.mark.parametrize("frame", AGENT_FRAMES, ids=repr)
def test_the_hub_does_not_speak_as_an_agent(frame):
    with pytest.raises(MessageError):
        decode_hub_frames(encode_frame(frame))


def test_fields_of_the_future_are_ignored():
    assert decode_agent_frames(b'{"op":"subscribe","number":1,"topic":"t","sender":"@dm"}\n') == [Subscribe(1, "t")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}",
        b"{}\n",
        b"[]\n",
        b'{"op":"hello"}\n',
        b'{"op":["ping"]}\n',
        b'{"op":"subscribe","topic":"t"}\n',
        b'{"op":"subscribe","number":"1","topic":"t"}\n',
        b'{"op":"subscribe","number":true,"topic":"t"}\n',
        b'{"op":"publish","number":1,"topic":"t","key":7}\n',
        b'{"op":"ack","tags":[1.5]}\n',
        b'{"op":"ack","tags":7}\n',
        b'{"op":"ping"}\nmore',
        b'{"op":"publish","number":1,"topic":"t","key":null,"size":3}\nab',
        b'{"op":"publish","number":1,"topic":"t","key":null,"size":-1}\nab',
        b'{"op":"publish","number":1,"topic":"t","key":null,"size":1}\nab',
        b'{"op":"publish","number":1,"topic":"t","key":null,"size":"2"}\nab',
        b'{"op":"open","session":"\\ud800"}\n',
        b'{"op":"ping","x":"' + b"x" * 20_000 + b'"}\n',
        b"[" * 15_000 + b"\n",
    ],
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(MessageError):
        decode_agent_frames(data)


@settings(deadline=None)
@given(data=st.binary(max_size=100))
def test_random_bytes_raise_nothing_but_message_errors(data):
    with contextlib.suppress(MessageError):
        decode_agent_frames(data)


HEADERS = st.dictionaries(
    st.sampled_from(["op", "number", "topic", "key", "tags", "session", "payload", "size"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3),
)


@settings(deadline=None)
@given(op=st.sampled_from(["open", "publish", "subscribe", "unsubscribe", "ack", "ping"]), header=HEADERS)
def test_random_headers_raise_nothing_but_message_errors(op, header):
    try:
        frames = decode_agent_frames(json.dumps({**header, "op": op}).encode() + b"\npayload")
    except MessageError:
        return
    assert all(dataclasses.is_dataclass(frame) for frame in frames)
