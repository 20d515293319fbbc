"""What this distribution answers to the core's hooks."""

from __future__ import annotations

from pathlib import Path

from roboconf_bash.handler import BashHandler
from roboconf_bash.recipe import check_recipe
from roboconf_core.errors import Problem
from roboconf_core.hooks.specs import hookimpl


@hookimpl
def roboconf_lifecycle_handlers() -> list[BashHandler]:
    """Offer the installers ``bash`` and ``script``."""
    return [BashHandler()]


@hookimpl
def roboconf_check_recipe(installer: str, directory: Path) -> list[Problem]:
    """Check recipes of the own installer names."""
    if installer.lower() not in BashHandler.names:
        return []
    return check_recipe(directory)
