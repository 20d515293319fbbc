"""What a peer asks of a hub: values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Publish:
    """A peer sends a message to a topic."""

    number: int
    """Counts the requests of one session of a peer."""
    topic: str
    key: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A peer wants to listen to a topic."""

    number: int
    topic: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A peer does not want to listen to a topic any more; what is in its queue stays."""

    number: int
    topic: str


Request = Publish | Subscribe | Unsubscribe
"""What a peer asks for, confirmed by its number once it is stored."""
