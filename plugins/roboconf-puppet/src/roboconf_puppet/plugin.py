"""What this distribution answers to the core's hooks."""

from __future__ import annotations

from pathlib import Path

from roboconf_core.errors import Problem
from roboconf_core.hooks.specs import hookimpl
from roboconf_core.model.graph import Component
from roboconf_puppet.recipe import check_recipe

INSTALLER = "puppet"
"""Installer name, in any case."""


@hookimpl
def roboconf_check_recipe(component: Component, installer: str, directory: Path) -> list[Problem]:
    """Check recipes of the own installer name."""
    if installer.lower() != INSTALLER:
        return []
    return check_recipe(component, directory)
