"""Rules and probes of the autonomic: what is watched, and what is done about it.

Source: Roboconf user guide, "Autonomic Management".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roboconf_core.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Commands to execute when an event is received."""

    name: str
    event: str
    """Compared with the names that probes send, exactly."""
    commands: tuple[str, ...]
    """Names of ``*.commands`` files without their extension, in the order of their execution."""
    sleep_period_s: int = 0
    """Seconds that must lie between two executions."""
    time_window_s: int | None = None
    """Seconds after which an event counts no more; None for never."""
    where: Where | None = field(default=None, compare=False)
    """Of the name."""
    command_places: tuple[Where, ...] = field(default=(), compare=False, repr=False)
    """One for each of the commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One section of a ``*.measures`` file."""

    handler: str
    """Name of what measures, in any case: ``file``, ``nagios``, ``rest``."""
    event: str
    """Name of the event that is sent."""
    text: str
    """What the handler is asked, trimmed; without blank lines and comments."""
    where: Where | None = field(default=None, compare=False)
    """Of the head of the section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesOfComponent:
    """What is measured for the instances of exactly one component; nothing is inherited."""

    component: str
    probes: tuple[Probe, ...] = ()
    """With the values of the parameters in place of their names, as far as they are known."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the ``*.measures.properties`` beside."""
