"""Instances as commands leave them."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import examples

from roboconf_core.model.commands import Bulk, Create, Execute, Rename, Replicate, Verb
from roboconf_core.model.foreseen import Effort, ForeseenInstances
from roboconf_core.model.instance import Instance, name_and_parent

LEAF = Instance(name="b", component="B")
ROOTS = (
    Instance(name="a", component="A", children=(Instance(name="b", component="B", children=(LEAF,)),)),
    Instance(name="b", component="A"),
)
PATHS = {"/a": "A", "/a/b": "B", "/a/b/b": "B", "/b": "A"}


def below(path, paths):
    return {each: component for each, component in paths.items() if each == path or each.startswith(f"{path}/")}


def plainly(paths, instruction):
    """Return what becomes of paths and components, the slow and plain way."""
    match instruction:
        case Create(component=component, name=name, parent=parent) if not parent or parent in paths:
            return {f"{parent}/{name}": component} | paths
        case Replicate(path=path, name=name) if f"/{name}" not in paths:
            return paths | {f"/{name}{each.removeprefix(path)}": c for each, c in below(path, paths).items()}
        case Rename(path=path, name=name) if f"{name_and_parent(path)[1]}/{name}" not in paths:
            moved = below(path, paths)
            target = f"{name_and_parent(path)[1]}/{name}"
            kept = {p: c for p, c in paths.items() if p not in moved}
            return kept | {f"{target}{each.removeprefix(path)}": c for each, c in moved.items()}
        case Bulk(verb=Verb.DELETE, path="", component=component):
            gone = {p for each, c in paths.items() if c == component for p in below(each, paths)}
            return {p: c for p, c in paths.items() if p not in gone}
        case Bulk(verb=Verb.DELETE, path=path):
            return {p: c for p, c in paths.items() if p not in below(path, paths)}
    return paths


_NAMES = st.sampled_from(["a", "b", "n1", "n2"])
_ANY_PATH = st.lists(_NAMES, min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))
_INSTRUCTIONS = st.one_of(
    st.builds(Create, component=st.sampled_from("AB"), name=_NAMES, parent=st.just("") | _ANY_PATH),
    st.builds(Replicate, path=_NAMES.map("/{}".format), name=_NAMES),
    st.builds(Rename, path=_ANY_PATH, name=_NAMES),
    st.builds(Bulk, verb=st.sampled_from(Verb), path=_ANY_PATH),
    st.builds(Bulk, verb=st.sampled_from(Verb), component=st.sampled_from("AB")),
    st.builds(Execute, command=_NAMES),
)


@settings(max_examples=examples(300))
@given(instructions=st.lists(_INSTRUCTIONS, max_size=12), other=st.lists(_INSTRUCTIONS, max_size=4))
def test_instructions_change_paths_as_they_do_plainly(instructions, other):
    base = ForeseenInstances(ROOTS)
    foreseen = base.fork()
    expected = PATHS
    for instruction in instructions:
        foreseen.apply(instruction)
        expected = plainly(expected, instruction)
        assert {path: foreseen.component_of(path) for path in foreseen.paths()} == expected
        assert sorted(foreseen.existing_indexes("", "n", "")) == sorted(
            int(path[path.index("/n") + 2]) for path in expected if "/n" in path
        )
        free = next(n for n in (1, 2, 3) if f"/n{n}" not in expected)
        assert foreseen.smart_index("", ["n", ""]) == free
    second = base.fork()
    for instruction in other:
        second.apply(instruction)
    assert set(foreseen.paths()) == set(expected)
    assert set(base.paths()) == set(PATHS)


def test_numbers_in_paths_with_slashes():
    foreseen = ForeseenInstances([Instance(name="a 1", component="A", children=(Instance(name="b 1", component="B"),))])
    assert foreseen.smart_index("", ["a 1/b ", ""]) == 2
    assert foreseen.smart_index("/a 1", ["b ", ""]) == 2
    assert foreseen.smart_index("", ["a ", "/b ", ""]) == 2
    assert list(foreseen.existing_indexes("/a 1", "b ", "")) == [1]


@pytest.mark.parametrize("path", ["", "/", "a", "/a/", "//a", "/a//b", "/a/b/c"])
def test_what_is_no_path_of_an_instance(path):
    assert ForeseenInstances(ROOTS).component_of(path) is None


def test_instances_are_given_up_when_they_take_too_much_effort():
    foreseen = ForeseenInstances(ROOTS, Effort(5))
    assert foreseen.complete
    assert list(foreseen.paths()) == []
    assert not foreseen.complete
    assert not foreseen.fork().complete
    fork = ForeseenInstances(ROOTS, Effort(5)).fork()
    assert list(fork.paths()) == []
    assert not fork.complete


def test_deep_instances_take_memory_for_each_one_only():
    deep = LEAF
    for _ in range(20_000):
        deep = Instance(name="b", component="B", children=(deep,))
    tracemalloc.start()
    try:
        foreseen = ForeseenInstances([deep])
        assert list(foreseen.paths()) == []  # all paths together have 400 million characters
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200 * 2**20
