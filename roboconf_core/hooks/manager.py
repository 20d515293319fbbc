"""Finds plugins, loads them, and keeps what they offer by name."""

from __future__ import annotations

import difflib
import importlib.metadata
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from roboconf_core.errors import Code, PluginError, Problem, Where
from roboconf_core.hooks import specs
from roboconf_core.hooks.lifecycle import LifecycleHandler
from roboconf_core.hooks.targets import TargetHandler
from roboconf_core.hooks.transports import Transport

if TYPE_CHECKING:
    from roboconf_core.model.graph import Component

log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Contract:
    """One kind of thing that plugins offer."""

    word: str
    hook: str
    field: str
    """Of ``Plugin``."""
    type: type


_CONTRACTS = (
    _Contract("installer", "roboconf_lifecycle_handlers", "installers", LifecycleHandler),
    _Contract("target handler", "roboconf_target_handlers", "targets", TargetHandler),
    _Contract("transport", "roboconf_transports", "transports", Transport),
)


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
        """Return what the plugins find wrong with a recipe; a plugin that fails over it is a problem too."""
        found: list[Problem] = []
        for impl in self._manager.hook.roboconf_check_recipe.get_hookimpls():
            about = f"the recipe of '{component.name}'"
            found += _asked(impl, about, component=component, installer=installer, directory=directory)
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
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a border to plugin code
        return _failed(about, f"plugin '{about.name}' failed to load: {error!r}")
    fault = _unfit(manager, about, module)
    if fault is not None:
        return replace(about, problems=(fault,))
    try:
        manager.register(module, about.name)
    except (ValueError, pluggy.PluginValidationError) as error:
        if manager.get_plugin(about.name) is module:  # in part, up to the hook that does not fit
            manager.unregister(module)
        return _failed(about, f"plugin '{about.name}' does not fit the hooks: {error}")
    return _with_offers(manager, about, taken)


def _unfit(manager: pluggy.PluginManager, about: Plugin, module: object) -> Problem | None:
    """Return why a plugin cannot be registered, or None."""
    version = getattr(module, "roboconf_api_version", specs.API_VERSION)
    if version != specs.API_VERSION:
        message = f"plugin '{about.name}' was written for contract version {version}, this core has {specs.API_VERSION}"
        return Problem(Code.PLUGIN_API_VERSION, message, hint="install versions of plugin and core that fit together")
    known = [name for name in dir(specs) if name.startswith(f"{specs.PROJECT}_")]
    for name in sorted(dir(module)):
        if hasattr(getattr(module, name, None), f"{specs.PROJECT}_impl") and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            message = f"plugin '{about.name}' implements '{name}', which is no hook"
            return Problem(Code.PLUGIN_UNKNOWN_HOOK, message, hint=f"did you mean '{close[0]}'?" if close else "")
    return None


def _with_offers(manager: pluggy.PluginManager, about: Plugin, taken: dict[tuple[str, str], str]) -> Plugin:
    problems: list[Problem] = []
    offers: dict[str, Any] = {}
    for contract in _CONTRACTS:
        for impl in getattr(manager.hook, contract.hook).get_hookimpls():
            if impl.plugin_name == about.name:
                answers, faults = _answers(impl, contract)
                problems += faults
                offers[contract.field] = tuple(a for a in answers if _free(a, contract, about, taken, problems))
    return replace(about, **offers, problems=tuple(problems))


def _failed(about: Plugin, message: str) -> Plugin:
    log.info("%s", message, exc_info=True)
    return replace(about, problems=(Problem(Code.PLUGIN_FAILED_TO_LOAD, message),))


def _answers(impl: pluggy.HookImpl, contract: _Contract) -> tuple[list[Any], list[Problem]]:
    """Return what a plugin offers of one kind, without what does not keep the contract."""
    try:
        answers = list(cast("Iterable[Any]", impl.function()))
    except Exception as error:
        message = f"plugin '{impl.plugin_name}' failed to say what it offers: {error!r}"
        log.info("%s", message, exc_info=True)
        return [], [Problem(Code.PLUGIN_FAILED, message)]
    faults = [
        Problem(
            Code.PLUGIN_FAILED,
            f"plugin '{impl.plugin_name}' offers {answer!r} as a {contract.word}, which it is not",
            hint=f"{contract.hook} returns objects whose class derives from {contract.type.__name__} and has a name",
        )
        for answer in answers
        if not _keeps(answer, contract)
    ]
    return [answer for answer in answers if _keeps(answer, contract)], faults


def _keeps(answer: object, contract: _Contract) -> bool:
    names = names_of(answer)
    return isinstance(answer, contract.type) and bool(names) and all(isinstance(n, str) and n for n in names)


def names_of(offer: object) -> tuple[str, ...]:
    """Return the names under which a handler or a transport is offered; empty when it has none."""
    name = getattr(offer, "name", None)
    return tuple(getattr(offer, "names", ()) or (() if name is None else (name,)))


def _free(
    offer: object,
    contract: _Contract,
    about: Plugin,
    taken: dict[tuple[str, str], str],
    problems: list[Problem],
) -> bool:
    names = {name.lower() for name in names_of(offer)}
    for name in sorted(names):
        owner = taken.get((contract.field, name))
        if owner is not None:
            message = (
                f"plugins '{owner}' and '{about.name}' both offer the {contract.word} '{name}'; '{owner}' keeps it"
            )
            problems.append(Problem(Code.PLUGIN_DUPLICATE_NAME, message, hint="uninstall one of them"))
            return False
    taken.update({(contract.field, name): about.name for name in names})
    return True


def _asked(impl: pluggy.HookImpl, about: str, **arguments: object) -> list[Problem]:
    try:
        return list(cast("Iterable[Problem]", impl.function(*(arguments[name] for name in impl.argnames))))
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            return [Problem(Code.P_IO_ERROR, f"cannot be read: {error.strerror}", Where(file=str(error.filename)))]
        message = f"plugin '{impl.plugin_name}' failed to check {about}: {error!r}"
        log.info("%s", message, exc_info=True)
        return [Problem(Code.PLUGIN_FAILED, message, hint="this is a defect of the plugin")]


def _offered(offers: Mapping[str, tuple[_T, Plugin]], name: str, kind: str) -> _T:
    found = offers.get(name.lower())
    if found is not None:
        return found[0]
    known = ", ".join(sorted(offers)) or "none"
    message = f"no installed plugin offers the {kind} '{name}'; offered are {known}"
    raise PluginError(message, hint=_how_to_get(name.lower(), offers))


def _how_to_get(name: str, offers: Mapping[str, object]) -> str:
    """Return the line to type, unless that was typed already; a name that is no name stays out, for people paste it."""
    distribution = _DISTRIBUTIONS.get(name)
    close = difflib.get_close_matches(name, offers, n=1, cutoff=0.75)
    if distribution is None and close:
        return f"did you mean '{close[0]}'?"
    if distribution is None and not re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", name):
        return "this cannot be the name of a plugin"
    distribution = distribution or f"roboconf-{name}"
    if _is_installed(distribution):
        return f"'{distribution}' is installed, but offers no such thing: look for a newer version, or another name"
    return f"pip install {distribution}"


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


_DISTRIBUTIONS = {
    "script": "roboconf-bash",
    "embedded": "roboconf-local",
    "iaas-ec2": "roboconf-aws",
    "iaas-openstack": "roboconf-openstack",
    "iaas-azure": "roboconf-azure",
    "iaas-vmware": "roboconf-vmware",
}
"""Names of the original that differ from the distribution which offers them today."""
