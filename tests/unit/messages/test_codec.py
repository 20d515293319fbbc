"""Every message survives the wire, and nothing that comes in raises anything but ``MessageError``."""

import dataclasses
import json
import string
import types
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.errors import MessageError
from roboconf_core.messages.codec import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, MESSAGE_TYPES, decode, encode, from_plain
from roboconf_core.messages.types import (
    BundleChunk,
    DesiredState,
    Epoch,
    ExportsPublished,
    Heartbeat,
    ImportsRequested,
    InstanceReported,
    InstanceSpec,
    Publication,
    key_of,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NUMBERS = {
    int: st.integers(-MAX_INTEGER, MAX_INTEGER),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    str: TEXT,
}


def values_of(kind):
    """Return a strategy for any value of an annotation."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(st.none() if one is type(None) else values_of(one) for one in arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(TEXT, values_of(arguments[1]), max_size=3)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(kind)})
    if hasattr(kind, "_fields"):
        return st.builds(kind, *(NUMBERS[int] for _ in kind._fields))
    return NUMBERS[kind] if kind in NUMBERS else st.sampled_from(kind)


MESSAGES = {name: values_of(cls) for name, cls in MESSAGE_TYPES.items()}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def decode_or_refuse(payload):
    try:
        return decode(payload)
    except MessageError:
        return None


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=examples(12), deadline=None)
@given(data=st.data())
def test_every_message_type_survives_the_wire(name, data):
    message = data.draw(MESSAGES[name])
    assert decode(encode(message)) == message
    assert isinstance(key_of(message), str | None)


@settings(deadline=None)
@given(payload=st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_message_errors(payload):
    decode_or_refuse(payload)


@settings(deadline=None)
@given(envelope=JSON)
def test_random_json_raises_nothing_but_message_errors(envelope):
    decode_or_refuse(json.dumps(envelope).encode())


@pytest.mark.parametrize("name", MESSAGE_TYPES)
@settings(max_examples=examples(8), deadline=None)
@given(body=JSON)
def test_random_bodies_raise_nothing_but_message_errors(name, body):
    decode_or_refuse(json.dumps({"v": 1, "type": name, "body": body}).encode())


def places_in(value, place=()):
    """Yield every place in a plain value."""
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places_in(inner, (*place, key))


@settings(max_examples=examples(150), deadline=None)
@given(message=st.one_of(*MESSAGES.values()), junk=JSON, data=st.data())
def test_a_message_with_one_wrong_value_is_refused_or_still_of_its_type(message, junk, data):
    envelope = json.loads(encode(message))
    place = data.draw(st.sampled_from(list(places_in(envelope))))
    if not place:
        return
    inner = envelope
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = junk
    found = decode_or_refuse(json.dumps(envelope).encode())
    if found is not None:
        assert decode(encode(found)) == found


@settings(max_examples=examples(100), deadline=None)
@given(message=st.one_of(*MESSAGES.values()), data=st.data())
def test_a_truncated_message_is_refused(message, data):
    payload = encode(message)
    with pytest.raises(MessageError):
        decode(payload[: data.draw(st.integers(0, len(payload) - 1))])


def heartbeat_with(**changes):
    body = {"epoch": [1, 2, 3], "version": 1, "reports": "", "published": "", **changes}
    return json.dumps({"v": 1, "type": "Heartbeat", "body": body}).encode()


def test_unknown_fields_are_ignored_and_missing_ones_take_their_default():
    assert decode(heartbeat_with(of_the_future=[{"a": 1}])) == Heartbeat(
        epoch=Epoch(1, 2, 3), version=1, reports="", published=""
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "1"}, "version: expected int, found str"),
        ({"version": True}, "version: expected int, found bool"),
        ({"version": 1.0}, "version: expected int, found float"),
        ({"version": MAX_INTEGER + 1}, "version: the number is too large"),
        ({"epoch": [1, 2]}, "epoch: expected 3 numbers"),
        ({"epoch": [1, 2, "3"]}, "epoch: expected int"),
        ({"epoch": {"generation": 1}}, "epoch: expected list"),
        ({"held": {"Db": 7}}, "held['Db']: expected str"),
        ({"held": [1]}, "held: expected dict"),
        ({"reports": "\ud800"}, "reports: the text holds half a character"),
        ({"held": {"\udfff": ""}}, "half a character"),
        ({"reports": None}, "reports: expected str, found NoneType"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes, words):
    with pytest.raises(MessageError) as caught:
        decode(heartbeat_with(**changes))
    assert words in str(caught.value)


def test_a_missing_field_is_named():
    with pytest.raises(MessageError, match="'prefix' is missing"):
        decode(b'{"v":1,"type":"ImportsRequested","body":{}}')


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"type":"Hello","body":{}}',
        b'{"v":2,"type":"Resynchronize","body":{}}',
        b'{"v":true,"type":"Resynchronize","body":{}}',
        b'{"v":1,"type":"Message","body":{}}',
        b'{"v":1,"type":["Hello"],"body":{}}',
        b'{"v":1,"type":"Resynchronize"}',
        b'{"v":1,"type":"Resynchronize","body":[]}',
        '{"v":1,"type":"Resynchronize","body":{}}'.encode("utf-16"),
    ],
)
def test_what_is_no_message_is_refused(payload):
    with pytest.raises(MessageError):
        decode(payload)


def test_infinite_numbers_are_refused():
    report = InstanceReported(
        instance="i", path="/vm/a", epoch=Epoch(1, 1, 0), sequence=1, status="DEPLOYED_STARTED", generation=1, since=7.5
    )
    payload = encode(report)
    for number in (b"1e999", b"NaN", b"-Infinity", b"1" + 400 * b"0", b"1" + 5000 * b"0"):
        with pytest.raises(MessageError):
            decode(payload.replace(b"7.5", number))


def test_whole_numbers_are_read_where_seconds_are_expected():
    assert from_plain(float, 3) == 3.0
    assert isinstance(from_plain(float, 3), float)


def test_messages_that_are_too_long_are_refused_unread():
    with pytest.raises(MessageError, match="bytes, more than"):
        decode(b"[" * (MAX_BYTES + 1))


def test_messages_that_are_nested_too_deeply_are_refused():
    for depth in (MAX_DEPTH, 1000, 100_000):
        deep = heartbeat_with().replace(b'"version"', b'"x":' + b"[" * depth + b"]" * depth + b',"version"')
        with pytest.raises(MessageError):
            decode(deep)


def test_wide_messages_are_not_deep():
    spec = InstanceSpec(id="i", path="/vm", component="Vm", installer="target", parent="", exports={})
    message = DesiredState(generation=1, version=1, machine=spec, instances=(spec,) * 500)
    assert decode(encode(message)) == message


def test_an_error_repeats_little_of_what_came():
    with pytest.raises(MessageError) as caught:
        decode(heartbeat_with(held={"\x1b" + "x" * 100_000: 7}))
    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)


def test_half_characters_from_outside_do_not_stop_a_message():
    assert decode(encode(ImportsRequested(prefix="a\ud800b"))) == ImportsRequested(prefix="a?b")


def test_a_bundle_chunk_of_the_largest_size_fits():
    data = "A" * (256 * 1024 * 4 // 3 + 4)
    chunk = BundleChunk(digest="sha256:" + "0" * 64, offset=0, size=10, data=data)
    assert decode(encode(chunk)) == chunk


def test_publications_of_one_instance_and_prefix_replace_each_other():
    def publication(instance="i1", prefix="Db", sequence=1):
        return ExportsPublished(
            publication=Publication(
                agent="app/vm",
                instance=instance,
                path="/vm/db",
                component="Db",
                prefix=prefix,
                epoch=Epoch(1, 1, 0),
                sequence=sequence,
                variables={},
            )
        )

    assert key_of(publication()) == key_of(publication(sequence=2))
    assert len({key_of(publication()), key_of(publication(instance="i2")), key_of(publication(prefix="Other"))}) == 3


def test_every_message_type_is_written_with_its_own_name():
    assert set(MESSAGE_TYPES) >= {"Hello", "Heartbeat", "DesiredState", "ExportsPublished"}
    assert all(set(name) <= set(string.ascii_letters) for name in MESSAGE_TYPES)
