"""How long the deployment manager remembers what happened."""

from __future__ import annotations

from dataclasses import dataclass

from roboconf_core.dm.transaction import Transaction

_DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Limits of history; what is beyond one of them is removed once an hour."""

    events_days: float = 90.0
    actions_days: float = 30.0
    idempotency_days: float = 1.0
    events_count: int = 200_000
    actions_count: int = 20_000

    def apply(self, changes: Transaction, *, now: float) -> None:
        """Remove what is too old or too much, seen from a wall time in Unix seconds."""
        changes.forget_before(
            events_time=now - self.events_days * _DAY_S,
            actions_time=now - self.actions_days * _DAY_S,
            keys_time=now - self.idempotency_days * _DAY_S,
        )
        changes.keep_newest(events_count=self.events_count, actions_count=self.actions_count)
