"""Which commands execute which other ones, and whether that ever ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roboconf_core.dsl.commands.lines import logical_lines

SUFFIX = ".commands"
_MAX_WAYS = 100
"""How often a way round is shown."""
_MAX_SHOWN = 12


def executed_by(text: str) -> frozenset[str]:
    """Return the names of commands that a text executes, as far as they are written without variables."""
    lines = (line.text.split(maxsplit=1) for line in logical_lines(text))
    return frozenset(
        words[1].removesuffix(SUFFIX) for words in lines if len(words) == 2 and words[0].lower() == "execute"
    )


class Executions:
    """The commands of an application.

    Args:
        executed: All names, each with those that it executes.
    """

    def __init__(self, executed: Mapping[str, frozenset[str]]) -> None:
        self.names = executed.keys()
        self._links = {name: sorted(others & self.names) for name, others in executed.items()}
        self._groups: dict[str, int] | None = None
        self._ways_left = _MAX_WAYS

    def is_loop(self, name: str, executed: str) -> bool:
        """Tell whether commands that execute others are executed by these in turn, perhaps over several steps."""
        if self._groups is None:
            self._groups = _groups(self._links)
        return name in self._groups and self._groups[name] == self._groups.get(executed)

    def way_round(self, name: str, executed: str) -> str:
        """Return ``a -> b -> a`` for a loop, abridged when it is long; empty when too many were asked for."""
        self._ways_left -= 1
        if self._ways_left < 0:
            return ""
        came_from = {executed: ""}
        queue = [executed]
        for current in queue:
            for following in self._links[current]:
                if following not in came_from and self.is_loop(name, following):
                    came_from[following] = current
                    queue.append(following)
            if name in came_from:
                break
        way = [name]
        while came_from.get(way[-1]):
            way.append(came_from[way[-1]])
        way = [name, *reversed(way)]
        if len(way) > _MAX_SHOWN:
            way = [*way[: _MAX_SHOWN // 2], "...", *way[-_MAX_SHOWN // 2 :]]
        return " -> ".join(way)


def _groups(links: Mapping[str, list[str]]) -> dict[str, int]:
    """Return a number for each name, the same for those that lead to each other (Kosaraju's algorithm)."""
    finished: list[str] = []
    seen: set[str] = set()
    for start in links:
        finished += _newly_reached(start, links, seen)
    backwards: dict[str, list[str]] = {name: [] for name in links}
    for name, others in links.items():
        for other in others:
            backwards[other].append(name)
    groups: dict[str, int] = {}
    seen = set()
    for number, start in enumerate(reversed(finished)):
        groups |= dict.fromkeys(_newly_reached(start, backwards, seen), number)
    return groups


def _newly_reached(start: str, links: Mapping[str, list[str]], seen: set[str]) -> Iterator[str]:
    """Yield what a name leads to, itself last, each after all that it leads to; without what was seen before."""
    if start in seen:
        return
    seen.add(start)
    stack = [(start, iter(links[start]))]
    while stack:
        name, others = stack[-1]
        following = next((other for other in others if other not in seen), None)
        if following is None:
            stack.pop()
            yield name
        else:
            seen.add(following)
            stack.append((following, iter(links[following])))
