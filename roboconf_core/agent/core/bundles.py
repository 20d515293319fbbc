"""Which recipes are in the agent's cache, and which were asked for."""

from __future__ import annotations

_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 60.0


class Bundles:
    """Recipes by digest; a recipe is asked for once, and again some time after it could not be had."""

    def __init__(self) -> None:
        self._present: set[str] = set()
        self._asked: set[str] = set()
        self._failures: dict[str, tuple[int, float, str]] = {}

    def present(self, digest: str) -> bool:
        """Tell whether a recipe can be used; a component without recipe needs none."""
        return not digest or digest in self._present

    def reason(self, digest: str) -> str:
        """Return why a recipe could not be had last time; empty when nothing is known."""
        return self._failures[digest][2] if digest in self._failures else ""

    def ask(self, digest: str, now: float) -> bool:
        """Tell whether a recipe is to be asked for now, and note that it was."""
        if digest in self._asked or now < self.retry_at(digest):
            return False
        self._asked.add(digest)
        return True

    def retry_at(self, digest: str) -> float:
        """Return when a recipe that could not be had may be asked for again (monotonic seconds)."""
        return self._failures[digest][1] if digest in self._failures else float("-inf")

    def arrived(self, digest: str) -> None:
        """Note that a recipe is in the cache."""
        self._present.add(digest)
        self._asked.discard(digest)
        self._failures.pop(digest, None)

    def failed(self, digest: str, reason: str, now: float) -> None:
        """Note that a recipe could not be had."""
        count = self._failures[digest][0] + 1 if digest in self._failures else 1
        delay = min(_FIRST_RETRY_S * 2.0 ** min(count - 1, 30), _LAST_RETRY_S)
        self._failures[digest] = (count, now + delay, reason)
        self._asked.discard(digest)

    def doubt(self, digest: str) -> None:
        """Ask for a recipe again before its next use: it may have been damaged or removed."""
        self._present.discard(digest)

    def retry_now(self) -> None:
        """Ask again for everything that could not be had: the connection is new."""
        self._failures.clear()
        self._asked.clear()
