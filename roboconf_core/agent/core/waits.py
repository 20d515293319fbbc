"""What must be waited for before an instance can act, one sentence each; nothing to wait for is empty."""

from __future__ import annotations

from roboconf_core.agent.core.actions import exclusive, settings_of
from roboconf_core.agent.core.imports import digest_of_content, missing_imports
from roboconf_core.agent.core.mind import Mind
from roboconf_core.agent.core.registry import key_of
from roboconf_core.agent.core.state import InstanceRecord
from roboconf_core.messages.types import Failure
from roboconf_core.model.lifecycle import DEPLOYED, Action, Status

Waits = tuple[str, ...]

_LIGHT = frozenset({Action.STOP, Action.STATUS})
"""Actions that may take the slot that is kept free of all others, where there are enough slots."""

_RUNNING = frozenset({Status.STARTING, Status.DEPLOYED_STARTED, Status.STOPPING})


def action_waits(mind: Mind, record: InstanceRecord, action: Action) -> Waits:
    """Return what an action that is due has to wait for."""
    if record.running:
        return (f"waits for {record.running.action} to end",)
    own = {
        Action.DEPLOY: _deploy_waits,
        Action.UNDEPLOY: _undeploy_waits,
        Action.UPDATE: _update_waits,
    }.get(action)
    return (own(mind, record) if own else ()) or failure_waits(mind, record, action) or slot_waits(mind, record, action)


def stop_waits(mind: Mind, record: InstanceRecord) -> Waits:
    """Return what an instance in ``STOPPING`` has to wait for before its ``stop`` runs."""
    if record.running:
        return (f"waits for {record.running.action} to end",)
    busy = tuple(child.path for child in mind.memory.children(record) if _must_stop_first(child))
    if busy:
        return tuple(f"waits for {path} to stop" for path in busy)
    stop_at = mind.pace(record).stop_at
    if stop_at is not None and not mind.passed(stop_at):
        return ("waits before it tries stop again",)
    return drain_waits(mind, record) or slot_waits(mind, record, Action.STOP)


def drain_waits(mind: Mind, record: InstanceRecord) -> Waits:
    """Return who has not yet answered that it does without the exports; nobody after the deadline."""
    if not record.planned:
        return ()
    pace = mind.pace(record)
    if pace.drain_until is None:
        pace.drain_until = mind.now.monotonic + settings_of(record).drain_timeout_s
    users = (*mind.exporter.holders_of(record.id), *_local_users(mind, record))
    if pace.holders_unknown and not users:
        users = ("its former importers",)
    if not users or mind.passed(pace.drain_until):
        return ()
    return tuple(f"waits for {user} to do without its exports" for user in users)


def slot_waits(mind: Mind, record: InstanceRecord, action: Action) -> Waits:
    """Return why there is no room for one more action."""
    running = mind.memory.running()
    if exclusive(record, action):
        for other in running:
            if other.running and exclusive(other, other.running.action):
                return (f"waits for {other.running.action} of {other.path}: one at a time on a machine",)
    kept = 1 if mind.slots >= 4 and action not in _LIGHT else 0
    if len(running) >= mind.slots - kept:
        return ("waits for other actions on this machine to end",)
    return ()


def failure_waits(mind: Mind, record: InstanceRecord, action: Action) -> Waits:
    """Return why an action that failed is not tried again yet, or ever.

    What is no longer part of the application is tried for ever: nobody could ask to retry it.
    """
    failure, retry_at = record.failure, mind.pace(record).retry_at
    if failure is None or not _hinders(failure, action):
        return ()
    if failure.exhausted and not record.vanished:
        if action is Action.UPDATE and _is_new(mind, record):
            return ()
        return (f"{action} was given up after {failure.attempt} attempts ({failure.reason}): retry it",)
    if retry_at is None or mind.passed(retry_at):
        return ()
    return (f"waits before it tries {action} again ({failure.reason})",)


def _is_new(mind: Mind, record: InstanceRecord) -> bool:
    """Tell whether the imports are known for sure, and others than those with which the last update failed."""
    if any(mind.registry.is_provisional(wanted.prefix) for wanted in record.spec.imports):
        return False
    return record.tried != digest_of_content(mind.imports_of(record))


def rest_waits(mind: Mind, record: InstanceRecord) -> Waits:
    """Return what an instance at rest waits for, though nothing of it is to be done now."""
    if record.status is Status.UNRESOLVED:
        missing = missing_imports(record.spec, mind.imports_of(record))
        return tuple(f"waits for {', '.join(i.names)}: no started instance exports {i.prefix}" for i in missing)
    parent = mind.memory.parent(record)
    if record.status is Status.WAITING_FOR_ANCESTOR and parent is not None:
        return (f"waits for {parent.path} to be started: it is {parent.status}",)
    return ()


def _deploy_waits(mind: Mind, record: InstanceRecord) -> Waits:
    if mind.memory.namesakes(record):
        return (f"waits until the former {record.path} is undeployed",)
    parent = mind.memory.parent(record)
    if parent is not None and parent.status not in DEPLOYED | {Status.STARTING}:
        return (f"waits for {parent.path} to be deployed: it is {parent.status}",)
    if not mind.bundles.present(record.spec.bundle):
        reason = mind.bundles.reason(record.spec.bundle)
        return (f"waits for its recipe{': ' if reason else ''}{reason}",)
    return ()


def _undeploy_waits(mind: Mind, record: InstanceRecord) -> Waits:
    children = mind.memory.children(record)
    return tuple(
        f"waits for {child.path} to be undeployed"
        for child in children
        if child.status is not Status.NOT_DEPLOYED and not _given_up(child)
    )


def _update_waits(mind: Mind, record: InstanceRecord) -> Waits:
    quiet = mind.pace(record).quiet
    due = quiet.due(settings_of(record))
    if mind.passed(quiet.calm_from if due is None else due):
        return ()
    return ("waits until its imports are quiet",)


def _must_stop_first(child: InstanceRecord) -> bool:
    return child.status in _RUNNING and not _given_up(child)


def _given_up(record: InstanceRecord) -> bool:
    """Tell whether an instance cannot be stopped or undeployed; its parent does not wait for it for ever."""
    failure = record.failure
    return failure is not None and failure.exhausted and failure.action in (Action.STOP, Action.UNDEPLOY)


def _local_users(mind: Mind, record: InstanceRecord) -> tuple[str, ...]:
    keys = mind.exporter.keys_of(record.id)
    return tuple(
        other.path
        for other in mind.memory.all()
        if other.id != record.id and any(key_of(p) in keys for p in mind.memory.seen(other.id))
    )


def _hinders(failure: Failure, action: Action) -> bool:
    """Tell whether a failure concerns an action; one of ``status`` means a death, and delays the next start."""
    return failure.action is action or (failure.action is Action.STATUS and action is Action.START)
