"""What users want of instances: another state, another attempt, another start of an agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from roboconf_core.dm.core import liveness, lookup, port_space, provisioning, steps
from roboconf_core.dm.core.kinds import Kind
from roboconf_core.dm.core.state import InstanceRecord, Phase
from roboconf_core.dm.core.targets import target_of
from roboconf_core.dm.core.turn import Turn
from roboconf_core.dm.events import ChangeDesired, MachineStep, RestartAgent, Retry
from roboconf_core.errors import Code, ConflictError, InvalidRequestError
from roboconf_core.model.lifecycle import Desired, Status

_NAMED_IN_HISTORY = 50
"""Most paths that one entry of the history lists."""

_RANK = {Desired.NOT_DEPLOYED: 0, Desired.DEPLOYED_STOPPED: 1, Desired.DEPLOYED_STARTED: 2}


def change_desired(turn: Turn, request: ChangeDesired) -> dict[str, Any]:
    """Want another state of an instance, of its subtree, or of all root instances with what is on them.

    Raises:
        NotFoundError: If application or instance do not exist.
        ConflictError: If it is being removed, or stands on a machine that is not wanted or has no target.
    """
    tops = _named(turn, request.application, request.path)
    changed: list[str] = []
    for top in tops:
        wanted = _wanted(turn, top, request)
        changed += [
            path for id_, desired in wanted.items() if (path := want(turn, turn.memory.instances[id_], desired))
        ]
    if changed:
        where = request.path.rstrip("/") or "the application"
        details = {"desired": request.desired.value, "count": len(changed), "instances": changed[:_NAMED_IN_HISTORY]}
        turn.record(
            request.application, request.path.rstrip("/"), Kind.DESIRED_CHANGED,
            f"{request.desired} is wanted of {where} ({len(changed)} instances)", details,
        )  # fmt: skip
    return {"desired": request.desired.value, "changed": changed}


def want(turn: Turn, instance: InstanceRecord, desired: Desired) -> str:
    """Want a state of one instance; return its path if that is a change or a new attempt, else nothing.

    Raises:
        ConflictError: If it is a machine without a target, or no port is free for it.
    """
    if instance.desired is desired and not _has_failed(turn, instance):
        return ""
    if instance.desired is Desired.NOT_DEPLOYED and desired is not Desired.NOT_DEPLOYED:
        _check_target(turn, instance)
        instance = port_space.refresh(turn, instance)
    turn.memory.instances.put(instance.id, replace(instance, desired=desired, generation=instance.generation + 1))
    if instance.is_machine:
        provisioning.renew(turn, turn.memory.machine_of(instance))
        turn.reconsider(instance.agent)
    return instance.path


def retry(turn: Turn, request: Retry) -> dict[str, Any]:
    """Try again what failed, in a subtree or in the whole application; what is being removed may have failed, too.

    Raises:
        NotFoundError: If application or instance do not exist.
    """
    lookup.application(turn.memory, request.application)
    tops = turn.memory.children(request.application, "")
    if request.path.rstrip("/"):
        tops = [lookup.instance(turn.memory, request.application, request.path)]
    retried = []
    for instance in (i for top in tops for i in turn.memory.subtree(request.application, top.path)):
        if instance.is_machine:
            liveness.confirm_loss(turn, instance.agent)
        if _has_failed(turn, instance) and want(turn, instance, instance.desired):
            retried.append(instance.path)
    if retried:
        text = f"another attempt is wanted of {', '.join(retried)}"
        turn.record(request.application, request.path.rstrip("/"), Kind.RETRY_REQUESTED, text, {"instances": retried})
    return {"retried": retried}


def restart_agent(turn: Turn, request: RestartAgent) -> dict[str, Any]:
    """Have the agent of a machine started again.

    Raises:
        NotFoundError: If application or instance do not exist.
        InvalidRequestError: If it is no machine.
        ConflictError: If there is no machine now.
    """
    instance = lookup.instance(turn.memory, request.application, request.path)
    if not instance.is_machine:
        raise InvalidRequestError(f"{instance.path} is no machine", hint=f"its machine is {instance.machine}")
    machine = turn.memory.machine_of(instance)
    if machine.phase not in (Phase.RUNNING, Phase.AWAITING_AGENT):
        raise ConflictError(f"{instance.path} is {machine.status}: its agent cannot be started again now")
    steps.request(turn, machine, MachineStep.RESTART_AGENT)
    return {"path": instance.path}


def _named(turn: Turn, application: str, path: str) -> list[InstanceRecord]:
    if path.rstrip("/"):
        return [lookup.staying_instance(turn.memory, application, path)]
    lookup.application(turn.memory, application)
    return [root for root in turn.memory.children(application, "") if not root.removing]


def _wanted(turn: Turn, top: InstanceRecord, request: ChangeDesired) -> dict[str, Desired]:
    """Return what is wanted anew, by instance, ancestors first."""
    desired = request.desired
    tree = turn.memory.subtree(top.application, top.path)
    if desired is Desired.NOT_DEPLOYED:
        return {i.id: desired for i in tree}
    if not _raises(top, request):
        return _stopped(tree)
    whole = request.subtree or not request.path.rstrip("/")
    wanted = _needed_above(turn, top, desired)
    for instance in tree if whole else [top]:
        wanted[instance.id] = _at_least(instance, desired)
    return wanted


def _raises(top: InstanceRecord, request: ChangeDesired) -> bool:
    """Tell whether more is wanted than before; a stop never deploys, except one instance that is named alone."""
    alone = not request.subtree and top.desired is Desired.NOT_DEPLOYED
    return request.desired is Desired.DEPLOYED_STARTED or request.at_least or alone


def _stopped(tree: Iterable[InstanceRecord]) -> dict[str, Desired]:
    """Stop what is started; machines are kept, and what is not deployed stays so."""
    return {i.id: Desired.DEPLOYED_STOPPED for i in tree if not i.is_machine and i.desired is not Desired.NOT_DEPLOYED}


def _at_least(instance: InstanceRecord, desired: Desired) -> Desired:
    if instance.is_machine:
        return Desired.DEPLOYED_STARTED
    return max(instance.desired, desired, key=_RANK.__getitem__)


def _needed_above(turn: Turn, top: InstanceRecord, desired: Desired) -> dict[str, Desired]:
    """Return what an instance needs of those that it stands on: software as far as itself, the machine at all."""
    wanted: dict[str, Desired] = {}
    for above in turn.memory.ancestors(top):
        if above.is_machine:
            _check_machine(above, top)
            break
        if _RANK[above.desired] < _RANK[desired]:
            wanted[above.id] = desired
    return dict(reversed(wanted.items()))


def _check_machine(machine: InstanceRecord, below: InstanceRecord) -> None:
    if machine.desired is Desired.NOT_DEPLOYED:
        raise ConflictError(
            f"{below.path} stands on {machine.path}, which is not deployed",
            hint=f"deploy the machine first: roboconf instance deploy {machine.path}",
        )


def _check_target(turn: Turn, instance: InstanceRecord) -> None:
    if instance.is_machine and target_of(turn.memory, instance) is None:
        raise ConflictError(
            f"{instance.path} has no target: nothing says how its machine is created",
            hint=f"add a target.properties to the recipe of component '{instance.component}',"
            " or create the application with a default target",
            code=Code.TARGET_MISSING,
        )


def _has_failed(turn: Turn, instance: InstanceRecord) -> bool:
    if instance.is_machine:
        machine = turn.memory.machine_of(instance)
        cleaned = machine.phase is Phase.TERMINATING and machine.status is Status.NOT_DEPLOYED
        return machine.failure is not None or cleaned
    report = turn.memory.reports.get(instance.id)
    return report is not None and report.failure is not None and report.generation >= instance.generation
