"""Trees of instances and their paths."""

import itertools

from roboconf_core.model.instance import (
    Instance,
    clean_path,
    clean_reversed_path,
    find,
    name_and_parent,
    replicate,
    shown_path,
    walk,
)

TREE = Instance(
    name="my vm",
    component="VM",
    data={"machine.id": "7"},
    children=(
        Instance(
            name="s",
            component="S",
            overrides={"port": "81"},
            channels=("c",),
            data={"k": "v"},
            children=(Instance(name="w", component="W"),),
        ),
        Instance(name="t", component="S"),
    ),
)


def test_walk_yields_parents_first_in_the_order_of_declaration():
    other = Instance(name="vm2", component="VM")
    assert [(p.path, p.parent_path) for p in walk([TREE, other])] == [
        ("/my vm", ""),
        ("/my vm/s", "/my vm"),
        ("/my vm/s/w", "/my vm/s"),
        ("/my vm/t", "/my vm"),
        ("/vm2", ""),
    ]


def test_a_replica_has_another_name_and_no_runtime_data_anywhere():
    copy = replicate(TREE, "vm 2")
    assert copy.name == "vm 2"
    assert [p.path for p in walk([copy])] == ["/vm 2", "/vm 2/s", "/vm 2/s/w", "/vm 2/t"]
    assert all(p.instance.data == {} for p in walk([copy]))
    assert copy.children[0].overrides == {"port": "81"}
    assert copy.children[0].channels == ("c",)


def test_paths_are_cut_and_cleaned():
    assert name_and_parent("/my vm/s") == ("s", "/my vm")
    assert name_and_parent("/vm") == ("vm", "")
    assert clean_path("/my vm/s-1.a") == "my_vm_s_1_a"
    assert clean_reversed_path("/my vm/s-1.a") == "s_1_a_my_vm"


def test_find_accepts_a_missing_first_slash_and_trailing_ones():
    assert find([TREE], "/my vm/s/w") is find([TREE], "my vm/s/w//") is TREE.children[0].children[0]
    for wrong in ("", "/", "/my vm//s", "/nope", "/my vm/s/w/x"):
        assert find([TREE], wrong) is None


def test_deep_trees_are_walked_and_copied_without_recursion():
    deep = Instance(name="i", component="C")
    for _ in range(3000):
        deep = Instance(name="i", component="C", children=(deep,))
    assert sum(1 for _ in walk([replicate(deep, "j")])) == 3001


def test_a_path_in_a_message_shows_the_lowest_levels_only():
    assert shown_path(["app", "tomcat", "vm"]) == "/vm/tomcat/app"
    assert shown_path(["i"] * 50) == "/i" * 50
    assert shown_path(itertools.chain(["last"], itertools.repeat("i"))) == "/..." + "/i" * 49 + "/last"
