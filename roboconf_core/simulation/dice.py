"""Chances that depend on a name only: the n-th ``start`` of an instance ends the same in every run of a seed."""

from __future__ import annotations

from zlib import crc32


class Dice:
    """Draws numbers from a seed and a name; the order of the draws does not matter."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def number(self, name: str) -> float:
        """Return a number from 0 to below 1."""
        mixed = crc32(f"{self._seed}/{name}".encode()) * 2654435761
        return ((mixed ^ (mixed >> 15)) & 0xFFFFFFFF) / 2**32

    def between(self, name: str, limits: tuple[float, float]) -> float:
        """Return a number between two limits."""
        return limits[0] + self.number(name) * (limits[1] - limits[0])
