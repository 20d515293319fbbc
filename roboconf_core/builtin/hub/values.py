"""What a hub's router keeps, is asked, and brings about: values only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is kept and sent; what goes beyond ends in an overflow or is refused."""

    queue_messages: int = 10_000
    """In one agent's queue."""
    queue_bytes: int = 16 * 1024 * 1024
    manager_messages: int = 200_000
    """In the deployment manager's queue."""
    manager_bytes: int = 128 * 1024 * 1024
    window: int = 256
    """Deliveries on their way to one peer that it has not acknowledged yet."""
    payload_bytes: int = 4 * 1024 * 1024
    name_length: int = 1024
    """Characters of a topic or a key."""
    subscriptions: int = 10_000
    """Topics of one agent."""
    credentials: int = 8
    """Credentials of one generation of an agent, the newest ones."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in one peer's queue."""

    seq: int
    """Grows over all queues and restarts; also the tag of the delivery."""
    peer: str
    sender: str
    topic: str
    """Empty for the marker that stands for a queue which overflowed."""
    key: str | None
    payload: bytes

    @property
    def is_marker(self) -> bool:
        """Whether this stands for all that was dropped."""
        return not self.topic


@dataclass(slots=True)
class PeerRecord:
    """What is stored of a peer beside its queue, subscriptions and credentials."""

    name: str
    generation: int = 0
    session: str = ""
    """Which life of the peer's process published last..."""
    number: int = 0
    """...and the last of its publications that was taken over."""


@dataclass(slots=True)
class Snapshot:
    """All that a store holds."""

    boot: int = 0
    """How often the store was opened."""
    peers: list[PeerRecord] = field(default_factory=list)
    credentials: list[tuple[str, str, int]] = field(default_factory=list)
    """Digest, agent, generation; oldest first."""
    subscriptions: list[tuple[str, str]] = field(default_factory=list)
    """Peer, topic."""
    entries: list[Entry] = field(default_factory=list)
    """By ascending seq."""


@dataclass(slots=True)
class Changes:
    """What is to be stored, netted: what comes and goes within one batch is never written."""

    added: dict[int, Entry] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    peers: dict[str, PeerRecord | None] = field(default_factory=dict)
    """None to forget the peer, its queue, its subscriptions and its credentials."""
    subscriptions: dict[tuple[str, str], bool] = field(default_factory=dict)
    credentials: dict[str, tuple[str, int] | None] = field(default_factory=dict)
    """Digest to agent and generation; None to revoke."""
    durable: bool = False
    """Whether this must survive a loss of power."""

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.removed) or not self.only_removes

    @property
    def only_removes(self) -> bool:
        """Whether nothing is new: it does no harm to store this a little later."""
        return not (self.added or self.peers or self.subscriptions or self.credentials)

    def add(self, entry: Entry) -> None:
        """Store an entry."""
        self.added[entry.seq] = entry

    def remove(self, seq: int) -> None:
        """Remove an entry."""
        if self.added.pop(seq, None) is None:
            self.removed.add(seq)


@dataclass(frozen=True, slots=True)
class Opened:
    """A peer's connection is in force; ``number`` is the last publication of its session that was taken over."""

    link: int
    number: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send an entry on a connection."""

    link: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell a connection that one of its requests is not allowed; the connection stays."""

    link: int
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    """End a connection."""

    link: int
    reason: str
    replaced: bool = False
    """Another connection of the same peer took its place."""


@dataclass(frozen=True, slots=True)
class Came:
    """An agent is connected."""

    agent: str


@dataclass(frozen=True, slots=True)
class Left:
    """An agent is not connected any more."""

    agent: str


Output = Opened | Deliver | Refuse | Close | Came | Left


@dataclass(slots=True)
class Effects:
    """What a batch of requests brings about: store ``changes``, then carry out ``outputs``, then confirm."""

    changes: Changes = field(default_factory=Changes)
    outputs: list[Output] = field(default_factory=list)
    confirmed: dict[int, int] = field(default_factory=dict)
    """Connection to the last request that was taken over."""
