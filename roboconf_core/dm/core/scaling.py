"""Groups of replicas: so many root machines of a kind, with all that is on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from roboconf_core.dm.core import lookup, planting, wishes
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.naming import did_you_mean
from roboconf_core.dm.core.state import InstanceRecord
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import Scale
from roboconf_core.errors import ConflictError, InvalidRequestError, NotFoundError
from roboconf_core.model.lifecycle import Desired

MOST = 1000
"""Replicas of one group; more is taken for a slip."""


def scale(turn: Turn, request: Scale) -> dict[str, Any]:
    """Have so many replicas of a root machine, with all that is on it.

    Raises:
        NotFoundError: If application or group do not exist.
        InvalidRequestError: If the number is out of range, or the path names no root machine.
        ConflictError: If the group's members are of several components.
    """
    if not 1 <= request.to <= MOST:
        hint = "undeploy the last one instead" if request.to == 0 else ""
        raise InvalidRequestError(f"{request.to} replicas cannot be had: from 1 to {MOST} can", hint=hint)
    base = _base(turn, request)
    members = _members(turn, request.application, base)
    staying = [i for i in members if not i.removing]
    surplus = staying[request.to :]
    for instance in reversed(surplus):
        _remove(turn, instance)
    created = _grow(turn, base, members, request.to - len(staying)) if request.to > len(staying) else []
    removed = [i.path for i in surplus]
    if created or removed:
        text = f"{request.to} replicas of /{base} are wanted instead of {len(staying)}"
        turn.record(request.application, f"/{base}", Kind.SCALED, text, {"created": created, "removed": removed})
    return {"path": f"/{base}", "replicas": request.to, "created": created, "removed": removed}


def _base(turn: Turn, request: Scale) -> str:
    lookup.application(turn.memory, request.application)
    path = lookup.checked_path(request.path)
    if path.count("/") != 1:
        raise InvalidRequestError(
            f"{path} is no root machine: only those are scaled", hint=f"scale /{path.split('/')[1]}"
        )
    return path.removeprefix("/")


def _members(turn: Turn, application: str, base: str) -> list[InstanceRecord]:
    """Return the group in the order of its numbers; the one without a number comes first."""
    roots = turn.memory.children(application, "")
    found = sorted((n, r.number, r) for r in roots if (n := _number(r.name, base)) is not None)
    members = [record for _, _, record in found]
    if not members:
        hint = did_you_mean(f"/{base}", [root.path for root in roots])
        raise NotFoundError(f"there is no /{base} in '{application}', nor /{base}1 or the like", hint=hint)
    component = members[0].component
    exact = turn.memory.find(application, f"/{base}")
    if exact is not None:
        return [m for m in members if m.component == exact.component]
    if any(m.component != component for m in members):
        raise ConflictError(f"the machines named {base} and a number are of several components")
    return members


def _number(name: str, base: str) -> int | None:
    """Return the number of a member, 0 for the base itself, None for others."""
    if name == base:
        return 0
    rest = name.removeprefix(base)
    return int(rest) if name.startswith(base) and rest.isascii() and rest.isdigit() else None


def _remove(turn: Turn, top: InstanceRecord) -> None:
    for instance in turn.memory.subtree(top.application, top.path):
        turn.memory.instances.put(instance.id, replace(instance, removing=True))
        wishes.want(turn, turn.memory.instances[instance.id], Desired.NOT_DEPLOYED)
        if instance.is_machine:
            turn.reconsider(instance.agent)


def _grow(turn: Turn, base: str, members: list[InstanceRecord], count: int) -> list[str]:
    original = next((m for m in members if not m.removing), members[0])
    width = max((len(m.name) - len(base) for m in members if m.name.startswith(f"{base}0")), default=1)
    created: list[str] = []
    number = 0
    while len(created) < count:
        number += 1
        name = f"{base}{number:0{width}d}"
        if turn.memory.find(original.application, f"/{name}") is None:
            copies = planting.copy(turn, original, name)
            created.append(copies[0].path)
            for instance in copies:
                wishes.want(turn, instance, Desired.DEPLOYED_STARTED)
    return created
