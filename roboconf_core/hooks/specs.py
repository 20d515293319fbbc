"""The questions that the core asks its plugins.

Plugins answer with typed objects; behaviour is in those objects' contracts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

from roboconf_core.errors import Problem
from roboconf_core.hooks.lifecycle import LifecycleHandler
from roboconf_core.hooks.targets import TargetHandler
from roboconf_core.hooks.transports import Transport

if TYPE_CHECKING:
    from roboconf_core.model.graph import Component

PROJECT = "roboconf"
"""pluggy project name and entry-point group."""

API_VERSION = 1
"""Version of the contract; a plugin module may declare ``roboconf_api_version`` and is refused when it differs."""

_hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as an answer."""


@_hookspec
def roboconf_lifecycle_handlers() -> Iterable[LifecycleHandler]:  # type: ignore[empty-body]  # a question, not an answer
    """Return lifecycle handlers, each for one or more installer names.

    Asked once by every agent at its start, and by ``roboconf plugin``. Keep it cheap.

    .. versionadded:: 0.1
    """


@_hookspec
def roboconf_target_handlers() -> Iterable[TargetHandler]:  # type: ignore[empty-body]  # a question, not an answer
    """Return target handlers, each for one or more handler names.

    Asked once by the deployment manager at its start. Import SDKs in their methods.

    .. versionadded:: 0.1
    """


@_hookspec
def roboconf_transports() -> Iterable[Transport]:  # type: ignore[empty-body]  # a question, not an answer
    """Return messaging transports.

    Asked once by the deployment manager and by every agent at their start.

    .. versionadded:: 0.1
    """


@_hookspec
def roboconf_check_recipe(component: Component, installer: str, directory: Path) -> Iterable[Problem]:  # type: ignore[empty-body]  # a question, not an answer
    """Return what is wrong with a recipe, before anything is deployed.

    Called for each component that has a recipe directory, when an application is
    validated or loaded. A plugin answers for its own installer names only.

    Args:
        component: As declared in the graph, but with the imports that it inherits among its own.
        installer: Its installer name, inherited ones included.
        directory: Where the recipe is; not to be changed.

    .. versionadded:: 0.1
    """
