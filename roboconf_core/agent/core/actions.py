"""Beginning lifecycle actions: with what they run, and what they must wait for."""

from __future__ import annotations

from dataclasses import replace

from roboconf_core.agent.core.imports import Imports, difference
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.state import InstanceRecord, RunningAction
from roboconf_core.agent.events import Cancel, Run
from roboconf_core.messages.types import InstanceSpec
from roboconf_core.model.lifecycle import Action
from roboconf_core.model.settings import Settings

_EXCLUSIVE = frozenset({Action.DEPLOY, Action.UNDEPLOY})


def settings_of(record: InstanceRecord) -> Settings:
    """Return the settings of the recipe in use: the deployed one, else the one that is wanted."""
    return (record.deployed or record.spec).settings


def spec_for(record: InstanceRecord, action: Action) -> InstanceSpec:
    """Return with what an action runs.

    A deployed instance keeps its recipe until it is undeployed. ``start`` and ``update``
    see the exports and ports that are wanted now, the others those of the last start.
    """
    if record.deployed is None or action is Action.DEPLOY:
        return record.spec
    kept = record.deployed
    if action not in (Action.START, Action.UPDATE):
        return replace(kept, desired=record.spec.desired, generation=record.spec.generation)
    return replace(record.spec, bundle=kept.bundle, installer=kept.installer, settings=kept.settings)


def begin(
    mind: Mind, record: InstanceRecord, action: Action, *, cause: str, imports: Imports | None = None
) -> InstanceRecord:
    """Ask the runner for an action of an instance that runs none; it sees the present imports unless told otherwise."""
    spec = spec_for(record, action)
    imports = _imports_for(mind, record, action) if imports is None else imports
    running = RunningAction(
        id=mind.next_action_id(),
        action=action,
        attempt=attempt_of(record, action),
        cause=cause,
        started=mind.now.wall,
        timeout_s=spec.settings.timeout_of(action),
        spec=spec,
        imports=imports if action in (Action.START, Action.UPDATE) else (),
    )
    if action in (Action.START, Action.UPDATE):
        mind.pace(record).quiet.began()
    mind.effects.append(_run_of(mind, record, running, imports))
    return mind.change(record, running=running)


def begin_again(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """Ask again, with the same imports, for an action that never began, or whose result is lost."""
    lost = record.running
    if lost is None:
        raise ValueError(f"no action of {record.path} is journalled")
    imports = lost.imports if lost.action in (Action.START, Action.UPDATE) else None
    return begin(mind, mind.change(record, running=None), lost.action, cause=lost.cause, imports=imports)


def cancel(mind: Mind, record: InstanceRecord) -> InstanceRecord:
    """Ask the runner to end the running action; once is enough."""
    running = record.running
    if running is None or running.cancelled:
        return record
    mind.effects.append(Cancel(running.id))
    return mind.change(record, running=replace(running, cancelled=True))


def exclusive(record: InstanceRecord, action: Action) -> bool:
    """Tell whether an action excludes others of its kind on the host."""
    return action in _EXCLUSIVE and settings_of(record).serial


def attempt_of(record: InstanceRecord, action: Action) -> int:
    """Return the number of the next attempt of an action, counted from 1; anew after it was given up."""
    if action is Action.STOP:
        return record.failed_stops + 1
    failure = record.failure
    again = failure is not None and failure.action is action and (record.vanished or not failure.exhausted)
    return failure.attempt + 1 if failure and again else 1


def _imports_for(mind: Mind, record: InstanceRecord, action: Action) -> Imports:
    now = action in (Action.DEPLOY, Action.START, Action.UPDATE)
    return mind.imports_of(record) if now else mind.memory.seen(record.id)


def _run_of(mind: Mind, record: InstanceRecord, running: RunningAction, imports: Imports) -> Run:
    run = Run(
        id=running.id,
        instance=running.spec,
        action=running.action,
        ancestors=mind.memory.ancestor_specs(record),
        imports=imports,
        timeout_s=running.timeout_s,
        unproven_ports=_unproven_ports(record, running),
        exclusive=exclusive(record, running.action),
    )
    if running.action is not Action.UPDATE:
        return run
    found = difference(mind.memory.seen(record.id), imports)
    return replace(run, joined=found.joined, left=found.left, changed=found.changed)


def _unproven_ports(record: InstanceRecord, running: RunningAction) -> tuple[str, ...]:
    if running.action is not Action.START:
        return ()
    ports = running.spec.ports
    return tuple(sorted(name for name in ports if record.proven_ports.get(name) != ports[name]))
