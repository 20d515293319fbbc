"""What others hear of the effects of one turn."""

from __future__ import annotations

from collections.abc import Iterable

from roboconf_core.agent.events import Effect, Publish, Subscribe, Unsubscribe
from roboconf_core.messages.types import key_of

Outgoing = Publish | Subscribe | Unsubscribe


def outgoing(effects: Iterable[Effect]) -> list[Outgoing]:
    """Return what is for the transport, in order; of the messages with the same topic and key only the newest."""
    found: dict[object, Outgoing] = {}
    for effect in effects:
        if isinstance(effect, Outgoing):
            key = key_of(effect.message) if isinstance(effect, Publish) else None
            place = (effect.topic, key) if isinstance(effect, Publish) and key is not None else id(effect)
            found.pop(place, None)
            found[place] = effect
    return list(found.values())
