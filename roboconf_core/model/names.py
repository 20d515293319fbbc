"""What names may look like, and which known name was probably meant.

Letters and digits are ASCII only; a pattern must match the whole text.

Source: Roboconf user guide, "Graph Definition", "Naming"; "Application Descriptor".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""Components, facets and variables (components and facets without a dot)."""
FLEX_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_. -]*")
"""Instances and installers: an ``ID`` with spaces."""
APPLICATION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.() -]*")
VERSION = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?([.-].+)?")


def is_id(text: str) -> bool:
    """Tell whether a text is an ``ID``."""
    return ID.fullmatch(text) is not None


def is_flex_id(text: str) -> bool:
    """Tell whether a text is a ``FLEX_ID``."""
    return FLEX_ID.fullmatch(text) is not None


class Suggestions:
    """Finds the known name that was probably meant.

    Comparing is slow, so one object compares a limited number of pairs and then
    suggests nothing more: a file with thousands of mistakes is still checked at once.
    """

    def __init__(self, known: Iterable[str], budget: int = 200_000) -> None:
        self._known = list(dict.fromkeys(known))
        self._budget = budget
        self._answers: dict[str, str] = {}

    def hint_for(self, name: str) -> str:
        """Return ``did you mean 'tomcat'?``, or an empty text when nothing is close enough."""
        closest = self.closest(name)
        return f"did you mean '{closest}'?" if closest else ""

    def closest(self, name: str) -> str:
        """Return the known name that is closest, or an empty text when none is close enough."""
        if name not in self._answers:
            self._answers[name] = self._closest(name)
        return self._answers[name]

    def _closest(self, name: str) -> str:
        self._budget -= len(self._known)
        if self._budget < 0 or len(name) > 200:
            return ""
        folded = name.lower()
        same = next((known for known in self._known if known.lower() == folded), None)
        if same is not None:
            return same
        close = difflib.get_close_matches(name, self._known, n=1, cutoff=0.7)
        return close[0] if close else ""
