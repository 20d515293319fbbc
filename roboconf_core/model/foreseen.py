"""The instances that an application will have had once some commands were executed.

Later commands may speak of instances that earlier ones create, rename or delete. All walks
are loops, and what is asked for costs no more than what it concerns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from roboconf_core.model.instance import Instance, name_and_parent, walk


@dataclass(slots=True, eq=False)
class _Node:
    component: str
    children: dict[str, _Node] = field(default_factory=dict)


class ForeseenInstances:
    """Paths and components, changed by one instruction after the other."""

    def __init__(self, roots: Iterable[Instance] = ()) -> None:
        self._top = _Node("")
        nodes = {"": self._top}
        for placed in walk(roots):
            node = _Node(placed.instance.component)
            nodes[placed.path] = node
            nodes[placed.parent_path].children[placed.instance.name] = node
        self._free: dict[tuple[str, str, str], int] = {}
        """Below what no number is free any more, by parent, text before and text after it."""
        self._existing: dict[tuple[str, str, str], tuple[int, ...]] = {}
        """Numbers in paths, by the same; both are good until something changes."""
        self._paths: list[str] | None = None

    def component_of(self, path: str) -> str | None:
        """Return the component of an instance, or None when there is no such instance."""
        node = self._find(path)
        return None if node is None or node is self._top else node.component

    def has_child(self, parent: str, name: str) -> bool:
        """Tell whether an instance, or the root level (empty), has a child of a name."""
        node = self._find(parent)
        return node is not None and name in node.children

    def paths(self) -> list[str]:
        """Return all paths; not to be changed."""
        if self._paths is None:
            self._paths = [path for path, _ in self._walk("", self._top)]
        return self._paths

    def add(self, parent: str, name: str, component: str) -> None:
        """Add an instance below an existing one, or at the root level."""
        node = self._find(parent)
        if node is not None:
            node.children[name] = _Node(component)
            self._existing.clear()
            if self._paths is not None:
                self._paths.append(f"{parent.rstrip('/')}/{name}")

    def replicate(self, path: str, name: str) -> None:
        """Add a copy of a root instance with all below it."""
        original = self._find(path)
        if original is None:
            return
        copy = _Node(original.component)
        queue = [(original, copy)]
        for source, target in queue:
            for child_name, child in source.children.items():
                target.children[child_name] = _Node(child.component)
                queue.append((child, target.children[child_name]))
        self._top.children[name] = copy
        self._forget()

    def rename(self, path: str, name: str) -> None:
        """Move an instance with all below it to another name."""
        old, parent = name_and_parent(path)
        node = self._find(parent)
        if node is not None and old in node.children:
            node.children[name] = node.children.pop(old)
            self._forget()

    def delete(self, path: str) -> None:
        """Remove an instance with all below it."""
        name, parent = name_and_parent(path)
        node = self._find(parent)
        if node is not None and node.children.pop(name, None) is not None:
            self._forget()

    def delete_all_of(self, component: str) -> None:
        """Remove all instances of a component with all below them."""
        queue = [self._top]
        for node in queue:
            node.children = {name: child for name, child in node.children.items() if child.component != component}
            queue += node.children.values()
        self._forget()

    def smart_index(self, parent: str, before: str, after: str) -> int:
        """Return the smallest number from 1 so that no instance below the parent is called ``before`` number ``after``."""
        node = self._find(parent)
        key = (parent, before, after)
        number = self._free.get(key, 1)
        while node is not None and f"{before}{number}{after}" in node.children:
            number += 1
        self._free[key] = number
        return number

    def existing_indexes(self, parent: str, before: str, after: str) -> tuple[int, ...]:
        """Return the numbers in paths that contain ``parent/before`` number ``after``, at any depth."""
        key = (parent, before, after)
        if key not in self._existing:
            pattern = re.compile(re.escape(f"{parent}/{before}") + r"([0-9]{1,18})" + re.escape(after))
            matches = map(pattern.search, self.paths())
            self._existing[key] = tuple(int(match[1]) for match in matches if match)
        return self._existing[key]

    def _find(self, path: str) -> _Node | None:
        node = self._top
        for name in path.rstrip("/").split("/")[1:]:
            found = node.children.get(name)
            if found is None:
                return None
            node = found
        return node

    def _walk(self, path: str, top: _Node) -> Iterator[tuple[str, _Node]]:
        stack = [(path, top)]
        while stack:
            above, node = stack.pop()
            for name, child in node.children.items():
                below = f"{above}/{name}"
                yield below, child
                stack.append((below, child))

    def _forget(self) -> None:
        self._free.clear()
        self._existing.clear()
        self._paths = None
