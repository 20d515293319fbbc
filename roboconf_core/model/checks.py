"""Checks of the model: of a graph, of instances, and of an instance that is to be added.

Source: Roboconf user guide, "Graph Definition", "Instances Definition".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.checks_graph import check_graph
from roboconf_core.model.graph import Graph
from roboconf_core.model.instance import Instance, find, join_path, shown_path, walk
from roboconf_core.model.names import Suggestions, is_flex_id
from roboconf_core.model.references import check_references
from roboconf_core.model.variables import declared_exports, group_by_local_name, is_ip, local_name

__all__ = ["check_graph", "check_instances", "check_new_instance"]

_SHOWN = 5


def check_instances(graph: Graph, roots: Iterable[Instance]) -> list[Problem]:
    """Return everything that is wrong with instances of a graph, parents first."""
    checker = _InstanceChecker(graph)
    return [problem for root in roots for problem in _check_tree(checker, _Place(root))]


def check_new_instance(graph: Graph, roots: Iterable[Instance], parent_path: str, instance: Instance) -> list[Problem]:
    """Return why an instance, with all below it, cannot be added.

    Args:
        graph: The graph.
        roots: What the application has.
        parent_path: Where to add it; empty for a root instance.
        instance: What to add.
    """
    roots = tuple(roots)
    parent = find(roots, parent_path) if parent_path else None
    if parent_path and parent is None:
        known = Suggestions(placed.path for placed in walk(roots))
        message = f"there is no instance '{parent_path}' to add '{instance.name}' to"
        return [Problem(Code.RM_INVALID_INSTANCE_PARENT, message, hint=known.hint_for(parent_path))]
    siblings = parent.children if parent else roots
    if any(sibling.name == instance.name for sibling in siblings):
        message = f"there is already an instance '{join_path(parent_path, instance.name)}'"
        return [Problem(Code.CO_ALREADY_DEFINED_INSTANCE, message, instance.where)]
    component = parent.component if parent else ""
    return list(_check_tree(_InstanceChecker(graph), _Place(instance, None, parent_path, component)))


def _check_tree(checker: _InstanceChecker, root: _Place) -> Iterator[Problem]:
    stack = [root]
    while stack:
        place = stack.pop()
        yield from checker.check(place)
        stack.extend(_Place(child, place) for child in reversed(place.instance.children))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an instance stands.

    Its path is worked out for problems only: all paths of a deep tree would fill the memory.
    """

    instance: Instance
    above: _Place | None = None
    parent_path: str = ""
    """Of the first one, when it stands below instances that are not looked at."""
    parent_component: str = ""

    @property
    def is_root(self) -> bool:
        return self.above is None and not self.parent_path

    @property
    def component_above(self) -> str:
        return self.above.instance.component if self.above else self.parent_component

    @property
    def path(self) -> str:
        """Path as shown in problems."""
        return shown_path(self._names_upwards())

    def _names_upwards(self) -> Iterator[str]:
        place: _Place | None = self
        while place is not None:
            yield place.instance.name
            parent_path = place.parent_path
            place = place.above
        if parent_path:
            yield from reversed(parent_path.removeprefix("/").split("/"))


@dataclass(frozen=True, slots=True)
class _Exports:
    """What the check needs to know of the exports of a component."""

    names: frozenset[str]
    by_local: Mapping[str, tuple[str, ...]]
    unset: tuple[str, ...]
    """Names that each instance must give a value."""
    free: frozenset[str]
    """Names that need no value: addresses and random variables, whatever is wrong with those."""
    suggestions: Suggestions


class _InstanceChecker:
    """Checks instances one by one; remembers what it learned of their components."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._suggestions = Suggestions(graph.components)
        self._exports: dict[str, _Exports] = {}

    def check(self, placed: _Place) -> Iterator[Problem]:
        instance = placed.instance
        yield from _check_name(instance)
        if not instance.component.strip():
            message = f"instance '{placed.path}' has no component"
            yield Problem(Code.RM_EMPTY_INSTANCE_COMPONENT, message, instance.where)
        elif instance.component not in self._graph.components:
            message = f"component '{instance.component}' of instance '{placed.path}' is not in the graph"
            hint = self._suggestions.hint_for(instance.component)
            yield Problem(Code.CO_INEXISTING_COMPONENT, message, instance.where, hint)
        else:
            yield from self._check_parent(placed)
            yield from self._check_variables(placed)

    def _check_parent(self, placed: _Place) -> Iterator[Problem]:
        component, where = placed.instance.component, placed.instance.where
        parent_component = placed.component_above
        if placed.is_root:
            if self._graph.relations.has_ancestors(component):
                message = f"instance '{placed.path}' of '{component}' cannot stand at the root"
                yield Problem(Code.RM_MISSING_INSTANCE_PARENT, message, where, self._parent_hint(component))
        elif not self._graph.relations.is_child(component, parent_component):
            message = (
                f"instance '{placed.path}' of '{component}' cannot stand below an instance of '{parent_component}'"
            )
            yield Problem(Code.RM_INVALID_INSTANCE_PARENT, message, where, self._parent_hint(component))

    def _parent_hint(self, component: str) -> str:
        ancestors = self._graph.ancestors_of(component)
        if not ancestors:
            return f"'{component}' stands at the root, below nothing"
        more = ", ..." if len(ancestors) > _SHOWN else ""
        return f"it stands below instances of {', '.join(ancestors[:_SHOWN])}{more}"

    def _check_variables(self, placed: _Place) -> Iterator[Problem]:
        instance = placed.instance
        exports = self._exports_of(instance.component)
        set_names: dict[str, str] = {}
        for key, value in instance.overrides.items():
            names = exports.by_local.get(key, ())
            if key not in exports.names:
                yield from _check_override(instance, key, names, exports)
            yield from check_references(f"'{key}'", value, _where(instance, key))
            if len(names) != 1:
                set_names[key] = value
            set_names.update(dict.fromkeys(names, value))
        blank = [name for name, value in set_names.items() if not value.strip() and name not in exports.free]
        for name in (*blank, *(name for name in exports.unset if name not in set_names)):
            if not is_ip(name):
                yield _missing_value(placed, name)

    def _exports_of(self, component: str) -> _Exports:
        if component not in self._exports:
            declared = declared_exports(self._graph, component)
            free = frozenset(name for name, export in declared.items() if is_ip(name) or export.random is not None)
            self._exports[component] = _Exports(
                names=frozenset(declared),
                by_local={local: tuple(names) for local, names in group_by_local_name(declared).items()},
                unset=tuple(n for n, e in declared.items() if n not in free and not (e.value or "").strip()),
                free=free,
                suggestions=Suggestions((*group_by_local_name(declared), *declared)),
            )
        return self._exports[component]


def _check_name(instance: Instance) -> Iterator[Problem]:
    if not instance.name.strip():
        message = f"an instance of '{instance.component}' has no name"
        yield Problem(Code.RM_EMPTY_INSTANCE_NAME, message, instance.where)
    elif not is_flex_id(instance.name):
        message = f"'{instance.name}' is no valid name of an instance"
        hint = "a name starts with a letter or an underscore and goes on with letters, digits, '_', '-', '.' and spaces"
        yield Problem(Code.RM_INVALID_INSTANCE_NAME, message, instance.where, hint)


def _check_override(instance: Instance, key: str, names: tuple[str, ...], exports: _Exports) -> Iterator[Problem]:
    where = _where(instance, key)
    if not names:
        message = f"'{key}' is no variable that '{instance.component}' exports; only this instance's recipe will see it"
        hint = exports.suggestions.hint_for(key)
        yield Problem(Code.RM_MAGIC_INSTANCE_VARIABLE, message, where, hint)
    elif len(names) > 1:
        message = f"'{key}' sets several variables: {', '.join(names)}"
        yield Problem(Code.RM_AMBIGUOUS_OVERRIDING, message, where, f"write '{names[0]}: ...;' to set one of them")


def _missing_value(placed: _Place, name: str) -> Problem:
    message = f"variable '{name}' of instance '{placed.path}' has no value"
    hint = "set it in the instance, or give it a value in the graph"
    key = name if name in placed.instance.positions else local_name(name)
    return Problem(Code.RM_MISSING_VARIABLE_VALUE, message, _where(placed.instance, key), hint)


def _where(instance: Instance, key: str) -> Where | None:
    position = instance.positions.get(key)
    if position is None or instance.where is None:
        return instance.where
    return Where(file=instance.where.file, line=position[0], column=position[1])
