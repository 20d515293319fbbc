from __future__ import annotations

from roboconf_core.model.timers import Timers


def test_timers_fire_in_order_and_once():
    timers = Timers()
    timers.set("b", 2.0)
    timers.set("a", 1.0)
    assert timers.next() == 1.0
    assert timers.pop(0.5) is None
    assert [timers.pop(3.0), timers.pop(3.0), timers.pop(3.0)] == ["a", "b", None]
    assert timers.next() is None


def test_moved_and_cancelled_timers_do_not_fire_at_their_old_moment():
    timers = Timers()
    timers.set("a", 1.0)
    timers.set("a", 5.0)
    timers.set("b", 1.0)
    timers.cancel("b")
    timers.cancel("unknown")
    assert timers.next() == 5.0
    assert timers.pop(4.0) is None
    assert timers.pop(5.0) == "a"


def test_timer_that_is_moved_to_an_earlier_moment_fires_once():
    timers = Timers()
    timers.set("a", 5.0)
    timers.set("a", 1.0)
    assert timers.pop(1.0) == "a"
    assert timers.pop(9.0) is None
