"""What applications offer to each other: external exports, external imports, and which application serves which.

An application is *bound* to others by the prefix of its external imports; a binding says
from which applications the variables with this prefix come.

Source: Roboconf user guide, "Inter-application Dependencies".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from roboconf_core.errors import Code, Problem
from roboconf_core.model.application import Descriptor
from roboconf_core.model.graph import Graph
from roboconf_core.model.names import Suggestions
from roboconf_core.model.variables import prefix_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the applications of a template offer to others."""

    prefix: str
    variables: Mapping[str, str]
    """Name for others, ``Shop.front_ip``, to the exported variable that it stands for, ``Apache.ip``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What the applications of a template need from others, under one prefix."""

    prefix: str
    names: tuple[str, ...]
    """``Shop.front_ip``, or ``Shop.*`` for all, in the order of their declaration."""
    optional: bool
    """True when no component waits for it."""


def offer_of(descriptor: Descriptor) -> Offer | None:
    """Return what a template offers, or None when that is nothing."""
    if not descriptor.external_exports:
        return None
    variables = {alias: variable for variable, alias in descriptor.external_exports.items()}
    return Offer(prefix=descriptor.exports_prefix, variables=variables)


def needs_of(graph: Graph) -> tuple[Need, ...]:
    """Return what a graph needs from other applications, one entry per prefix."""
    names: dict[str, dict[str, None]] = {}
    mandatory: set[str] = set()
    for component in graph.components:
        for variable in graph.imports_of(component):
            if variable.external:
                names.setdefault(variable.prefix, {})[variable.name] = None
                if not variable.optional:
                    mandatory.add(variable.prefix)
    return tuple(Need(prefix=p, names=tuple(found), optional=p not in mandatory) for p, found in names.items())


def check_bindings(
    needs: Iterable[Need], bindings: Mapping[str, Iterable[str]], applications: Mapping[str, Offer | None]
) -> list[Problem]:
    """Return why an application cannot be bound to others like this.

    Args:
        needs: Of its template.
        bindings: External prefix to the names of the applications that are to serve it.
        applications: All applications that exist, each with what its template offers.
    """
    by_prefix = {need.prefix: need for need in needs}
    prefixes, names = Suggestions(by_prefix), Suggestions(applications)
    problems: list[Problem] = []
    for prefix, bound in bindings.items():
        need = by_prefix.get(prefix)
        if need is None:
            message = f"nothing is imported from other applications with the prefix '{prefix}'"
            problems.append(Problem(Code.DM_INVALID_REQUEST, message, hint=prefixes.hint_for(prefix)))
            continue
        for name in bound:
            if name not in applications:
                message = f"application '{name}' does not exist"
                problems.append(Problem(Code.DM_NOT_FOUND, message, hint=names.hint_for(name)))
            else:
                problems += _check_binding(need, name, applications[name])
    return problems


def _check_binding(need: Need, name: str, offer: Offer | None) -> Iterator[Problem]:
    if offer is None or offer.prefix != need.prefix:
        has = f"its 'exports-prefix' is '{offer.prefix}'" if offer else "it exports nothing to other applications"
        message = f"application '{name}' offers nothing with the prefix '{need.prefix}'"
        yield Problem(Code.DM_INVALID_REQUEST, message, hint=has)
        return
    suggestions = Suggestions(offer.variables)
    for variable in need.names:
        offered = (
            any(prefix_of(each) == need.prefix for each in offer.variables)
            if variable == f"{need.prefix}.*"
            else variable in offer.variables
        )
        if not offered:
            message = f"application '{name}' does not offer '{variable}'"
            yield Problem(Code.RM_UNRESOLVABLE_VARIABLE, message, hint=suggestions.hint_for(variable))
