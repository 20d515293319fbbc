"""Finds plugins, loads them, and keeps what they offer by name."""

from __future__ import annotations

import difflib
import importlib.metadata
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from roboconf_core.errors import Code, PluginError, Problem
from roboconf_core.hooks import specs
from roboconf_core.hooks.lifecycle import LifecycleHandler
from roboconf_core.hooks.targets import TargetHandler
from roboconf_core.hooks.transports import Transport

if TYPE_CHECKING:
    from roboconf_core.model.graph import Component

log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One plugin: what it is and what it offers."""

    name: str
    """Name of its entry point."""
    distribution: str = ""
    version: str = ""
    installers: tuple[LifecycleHandler, ...] = ()
    targets: tuple[TargetHandler, ...] = ()
    transports: tuple[Transport, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Why it, or a part of it, could not be loaded; the rest is usable."""


class Plugins:
    """All plugins of one process; passed along, never a module's global."""

    def __init__(self, manager: pluggy.PluginManager, plugins: Iterable[Plugin]) -> None:
        self._manager = manager
        self.all: tuple[Plugin, ...] = tuple(plugins)
        self._installers = {n.lower(): (h, p) for p in self.all for h in p.installers for n in h.names}
        self._targets = {n.lower(): (h, p) for p in self.all for h in p.targets for n in h.names}
        self._transports = {t.name.lower(): (t, p) for p in self.all for t in p.transports}

    def installer(self, name: str) -> LifecycleHandler:
        """Return the handler of an installer name.

        Raises:
            PluginError: If no installed plugin offers it; the hint is what to install.
        """
        return _offered(self._installers, name, "installer")

    def target(self, name: str) -> TargetHandler:
        """Return the target handler of a name, or raise ``PluginError``."""
        return _offered(self._targets, name, "target handler")

    def transport(self, name: str) -> Transport:
        """Return the transport of a name, or raise ``PluginError``."""
        return _offered(self._transports, name, "transport")

    def installer_versions(self) -> dict[str, str]:
        """Return every installer name with the version of the plugin that serves it."""
        return {name: plugin.version for name, (_, plugin) in self._installers.items()}

    @property
    def problems(self) -> list[Problem]:
        """All that went wrong while plugins were loaded."""
        return [problem for plugin in self.all for problem in plugin.problems]

    def check_recipe(self, component: Component, installer: str, directory: Path) -> list[Problem]:
        """Return what the plugins find wrong with a recipe."""
        found: list[Problem] = []
        for impl in self._manager.hook.roboconf_check_recipe.get_hookimpls():
            found += _ask(impl, component=component, installer=installer, directory=directory)
        return found


def load_plugins(*, entry_points: bool = True, modules: Mapping[str, object] | None = None) -> Plugins:
    """Load plugins and ask each what it offers.

    A plugin that fails to load, declares another ``roboconf_api_version``, implements an
    unknown hook or offers a name that is taken is reported in its ``problems``; the others
    are loaded all the same.

    Args:
        entry_points: Whether to load the installed distributions' entry points (group ``roboconf``).
        modules: Further plugins, name to module or object, for tests.
    """
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    candidates: list[tuple[Plugin, Callable[[], object]]] = []
    if entry_points:
        for entry in sorted(importlib.metadata.entry_points(group=specs.PROJECT), key=lambda e: e.name):
            dist = entry.dist
            about = Plugin(
                name=entry.name, distribution=dist.name if dist else "", version=dist.version if dist else ""
            )
            candidates.append((about, entry.load))
    candidates += [(Plugin(name=name), lambda module=module: module) for name, module in (modules or {}).items()]  # type: ignore[misc]  # a default binds the loop's value
    taken: dict[tuple[str, str], str] = {}
    return Plugins(manager, [_loaded(manager, about, load, taken) for about, load in candidates])


def _loaded(
    manager: pluggy.PluginManager, about: Plugin, load: Callable[[], object], taken: dict[tuple[str, str], str]
) -> Plugin:
    try:
        module = load()
    except Exception as error:
        log.warning("plugin %s failed to load", about.name, exc_info=True)
        return _failed(about, Code.PLUGIN_FAILED_TO_LOAD, f"plugin '{about.name}' failed to load: {error!r}")
    version = getattr(module, "roboconf_api_version", specs.API_VERSION)
    if version != specs.API_VERSION:
        message = f"plugin '{about.name}' was written for contract version {version}, this core has {specs.API_VERSION}"
        return _failed(about, Code.PLUGIN_API_VERSION, message, "install versions of plugin and core that fit together")
    unknown = [n for n in dir(module) if n.startswith("roboconf_") and _is_unknown_hook(manager, module, n)]
    if unknown:
        known = [n for n in dir(specs) if n.startswith("roboconf_")]
        close = difflib.get_close_matches(unknown[0], known, n=1)
        message = f"plugin '{about.name}' implements '{unknown[0]}', which is no hook"
        return _failed(about, Code.PLUGIN_UNKNOWN_HOOK, message, f"did you mean '{close[0]}'?" if close else "")
    manager.register(module, about.name)
    problems: list[Problem] = []
    for kind, field_name in (
        ("lifecycle_handlers", "installers"),
        ("target_handlers", "targets"),
        ("transports", "transports"),
    ):
        offered: tuple[Any, ...] = ()
        for impl in getattr(manager.hook, f"roboconf_{kind}").get_hookimpls():
            if impl.plugin_name == about.name:
                answers, problem = _asked_offers(impl, about)
                problems += problem
                offered += tuple(a for a in answers if _free(a, field_name, about, taken, problems))
        about = replace(about, **{field_name: offered})
    return replace(about, problems=tuple(problems))


def _is_unknown_hook(manager: pluggy.PluginManager, module: object, name: str) -> bool:
    marked = getattr(getattr(module, name), f"{specs.PROJECT}_impl", None)
    return marked is not None and not hasattr(manager.hook, name)


def _failed(about: Plugin, code: Code, message: str, hint: str = "") -> Plugin:
    return replace(about, problems=(Problem(code, message, hint=hint),))


def _asked_offers(impl: pluggy.HookImpl, about: Plugin) -> tuple[list[Any], list[Problem]]:
    try:
        return list(impl.function()), []
    except Exception as error:
        log.warning("plugin %s failed to answer", about.name, exc_info=True)
        message = f"plugin '{about.name}' failed to say what it offers: {error!r}"
        return [], [Problem(Code.PLUGIN_FAILED_TO_LOAD, message)]


def _free(
    offer: Any,  # noqa: ANN401 - one of the three contracts
    kind: str,
    about: Plugin,
    taken: dict[tuple[str, str], str],
    problems: list[Problem],
) -> bool:
    names = getattr(offer, "names", None) or (offer.name,)
    for name in names:
        owner = taken.get((kind, name.lower()))
        if owner is not None:
            message = f"plugins '{owner}' and '{about.name}' both offer '{name}'; '{owner}' keeps it"
            problems.append(Problem(Code.PLUGIN_DUPLICATE_NAME, message, hint="uninstall one of them"))
            return False
    taken.update({(kind, name.lower()): about.name for name in names})
    return True


def _ask(impl: pluggy.HookImpl, **arguments: object) -> list[Problem]:
    try:
        return list(impl.function(*(arguments[name] for name in impl.argnames)))
    except Exception:
        log.exception("plugin %s failed to check a recipe", impl.plugin_name)
        raise


def _offered(offers: Mapping[str, tuple[_T, Plugin]], name: str, kind: str) -> _T:
    found = offers.get(name.lower())
    if found is not None:
        return found[0]
    known = ", ".join(sorted(offers)) or "none"
    hint = f"pip install {_DISTRIBUTIONS.get(name.lower(), 'roboconf-' + name.lower())}"
    raise PluginError(f"no installed plugin offers the {kind} '{name}'; offered are {known}", hint=hint)


_DISTRIBUTIONS = {
    "script": "roboconf-bash",
    "embedded": "roboconf-local",
    "iaas-ec2": "roboconf-aws",
    "iaas-openstack": "roboconf-openstack",
    "iaas-azure": "roboconf-azure",
    "iaas-vmware": "roboconf-vmware",
}
"""Names of the original that differ from the distribution which offers them today."""
