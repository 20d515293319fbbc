"""Pauses between attempts to connect."""

import random

from roboconf_core.builtin.http.pace import Backoff, Pace


def longest(low, high):
    return high


def test_pauses_grow_from_a_fifth_of_a_second_to_five_seconds():
    backoff = Backoff(Pace(), longest)
    assert [backoff.pause_s() for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_connection_that_was_up_begins_anew():
    backoff = Backoff(Pace(), longest)
    for _ in range(5):
        backoff.pause_s()
    backoff.succeeded()
    assert backoff.pause_s() == 0.2


def test_a_process_that_was_displaced_waits_longest():
    backoff = Backoff(Pace(), longest)
    backoff.displaced()
    assert backoff.pause_s() == 5.0


def test_pauses_are_jittered_by_half():
    pauses = [Backoff(Pace(), random.Random(seed).uniform).pause_s() for seed in range(200)]
    assert min(pauses) >= 0.1
    assert max(pauses) <= 0.2
    assert max(pauses) - min(pauses) > 0.09


def test_a_dead_link_is_noticed_within_ten_seconds():
    assert Pace().ping_s < Pace().dead_s < 10
