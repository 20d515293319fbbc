"""Addresses of the loopback network, one for each machine of a deployment manager.

The whole of 127.0.0.0/8 belongs to the host. An address is drawn from the machine's name,
so that it is the same after every deployment; a file remembers them, so that no two
machines share one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
_COUNT = 253 * 256 * 254
"""127.1.0.1 to 127.253.255.254: 127.0.0.0/16 is left to the distributions' own uses."""


def candidates(key: str) -> Iterator[str]:
    """Return all addresses, from the one that a key draws onwards."""
    first = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % _COUNT
    for index in range(_COUNT):
        rest, last = divmod((first + index) % _COUNT, 254)
        second, third = divmod(rest, 256)
        yield f"127.{second + 1}.{third}.{last + 1}"


def claimed(key: str, register: Path) -> str:
    """Return the address of a key, taking a free one at the first time.

    Args:
        key: Name of the machine, without its generation.
        register: JSON file, key to address; its directory is locked meanwhile.

    Raises:
        OSError: If the register cannot be read or written.
        ValueError: If it is not valid.
    """
    with _locked(register.parent):
        known = _read(register)
        if key not in known:
            taken = set(known.values())
            known[key] = next(address for address in candidates(key) if address not in taken)
            _write(register, known)
        return known[key]


def release(key: str, register: Path) -> None:
    """Give the address of a key back; unknown keys are fine."""
    if not register.exists():
        return
    with _locked(register.parent):
        known = _read(register)
        if known.pop(key, None) is not None:
            _write(register, known)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(register: Path) -> dict[str, str]:
    if not register.exists():
        return {}
    known: dict[str, str] = json.loads(register.read_text(encoding="utf-8"))
    return known


def _write(register: Path, known: Mapping[str, str]) -> None:
    draft = register.with_name(f".{register.name}")
    draft.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(register)
