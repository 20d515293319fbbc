"""Which commands lead back to themselves."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from roboconf_core.dsl.commands.executions import Executions, executed_by

_NAMES = st.sampled_from("abcdef")


def test_the_commands_that_a_text_executes():
    text = "execute a\nEXECUTE b c.commands # execute d\nwrite execute e into /f\nexecute\n"
    assert executed_by(text) == {"a", "b c"}


def leads_to(executed, start):
    """Return all that commands execute, directly or not, the plain way."""
    reached = set()
    while more := {other for name in (*reached, start) for other in executed.get(name, ())} - reached:
        reached |= more
    return reached


@given(st.dictionaries(_NAMES, st.frozensets(_NAMES)))
def test_commands_are_in_a_loop_if_what_they_execute_leads_back(executed):
    executions = Executions(executed)
    for name in executed:
        for other in executed[name] & executed.keys():
            known = {key: others & executed.keys() for key, others in executed.items()}
            assert executions.is_loop(name, other) == (name == other or name in leads_to(known, other))
            if name != other and executions.is_loop(name, other):
                way = executions.way_round(name, other).split(" -> ")
                assert (way[0], way[1], way[-1]) == (name, other, name)
                assert all(following in executed[each] for each, following in pairwise(way))


def test_a_long_way_is_abridged():
    executions = Executions({str(n): frozenset({str((n + 1) % 50_000)}) for n in range(50_000)})
    assert executions.is_loop("0", "1")
    assert executions.way_round("0", "1").startswith("0 -> 1 -> 2 -> 3 -> 4 -> 5 -> ... -> ")
