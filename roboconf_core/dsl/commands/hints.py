"""Names that were probably meant, for all problems of some commands together."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from roboconf_core.model.names import Suggestions


class Hints:
    """Compares a limited number of characters, then gives no hints any more: the first ones teach enough."""

    def __init__(self, budget: int = 4_000_000) -> None:
        self._left = budget
        self.has_ended = False
        """True when no hint is given any more; then what is known need not be listed."""

    def did_you_mean(self, name: str, *known: Collection[str]) -> str:
        """Return ``did you mean 'create'?``, or an empty text when nothing is close enough."""
        cost = sum(map(len, known)) * (len(name) + 10)
        if self.has_ended or cost > self._left:
            self.has_ended = True
            return ""
        self._left -= cost
        return Suggestions(chain(*known)).hint_for(name)
