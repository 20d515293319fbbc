"""Instances: what is, or is to be, deployed. Trees of values.

Source: Roboconf user guide, "Instances Definition".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from roboconf_core.errors import Where
from roboconf_core.model.lifecycle import Status

_MAX_SHOWN = 50
"""Levels of a path in messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance with its children."""

    name: str
    component: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Exported variables given another value, and extra variables; keys as written."""
    channels: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    state: Status = Status.NOT_DEPLOYED
    """As a file says it; of no account to a deployment manager, which remembers states itself."""
    children: tuple[Instance, ...] = ()
    where: Where | None = field(default=None, compare=False)
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)
    """Line and column of each property in the file of ``where``."""


class Placed(NamedTuple):
    """An instance and where it stands in its application."""

    path: str
    """``/vm 1/tomcat``; unique in an application."""
    instance: Instance
    parent_path: str
    """Empty for a root instance."""


def walk(roots: Iterable[Instance]) -> Iterator[Placed]:
    """Yield all instances of some trees, parents before children, in the order of their declaration."""
    stack = [Placed(join_path("", root.name), root, "") for root in roots][::-1]
    while stack:
        placed = stack.pop()
        yield placed
        path = placed.path
        stack.extend(Placed(join_path(path, child.name), child, path) for child in reversed(placed.instance.children))


def join_path(parent_path: str, name: str) -> str:
    """Return the path of an instance from its name and its parent's path (empty for a root)."""
    return f"{parent_path}/{name}"


def shown_path(upwards: Iterable[str]) -> str:
    """Return the path of an instance for a message; of very many levels, only the lowest ones.

    Args:
        upwards: Its name, that of its parent, and so on; no more of them are asked for than are shown.
    """
    names = list(islice(upwards, _MAX_SHOWN + 1))
    if len(names) > _MAX_SHOWN:
        names[-1] = "..."
    return "/" + "/".join(reversed(names))


def name_and_parent(path: str) -> tuple[str, str]:
    """Return the name and the parent's path of ``/vm/tomcat``: ``("tomcat", "/vm")``; no parent is empty."""
    parent, _, name = path.rpartition("/")
    return name, parent


def clean_path(path: str) -> str:
    """Return a path as a word of letters, digits and underscores: ``/my vm/s-1`` is ``my_vm_s_1``."""
    return _UNCLEAN.sub("_", path.removeprefix("/"))


def clean_reversed_path(path: str) -> str:
    """Return the clean form of a path whose segments are reversed: ``/my vm/s-1`` is ``s_1_my_vm``."""
    return clean_path("/".join(reversed(path.removeprefix("/").split("/"))))


def find(roots: Iterable[Instance], path: str) -> Instance | None:
    """Return the instance of a path; the first slash may be missing, trailing ones are ignored."""
    wanted = path.rstrip("/").removeprefix("/").split("/")
    found: Instance | None = None
    level = roots
    for name in wanted:
        found = next((i for i in level if i.name == name), None)
        if found is None:
            return None
        level = found.children
    return found


def replicate(instance: Instance, name: str) -> Instance:
    """Return a copy of an instance and all below it under another name, without runtime data.

    Source: Roboconf user guide, "Commands", *replicate*.
    """
    copies: dict[int, Instance] = {}
    for placed in reversed(list(walk([instance]))):
        original = placed.instance
        children = tuple(copies[id(child)] for child in original.children)
        copies[id(original)] = replace(original, data={}, state=Status.NOT_DEPLOYED, children=children)
    return replace(copies[id(instance)], name=name)


_UNCLEAN = re.compile(r"[^A-Za-z0-9_]")
