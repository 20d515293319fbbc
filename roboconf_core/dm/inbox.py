"""What reaches the runner's thread, and how the transport puts it there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from roboconf_core.dm.decision import Asked
from roboconf_core.dm.events import AgentConnected, AgentDisconnected, DoMachineStep, QueueOverflowed, Started
from roboconf_core.dm.machines import StepResult
from roboconf_core.hooks.transports import Delivery

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A question that only reads, with who waits for the answer."""

    question: Callable[[], Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A call of a target handler is over; None when the step goes on."""

    step: DoMachineStep
    result: StepResult | None


@dataclass(frozen=True, slots=True)
class Stop:
    """End after what came before."""


Item = Asked | Read | StepEnded | Stop | Delivery | AgentConnected | AgentDisconnected | QueueOverflowed | Started


class QueueListener:
    """Puts all that the transport tells into the runner's queue."""

    def __init__(self, queue: SimpleQueue[Item]) -> None:
        self._put = queue.put

    def connected(self) -> None:
        """Subscriptions are still in force: nothing to do."""
        log.info("messaging is up")

    def disconnected(self, reason: str) -> None:
        """The transport keeps trying: nothing to do but to say so."""
        log.warning("messaging is down: %s", reason)

    def delivered(self, delivery: Delivery) -> None:
        """Queue a message."""
        self._put(delivery)

    def overflowed(self) -> None:
        """Queue the loss of the queue."""
        log.warning("the queue of the deployment manager overflowed; reports are asked for again")
        self._put(QueueOverflowed())

    def agent_connected(self, agent: str) -> None:
        """Queue that an agent is there."""
        self._put(AgentConnected(agent))

    def agent_disconnected(self, agent: str) -> None:
        """Queue that an agent's connection is gone."""
        self._put(AgentDisconnected(agent))
