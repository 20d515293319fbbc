"""What a peer asked for and the hub has not taken over yet, and what it has taken in; without I/O."""

from __future__ import annotations

import logging
from collections import deque

from roboconf_core.builtin.hub.requests import Publish, Request, Subscribe, Unsubscribe

log = logging.getLogger(__name__)

MOST_BYTES = 32 * 1024 * 1024
"""Of payloads kept; beyond it the oldest messages without a key are dropped."""


class Outbox:
    """Requests in their order, each until it is confirmed; of messages with the same topic and key only the newest.

    Requests are numbered. Those up to a confirmed number are taken over. After a
    reconnection, what was sent and not confirmed is sent again with the same number.
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: dict[int, Request] = {}
        self._by_key: dict[tuple[str, str], int] = {}
        self._of_topic: dict[str, int] = {}
        """The newest subscription or its end."""
        self._unsent: deque[int] = deque()
        """Numbers in order; some may be gone already."""
        self._last = 0
        self._bytes = 0
        self.dropped = 0
        """Messages without a key that were dropped for want of room."""

    def __len__(self) -> int:
        """Return how many requests are not confirmed."""
        return len(self._kept)

    @property
    def has_unsent(self) -> bool:
        """Whether ``next_unsent`` may have something."""
        return bool(self._unsent)

    def publish(self, topic: str, key: str | None, payload: bytes) -> None:
        """Keep a message, in place of an older one with the same topic and key."""
        if key is not None:
            self._remove(self._by_key.get((topic, key), 0))
        number = self._add(Publish(self._last + 1, topic, key, payload))
        if key is not None:
            self._by_key[topic, key] = number
        self._bytes += len(payload)
        if self._bytes > self._most_bytes:
            self._make_room()

    def subscribe(self, topic: str) -> None:
        """Keep a subscription, unless the same one waits already."""
        if not isinstance(self._kept.get(self._of_topic.get(topic, 0)), Subscribe):
            self._remove(self._of_topic.get(topic, 0))
            self._of_topic[topic] = self._add(Subscribe(self._last + 1, topic))

    def unsubscribe(self, topic: str) -> None:
        """Keep the end of a subscription, unless the same one waits already."""
        if not isinstance(self._kept.get(self._of_topic.get(topic, 0)), Unsubscribe):
            self._remove(self._of_topic.get(topic, 0))
            self._of_topic[topic] = self._add(Unsubscribe(self._last + 1, topic))

    def next_unsent(self) -> Request | None:
        """Return the oldest request that was not sent on the present connection, which then counts as sent."""
        while self._unsent:
            request = self._kept.get(self._unsent.popleft())
            if request is not None:
                return request
        return None

    def confirm(self, number: int) -> None:
        """Let go of all requests up to a number."""
        while self._kept and (first := next(iter(self._kept))) <= number:
            self._remove(first)

    def restart(self, number: int) -> None:
        """Begin with a new connection, whose hub took over all requests up to a number."""
        self.confirm(number)
        self._unsent = deque(self._kept)

    def _add(self, request: Request) -> int:
        self._last = request.number
        self._kept[request.number] = request
        self._unsent.append(request.number)
        return request.number

    def _remove(self, number: int) -> None:
        request = self._kept.pop(number, None)
        match request:
            case Publish(topic=topic, key=key, payload=payload):
                self._bytes -= len(payload)
                if key is not None and self._by_key.get((topic, key)) == number:
                    del self._by_key[topic, key]
            case Subscribe(topic=topic) | Unsubscribe(topic=topic):
                if self._of_topic.get(topic) == number:
                    del self._of_topic[topic]

    def _make_room(self) -> None:
        for number in [n for n, r in self._kept.items() if isinstance(r, Publish) and r.key is None]:
            if self._bytes <= self._most_bytes or number == self._last:
                break
            self._remove(number)
            self.dropped += 1
        if self.dropped:
            log.warning("the outbox is full: %d messages without a key were dropped so far", self.dropped)


class Receipts:
    """The tags that a peer acknowledged lately, to recognise what comes again all the same."""

    def __init__(self, most: int = 4096) -> None:
        """Remember ``most`` tags: more than a hub ever has on the way to one peer."""
        self._most = most
        self._tags: dict[int, None] = {}

    def add(self, tag: int) -> None:
        """Remember a tag."""
        self._tags[tag] = None
        if len(self._tags) > self._most:
            del self._tags[next(iter(self._tags))]

    def __contains__(self, tag: int) -> bool:
        """Tell whether a tag was acknowledged."""
        return tag in self._tags
