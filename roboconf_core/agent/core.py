"""The mind of one agent: events in, effects out; no clock, socket, thread or random number inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roboconf_core.agent.events import Effect, Event
from roboconf_core.model.instant import Instant


class AgentCore:
    """Decides what an agent does; deterministic, so that a whole deployment can be simulated.

    Args:
        agent: Name of the agent, ``lamp/apache-vm``.
        records: What the journal holds, by key: records of ``agent.state``; empty on a new disk.
        slots: How many lifecycle actions may run at once, at least 1.
        generation: Of the machine, as its settings say; records of another one are forgotten.
        handlers: Installer name to version of the plugin that serves it, for the hello.
        address: Of the machine, for the hello.
    """

    def __init__(
        self,
        agent: str,
        records: Mapping[str, Any],
        *,
        slots: int,
        generation: int,
        handlers: Mapping[str, str] | None = None,
        address: str = "",
    ) -> None:
        raise NotImplementedError  # the next commit brings it

    def handle(self, event: Event, *, now: Instant) -> tuple[Effect, ...]:
        """Take in one event; return what the runner is to do.

        The first event of a core's life is ``Started``. Effects are in order, except that
        ``Save`` and ``Forget`` come first, together and durably.
        """
        raise NotImplementedError
