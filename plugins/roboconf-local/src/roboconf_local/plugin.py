"""What this distribution answers to the core's hooks."""

from __future__ import annotations

from roboconf_core.hooks.specs import hookimpl
from roboconf_local.handler import LocalTarget


@hookimpl
def roboconf_target_handlers() -> list[LocalTarget]:
    """Offer the target handlers ``local`` and ``embedded``."""
    return [LocalTarget()]
