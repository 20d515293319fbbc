"""What is said about one instance: what it does, what it waits for, what failed, where it is reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roboconf_core.cli.output import seconds

View = Mapping[str, Any]
"""An application or an instance, as the REST API shows it."""


def instances_of(view: View) -> Iterator[View]:
    """Return all instances of an application or below an instance, parents first."""
    for instance in view.get("instances") or view.get("children") or ():
        yield instance
        yield from instances_of(instance)


def is_as_wanted(instance: View) -> bool:
    """Tell whether an instance has reached what is wanted of it, and nothing is to be done."""
    reached = instance["status"] == instance["desired"] and not instance.get("removing")
    return reached and not (instance["waits"] or instance["action"] or instance["failure"] or instance["problem"])


def activity(instance: View, now: float | None = None) -> str:
    """Return what an instance does and waits for; empty when it rests.

    Args:
        instance: As the REST API shows it.
        now: Wall time (Unix seconds) for how long its action runs; None leaves that out.
    """
    parts = [_action(instance, now)] if instance["action"] else []
    failure = instance["failure"]
    if not (failure and failure["exhausted"]):  # the failure says it all
        parts += instance["waits"]
    return "; ".join(parts)


def _action(instance: View, now: float | None) -> str:
    if now is None:
        return f"{instance['action']} runs"
    runs = f"{instance['action']} runs for {seconds(now - instance['action_since'])}"
    limit = instance["action_timeout_s"]
    return f"{runs} of {seconds(limit)}" if limit else runs


def trouble(instance: View, now: float | None = None) -> str:
    """Return in one line what failed last, or what is wrong with a machine; empty when nothing is.

    Args:
        instance: As the REST API shows it.
        now: Wall time (Unix seconds) for how soon the next attempt comes; None leaves that out.
    """
    failure = instance["failure"]
    if not failure:
        return str(instance["problem"])
    reason = failure["reason"].removeprefix(f"{failure['action']} failed: ")
    printed = (failure["stderr"] or failure["stdout"]).strip().splitlines()
    said = f": {printed[-1].strip()}" if printed else ""
    return f"{failure['action']} failed: {reason}{said} ({_next(instance, failure, now)})"


def _next(instance: View, failure: View, now: float | None) -> str:
    attempt = f"attempt {failure['attempt']}"
    if failure["exhausted"]:
        return f"{attempt}, given up"
    if instance["action"] == failure["action"]:
        return f"{attempt}; it is tried again now"
    soon = (failure["next_try"] or 0.0) - now if now is not None else 0.0
    return f"{attempt}; it will be tried again" + (f" in {seconds(soon)}" if soon > 0 else "")


def address_of(instance: View) -> tuple[str, str] | None:
    """Return address and port that a started instance exports, for people to reach it; None when it has none."""
    exports = {full.rpartition(".")[2]: value for full, value in instance["exports"].items()}
    address, port = exports.get("ip"), exports.get("port") or exports.get("http_port")
    if address and port and instance["status"] == "DEPLOYED_STARTED" and not instance["machine"]:
        return address, port
    return None
