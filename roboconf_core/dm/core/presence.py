"""Who was heard when: what the deployment manager knows of agents and does not store."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Presence:
    """Moments are monotonic seconds; agents are by name."""

    heard: dict[str, float] = field(default_factory=dict)
    """Newest word of each agent that should be there; later than now while it has a grace."""
    awaited: set[str] = field(default_factory=set)
    """Agents that should be there and have not been heard since the deployment manager started."""
    broken: dict[str, float] = field(default_factory=dict)
    """Since when the connection of an agent is gone."""
    connected: set[str] = field(default_factory=set)
    lost: dict[str, float] = field(default_factory=dict)
    """When agents were given up."""
    doubted: dict[str, float] = field(default_factory=dict)
    """Agents that fell silent together with many others, and when their machines were last asked about."""
    versions: dict[str, int] = field(default_factory=dict)
    """Version of the desired state that an agent showed last."""
    actions: dict[str, None] = field(default_factory=dict)
    """Identifiers of the newest action reports, oldest first."""
    due: float | None = None
    """When the next judgement is to be."""

    def forget(self, agent: str) -> None:
        """Expect nothing of an agent any more."""
        self.awaited.discard(agent)
        for known in (self.heard, self.broken, self.doubted, self.versions):
            known.pop(agent, None)

    def refresh(self, agent: str, now: float) -> None:
        """Take note of words that show less than a heartbeat does: they do not bring anybody back."""
        if agent in self.heard:
            self.heard[agent] = max(now, self.heard[agent])

    def is_new_action(self, report: str) -> bool:
        """Tell whether an action report is not known, and remember it among the newest."""
        if report in self.actions:
            return False
        self.actions[report] = None
        if len(self.actions) > _REMEMBERED_ACTIONS:
            del self.actions[next(iter(self.actions))]
        return True


_REMEMBERED_ACTIONS = 4096
