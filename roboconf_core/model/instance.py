"""Instances: what is, or is to be, deployed. Trees of values.

Source: Roboconf user guide, "Instances Definition".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance with its children."""

    name: str
    component: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Exported variables given another value, and extra variables; keys as written."""
    channels: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Instance, ...] = ()
    where: Where | None = field(default=None, compare=False)
