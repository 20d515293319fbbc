"""Properties that plugins declare as data: checked, documented and redacted from one declaration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from roboconf_core.errors import Code, Problem


class PropertyType(StrEnum):
    """What the text of a property must be."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertySpec:
    """One property of a target, a transport or an installer."""

    name: str
    description: str
    type: PropertyType = PropertyType.TEXT
    default: str | None = None
    """None when the property must be given (if ``required``) or may be absent."""
    required: bool = False
    secret: bool = False
    """Never shown, logged or returned."""
    unit: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()


COMMON_TARGET_KEYS = frozenset({"id", "name", "description", "handler"})
"""Keys of every ``target.properties``. Source: Roboconf user guide, "Deployment Targets"."""


def with_defaults(specs: Sequence[PropertySpec], properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties, completed with the declared defaults."""
    return {s.name: s.default for s in specs if s.default is not None} | dict(properties)


def check_properties(specs: Sequence[PropertySpec], properties: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each missing, unknown or invalid property."""
    by_name = {spec.name: spec for spec in specs}
    problems = [
        _problem(f"property '{s.name}' is missing: {s.description}", f"for example {s.name} = {s.example}")
        for s in specs
        if s.required and not properties.get(s.name, "").strip()
    ]
    for name, text in properties.items():
        if name in COMMON_TARGET_KEYS:
            continue
        spec = by_name.get(name)
        if spec is None:
            close = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(sorted(by_name)) or 'none'}"
            problems.append(_problem(f"unknown property '{name}'", hint))
        elif fault := _fault(spec, text.strip()):
            problems.append(
                _problem(f"property '{name}' is '{'***' if spec.secret else text}': {fault}", spec.description)
            )
    return problems


def redacted(specs: Sequence[PropertySpec], properties: Mapping[str, str]) -> dict[str, str]:
    """Return the properties with ``***`` in place of every secret value."""
    secret = {spec.name for spec in specs if spec.secret}
    return {name: "***" if name in secret else text for name, text in properties.items()}


def _fault(spec: PropertySpec, text: str) -> str:
    if spec.type is PropertyType.INTEGER and not re.fullmatch(r"-?[0-9]+", text):
        return "expected an integer"
    if spec.type is PropertyType.BOOLEAN and text.lower() not in ("true", "false"):
        return "expected true or false"
    if spec.type is PropertyType.CHOICE and text not in spec.choices:
        return f"expected one of {', '.join(spec.choices)}"
    return ""


def _problem(message: str, hint: str) -> Problem:
    return Problem(Code.TARGET_INVALID_PROPERTIES, message, hint=hint)
