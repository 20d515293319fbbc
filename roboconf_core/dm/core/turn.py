"""One turn of the core: the event's moment, what is remembered, what is to be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.state import Limits
from roboconf_core.dm.core.used_ports import UsedPorts
from roboconf_core.dm.events import CancelTimer, Effect, Publish, Record, SetTimer
from roboconf_core.messages.topology import agent_topic
from roboconf_core.messages.types import Message
from roboconf_core.model.instant import Instant


class Turn:
    """Gathers the effects of one event; lives as long as ``DmCore.handle``."""

    def __init__(
        self, memory: Memory, now: Instant, limits: Limits, ports_in_use: frozenset[int] = frozenset(), user: str = ""
    ) -> None:
        self.memory = memory
        self.now = now
        self.limits = limits
        self.ports_in_use = ports_in_use
        self._user = user
        self.effects: list[Effect] = []
        self.told: set[str] = set()
        """Agents that get a new version of their desired state in this turn."""
        self.behind: set[str] = set()
        """Agents that showed an older version."""
        self.used_ports: dict[str, UsedPorts] = {}
        """By host; worked out once per turn."""
        self._reconsidered: dict[str, None] = {}

    def add(self, effect: Effect) -> None:
        """Have an effect carried out after those before."""
        self.effects.append(effect)

    def publish(self, topic: str, message: Message) -> None:
        """Send a message to a topic."""
        self.effects.append(Publish(topic, message))

    def tell(self, agent: str, message: Message) -> None:
        """Send a message to one agent."""
        self.effects.append(Publish(agent_topic(agent), message))

    def record(
        self, application: str, path: str, kind: Kind, text: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Add to the history, with the user who asked for it if one did."""
        who = {"user": self._user} if self._user else {}
        self.effects.append(
            Record(application=application, path=path, kind=kind.value, text=text, details={**(details or {}), **who})
        )

    def set_timer(self, name: str, delay_s: float) -> None:
        """Ask to be woken after so many seconds."""
        self.effects.append(SetTimer(name, self.now.monotonic + delay_s))

    def cancel_timer(self, name: str) -> None:
        """Ask not to be woken any more."""
        self.effects.append(CancelTimer(name))

    def give_up(self) -> None:
        """Forget all that was to be done."""
        self.effects.clear()
        self._reconsidered.clear()

    def reconsider(self, agent: str) -> None:
        """Look again, before the turn ends, at what is to be done with a machine."""
        self._reconsidered[agent] = None

    def reconsidered(self) -> Iterator[str]:
        """Yield the agents of machines to look at, until none is left."""
        while self._reconsidered:
            agent = next(iter(self._reconsidered))
            del self._reconsidered[agent]
            yield agent
