"""The kinds of what happens, as the history and observers know them; searchable, never renamed."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What happened; ``Record.kind``."""

    TEMPLATE_ADDED = "template-added"
    TEMPLATE_REMOVED = "template-removed"
    APPLICATION_CREATED = "application-created"
    APPLICATION_REMOVED = "application-removed"
    INSTANCE_CREATED = "instance-created"
    """A tree of instances; the path is that of its top."""
    INSTANCE_REMOVED = "instance-removed"
    DESIRED_CHANGED = "desired-changed"
    """A user wants another state; details: ``desired``, ``count``, ``instances`` (the first ones)."""
    RETRY_REQUESTED = "retry-requested"
    SCALED = "scaled"
    """Details: ``created`` and ``removed`` paths."""
    STATUS_CHANGED = "status-changed"
    """Of an instance or a machine; details: ``from``, ``to``, ``cause``."""
    ACTION_FAILED = "action-failed"
    """Details: ``action``, ``reason``, ``attempt`` and the ``id`` that the log of actions has."""
    MACHINE_STEP_FAILED = "machine-step-failed"
    """A target could not do its part; details: ``step``, and perhaps ``reason``, ``attempt``, ``exhausted``."""
    MACHINE_LOST = "machine-lost"
    """An agent is not heard any more; its exports were said farewell to."""
    MACHINE_TERMINATED = "machine-terminated"
    """Details: ``ended``, what was still running on it."""
    UNDEPLOY_INCOMPLETE = "undeploy-incomplete"
    """A machine is ended although not all on it was undeployed; details: ``left``."""
    AGENT_RESTARTED = "agent-restarted"
    JUDGEMENT_SUSPENDED = "judgement-suspended"
    """Too many are silent, or the deployment manager was held up: nothing is withdrawn for now."""
    PORT_REDRAWN = "port-redrawn"
    """Details: ``name``, ``taken`` and ``port``."""
    PORT_EXHAUSTED = "port-exhausted"
