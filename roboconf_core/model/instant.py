"""A moment in time, as the decision cores see it."""

from __future__ import annotations

from typing import NamedTuple


class Instant(NamedTuple):
    """Two readings of one moment; the cores never read a clock themselves."""

    monotonic: float
    """Seconds since an arbitrary point; deadlines are reckoned with it."""
    wall: float
    """Unix seconds (UTC); for display and records only."""
