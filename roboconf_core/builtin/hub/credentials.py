"""Credentials of agents: random tokens, of which the hub keeps digests only."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return a new credential, with 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """Return what is kept of a credential; enough, because tokens are too random to be guessed from it."""
    return hashlib.sha256(token.encode()).hexdigest()
