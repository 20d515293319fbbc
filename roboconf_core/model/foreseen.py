"""The instances that an application will have had once some commands were executed.

Later commands may speak of instances that earlier ones create, rename or delete.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from roboconf_core.model.commands import Bulk, Create, Instruction, Rename, Replicate, Verb
from roboconf_core.model.instance import Instance, name_and_parent


@dataclass(slots=True, eq=False)
class _Node:
    component: str
    children: dict[str, _Node] = field(default_factory=dict)
    shared: bool = False
    """Whether it stands in several places: then it is copied before it changes."""

    def copy(self) -> _Node:
        for child in self.children.values():
            child.shared = True
        return _Node(self.component, dict(self.children))


@dataclass(slots=True)
class Effort:
    """What looking at all instances again and again may still cost, in characters of their paths."""

    left: int = 50_000_000


@dataclass(slots=True)
class _Numbers:
    """The numbers found in the first paths, as many as were looked at."""

    pattern: re.Pattern[str]
    looked_at: int = 0
    found: list[int] = field(default_factory=list)


class ForeseenInstances:
    """Paths and components, changed by one instruction after the other.

    Attributes:
        complete: False when not all instances are known: none were given, or too much effort
            was spent on them. Then it holds what instructions created since, at most.
    """

    def __init__(self, roots: Iterable[Instance] | None, effort: Effort | None = None) -> None:
        self._origin = self
        """What this is a fork of, as long as it is no different."""
        self.complete = roots is not None
        self._effort = effort or Effort()
        self._top = _tree(roots or ())
        self._paths: list[str] | None = None
        self._free: dict[tuple[str, ...], int] = {}
        self._numbers: dict[tuple[str, str, str], _Numbers] = {}

    def fork(self) -> ForeseenInstances:
        """Return the same instances, to be changed on their own; the effort is shared."""
        other = ForeseenInstances(() if self.complete else None, self._effort)
        self._top.shared = True
        other._top = self._top
        other._origin = self
        return other

    # --- what there is

    def component_of(self, path: str) -> str | None:
        """Return the component of an instance, or None when there is no such instance."""
        node = self._find(path)
        return None if node is None or node is self._top else node.component

    def has_child(self, parent: str, name: str) -> bool:
        """Tell whether an instance, or the root level (empty), has a child of a name."""
        node = self._find(parent)
        return node is not None and name in node.children

    def paths(self) -> Sequence[str]:
        """Return all paths; empty when they are too many."""
        if self._origin is not self:
            paths = self._origin.paths()
            if not self._origin.complete:
                self._give_up()
            return paths
        if self._paths is None:
            found = []
            for path in _paths_below(self._top):
                if not self._spend(len(path)):
                    return ()
                found.append(path)
            self._paths = found
        return self._paths

    def smart_index(self, parent: str, pieces: Sequence[str]) -> int:
        """Return the smallest number from 1 so that no instance has the path of the parent and these pieces.

        Args:
            parent: Path; empty for the root level.
            pieces: What stands before, between and after the places of the number.
        """
        key = (parent, *pieces)
        number = self._free.get(key, 1)
        while self._find(f"{parent}/{str(number).join(pieces)}") is not None and self._spend(100):
            number += 1
        self._free[key] = number
        return number

    def existing_indexes(self, parent: str, before: str, after: str) -> Sequence[int]:
        """Return the numbers in paths that contain ``parent/before`` number ``after``, at any depth."""
        paths = self.paths()
        key = (parent, before, after)
        if key not in self._numbers:
            pattern = re.compile(re.escape(f"{parent}/{before}") + r"([0-9]{1,18})" + re.escape(after))
            self._numbers[key] = _Numbers(pattern)
        numbers = self._numbers[key]
        for path in paths[numbers.looked_at :]:
            if match := numbers.pattern.search(path):
                numbers.found.append(int(match[1]))
        cost = 10 * len(numbers.found) + sum(map(len, paths[numbers.looked_at :]))
        numbers.looked_at = len(paths)
        return numbers.found if self._spend(cost) else ()

    # --- what becomes of it

    def apply(self, instruction: Instruction) -> None:
        """Change the instances as an instruction does; most change none, nor do those that would fail."""
        match instruction:
            case Create():
                self._add(instruction.parent, instruction.name, _Node(instruction.component))
            case Replicate():
                self._replicate(instruction.path, instruction.name)
            case Rename():
                self._rename(instruction.path, instruction.name)
            case Bulk(verb=Verb.DELETE, path=""):
                self._delete_all_of(instruction.component)
            case Bulk(verb=Verb.DELETE):
                self._take(instruction.path)
            case _:
                pass

    def _add(self, parent: str, name: str, added: _Node) -> None:
        node = self._own(parent)
        if node is not None and name not in node.children:
            node.children[name] = added
            if self._paths is not None:
                self._paths.append(f"{parent}/{name}")

    def _replicate(self, path: str, name: str) -> None:
        node = self._find(path)
        if node is not None:
            node.shared = True
            self._add("", name, node)
            self._forget()

    def _rename(self, path: str, name: str) -> None:
        parent = name_and_parent(path)[1]
        node = None if self.has_child(parent, name) else self._take(path)
        if node is not None:
            self._add(parent, name, node)

    def _take(self, path: str) -> _Node | None:
        """Remove an instance with all below it, and return it."""
        name, parent = name_and_parent(path)
        if not self.has_child(parent, name):
            return None
        self._forget()
        node = self._own(parent)
        return None if node is None else node.children.pop(name)

    def _delete_all_of(self, component: str) -> None:
        self._forget()
        top = self._own("")
        queue = [top] if top is not None else []
        for node in queue:
            if not self._spend(20 * len(node.children)):
                return
            kept = {name: child for name, child in node.children.items() if child.component != component}
            node.children = {name: child.copy() if child.shared else child for name, child in kept.items()}
            queue += node.children.values()

    # --- nodes

    def _find(self, path: str) -> _Node | None:
        node = self._top
        for name in path.split("/")[1:]:
            found = node.children.get(name)
            if found is None:
                return None
            node = found
        return node

    def _own(self, path: str) -> _Node | None:
        """Return the node of a path, to be changed, once it and those above it stand there only."""
        if self._origin is not self:
            self._origin = self
            self._forget()
        if self._top.shared:
            self._top = self._top.copy()
        node = self._top
        for name in path.split("/")[1:]:
            found = node.children.get(name)
            if found is None:
                return None
            if found.shared:
                if not self._spend(20 * len(found.children)):
                    return None
                found = node.children[name] = found.copy()
            node = found
        return node

    def _forget(self) -> None:
        """Forget answers that a change made wrong."""
        self._paths = None
        self._free.clear()
        self._numbers.clear()

    def _spend(self, cost: int) -> bool:
        """Tell whether some effort is still allowed; otherwise no instances are known any more."""
        self._effort.left -= cost
        if self._effort.left < 0:
            self._give_up()
        return self._effort.left >= 0

    def _give_up(self) -> None:
        self.complete = False
        self._origin = self
        self._top = _Node("")
        self._forget()


def _tree(roots: Iterable[Instance]) -> _Node:
    top = _Node("")
    stack = [(top, root) for root in roots]
    while stack:
        above, instance = stack.pop()
        node = above.children[instance.name] = _Node(instance.component)
        stack += [(node, child) for child in instance.children]
    return top


def _paths_below(top: _Node) -> Iterator[str]:
    stack = [("", top)]
    while stack:
        above, node = stack.pop()
        for name, child in node.children.items():
            path = f"{above}/{name}"
            yield path
            if child.children:
                stack.append((path, child))
