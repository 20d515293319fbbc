"""Digests from which two sides see that they differ, without sending all that they know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from roboconf_core.messages.types import InstanceReported, Publication


def digest_of_reports(reports: Iterable[InstanceReported]) -> str:
    """Return a digest of the newest report of each instance; their order does not matter."""
    return _digest(f"{r.instance} {'.'.join(map(str, r.epoch))} {r.sequence}" for r in reports)


def digest_of_publications(publications: Iterable[Publication]) -> str:
    """Return a digest of the live publications among those given; withdrawals and order do not matter."""
    return _digest(
        f"{p.instance} {p.prefix} {'.'.join(map(str, p.epoch))} {p.sequence}"
        for p in publications
        if p.variables is not None
    )


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:32]
