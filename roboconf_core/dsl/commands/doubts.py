"""Instances that may be there, since a line with a problem was probably to create them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Step:
    following: dict[str, _Step] = field(default_factory=dict)
    is_last: bool = False


@dataclass(slots=True)
class Doubts:
    """Paths of which nothing is said any more, so that one mistake is one problem."""

    _top: _Step = field(default_factory=_Step)

    def add(self, path: str) -> None:
        """Doubt an instance and all below it; all instances when a variable in the path has no value."""
        step = self._top
        if "$(" not in path:
            for name in path.split("/")[1:]:
                step = step.following.setdefault(name, _Step())
        step.is_last = True

    def covers(self, path: str) -> bool:
        """Tell whether an instance may be there."""
        step = self._top
        for name in path.split("/")[1:]:
            if step.is_last or name not in step.following:
                break
            step = step.following[name]
        return step.is_last
