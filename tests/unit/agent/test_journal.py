from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.agent.journal import Journal, replay

BATCHES = [
    [("a", 1), ("b", {"x": "ü\r\n\u2028"})],
    [("a", 2)],
    [("b",), ("c", [1, None, "…"])],
    [("d", "y" * 50), ("a",)],
]


def states(batches):
    """Return what must be readable after each number of batches."""
    values, found = {}, [{}]
    for batch in batches:
        for key, *value in batch:
            values.pop(key, None)
            if value:
                values[key] = value[0]
        found.append(dict(values))
    return found


def write(path, batches):
    """Return the length of the file after each number of batches."""
    lengths = [0]
    with Journal(path) as journal:
        for batch in batches:
            journal.commit(batch)
            lengths.append(path.stat().st_size)
    return lengths


def test_what_was_committed_is_there_after_reopening(tmp_path):
    write(tmp_path / "journal", BATCHES)
    with Journal(tmp_path / "journal") as journal:
        assert journal.values == states(BATCHES)[-1]
        assert journal.damaged == 0


def test_file_cut_at_any_byte_gives_whole_batches_only(tmp_path):
    path = tmp_path / "journal"
    lengths = write(path, BATCHES)
    content = path.read_bytes()
    for cut in range(len(content) + 1):
        whole = max(n for n, length in enumerate(lengths) if length <= cut)
        path.write_bytes(content[:cut])
        with Journal(path) as journal:
            assert journal.values == states(BATCHES)[whole], f"cut at {cut}"
            journal.commit([("after", cut)])
        with Journal(path) as journal:
            assert journal.values == states(BATCHES)[whole] | {"after": cut}, f"cut at {cut}"
            assert journal.damaged == 0


def test_any_flipped_byte_costs_its_batch_only(tmp_path):
    path = tmp_path / "journal"
    batches = [[(name, n)] for n, name in enumerate("abc")]
    lengths = write(path, batches)
    content = path.read_bytes()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0x01
        values, _ = replay(bytes(damaged))
        batch = max(n for n, length in enumerate(lengths) if length <= place)
        lost = {"abc"[batch]} | ({"abc"[batch + 1]} if place == lengths[batch + 1] - 1 and batch < 2 else set())
        assert values == {name: n for n, name in enumerate("abc") if name not in lost}, f"byte {place}"


@given(
    batches=st.lists(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from("abcd")),
                st.tuples(st.sampled_from("abcd"), st.one_of(st.integers(), st.text(max_size=40))),
            ),
            max_size=4,
        ),
        max_size=12,
    ),
    data=st.data(),
)
@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_survives_compaction_and_any_cut(tmp_path, batches, data):
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    with Journal(path, compact_bytes=100) as journal:
        for batch in batches:
            journal.commit(batch)
        assert journal.values == states(batches)[-1]
    content = path.read_bytes()
    values, damaged = replay(content[: data.draw(st.integers(0, len(content)))])
    assert damaged <= 1
    assert values in [{}, *states(batches)]


def test_compaction_bounds_the_file(tmp_path):
    path = tmp_path / "journal"
    with Journal(path, compact_bytes=2000) as journal:
        for number in range(2000):
            journal.commit([("key", number)])
            assert path.stat().st_size < 2100
    with Journal(path) as journal:
        assert journal.values == {"key": 1999}


def test_crash_during_compaction_leaves_the_old_file(tmp_path):
    path = tmp_path / "journal"
    write(path, BATCHES)
    (tmp_path / "journal.draft").write_bytes(b"half a li")
    with Journal(path) as journal:
        assert journal.values == states(BATCHES)[-1]


def test_refused_write_leaves_nothing_behind_and_can_be_tried_again(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.commit([("a", 1)])
        real = os.write

        def full(descriptor, data):
            real(descriptor, data[:7])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            journal.commit([("b", 2)])
        monkeypatch.undo()
        assert journal.values == {"a": 1}
        journal.commit([("c", 3)])
    assert replay(path.read_bytes()) == ({"a": 1, "c": 3}, 0)


def test_sync_outlives_the_file_that_it_was_meant_for(tmp_path):
    with Journal(tmp_path / "journal") as journal:
        journal.commit([("a", 1)])
        sync = journal.syncing()
        journal.compact()
        sync()


def test_what_the_disk_did_not_take_is_written_anew(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.commit([("a", 1)])
        sync = journal.syncing()

        def fail(descriptor):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output"):
            sync()
        monkeypatch.undo()
        before = path.stat().st_ino
        journal.compact()
        assert path.stat().st_ino != before
        journal.commit([("b", 2)])
        journal.syncing()()
    assert replay(path.read_bytes()) == ({"a": 1, "b": 2}, 0)


def test_journal_is_readable_by_its_owner_only(tmp_path):
    write(tmp_path / "state" / "journal", BATCHES)
    assert (tmp_path / "state" / "journal").stat().st_mode & 0o077 == 0
    assert Path(tmp_path / "state").stat().st_mode & 0o077 == 0
