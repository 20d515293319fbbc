"""When an importer is updated: at once after a calm, else after a quiet period.

The periods are those of consul-template's ``wait``: a minimum without changes, and a
maximum after which the update runs although changes go on.
"""

from __future__ import annotations

from dataclasses import dataclass

from roboconf_core.model.settings import Settings


@dataclass(slots=True)
class Quiet:
    """The changes of one importer's imports that no start or update has seen yet; monotonic seconds."""

    first: float | None = None
    """When the oldest of these changes came; None when there is none."""
    last: float = 0.0
    held_back: bool = False
    """Whether the first one came while an action ran or soon after one."""
    calm_from: float = float("-inf")
    """Changes that come later than this find a calm."""

    def change(self, now: float, *, busy: bool) -> None:
        """Note a change of the imports; ``busy`` while a start or update runs."""
        if self.first is None:
            self.first = now
            self.held_back = busy or now < self.calm_from
        self.last = now

    def reverted(self) -> None:
        """Note that the imports are again what the last success saw."""
        self.first = None

    def began(self) -> None:
        """Note that a start or update takes all changes so far."""
        self.first = None

    def ended(self, now: float, settings: Settings) -> None:
        """Note that a start or update ended."""
        self.calm_from = now + settings.quiet_min_s

    def due(self, settings: Settings) -> float | None:
        """Return the moment from which the next update may run; None when nothing changed."""
        if self.first is None or not self.held_back:
            return self.first
        return min(self.last + settings.quiet_min_s, self.first + settings.quiet_max_s)
