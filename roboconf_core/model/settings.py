"""How patient the agent is with one instance: time-outs, periods, attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from roboconf_core.model.lifecycle import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a recipe may set in its ``recipe.properties``; all durations are in seconds.

    A key is the field's name with dots for underscores and without the unit:
    ``start.timeout = 90`` sets ``start_timeout_s``.
    """

    deploy_timeout_s: float = 600.0
    start_timeout_s: float = 120.0
    update_timeout_s: float = 60.0
    stop_timeout_s: float = 60.0
    undeploy_timeout_s: float = 120.0
    status_timeout_s: float = 5.0
    status_period_s: float = 10.0
    """Between two polls of ``status``; 1 to 300."""
    status_failures: int = 2
    """Polls that must fail in a row before the instance counts as dead."""
    ready_timeout_s: float = 60.0
    """How long ``status`` may take to succeed after ``start``."""
    drain_timeout_s: float = 10.0
    """How long a planned stop waits for the importers."""
    cancel_grace_s: float = 5.0
    """How long a running ``start`` or ``update`` may go on once it is not wanted any more."""
    quiet_min_s: float = 0.5
    """After an update, the next one waits until imports were unchanged for this long..."""
    quiet_max_s: float = 4.0
    """...but never longer than this after the first change."""
    attempts: int = 3
    """How often a failing action is tried before it is *exhausted*."""
    retry_delay_s: float = 1.0
    """Before the second attempt; doubled for each further one."""
    retry_delay_max_s: float = 60.0
    serial: bool = True
    """Whether ``deploy`` and ``undeploy`` run one at a time on the host (recipes call package managers)."""

    def timeout_of(self, action: Action) -> float:
        """Return the time-out of an action in seconds."""
        value: float = getattr(self, f"{action.value}_timeout_s")
        return value

    def retry_after(self, attempt: int) -> float:
        """Return the seconds to wait after the given attempt, counted from 1, failed."""
        return min(self.retry_delay_s * 2.0 ** min(attempt - 1, 30), self.retry_delay_max_s)


_LIMITS: Mapping[str, tuple[float, float]] = {
    "status_period_s": (1.0, 300.0),
    "status_failures": (1, 100),
    "attempts": (1, 100),
    "quiet_min_s": (0.0, 300.0),
    "quiet_max_s": (0.0, 600.0),
    "retry_delay_s": (0.05, 3600.0),
}
_DEFAULT_LIMITS = (0.1, 86400.0)


def property_names() -> dict[str, str]:
    """Return the property names of a ``recipe.properties``, each with the field it sets."""
    return {f.name.removesuffix("_s").replace("_", "."): f.name for f in fields(Settings)}


def settings_from(properties: Mapping[str, str]) -> tuple[Settings, list[tuple[str, str]]]:
    """Read settings from properties.

    Args:
        properties: Name to text, such as ``{"status.period": "2"}``.

    Returns:
        The settings, with defaults for what is absent or wrong, and the problems
        found as pairs of property name and explanation.
    """
    names = property_names()
    values: dict[str, float | int | bool] = {}
    problems: list[tuple[str, str]] = []
    for key, text in properties.items():
        name = names.get(key)
        if name is None:
            problems.append((key, f"unknown property '{key}'; known are {', '.join(sorted(names))}"))
            continue
        default = getattr(Settings, "__dataclass_fields__")[name].default  # noqa: B009 - slots hide the plain attribute
        try:
            values[name] = _read(text.strip(), default, _LIMITS.get(name, _DEFAULT_LIMITS))
        except ValueError as error:
            problems.append((key, f"'{text.strip()}' is not valid for '{key}': {error}"))
    return Settings(**values), problems  # type: ignore[arg-type]  # checked per field by _read


def _read(text: str, default: float | bool, limits: tuple[float, float]) -> float | int | bool:
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError("expected true or false")
        return text.lower() == "true"
    kind = int if isinstance(default, int) else float
    expected = f"expected a {'whole ' if kind is int else ''}number from {limits[0]:g} to {limits[1]:g}"
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(expected) from None
    if not limits[0] <= value <= limits[1]:
        raise ValueError(expected)
    return value
