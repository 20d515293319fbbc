"""The life cycle as data: every status, every trigger, and the table of moves between them.

``MOVES`` is what an agent does with the software of its machine, ``MACHINE_MOVES`` what
the deployment manager does with machines. Nothing can be left in a transitive status,
because both ends of it stand in the same row.

Source: Roboconf user guide, "Life Cycle"; the rows about processes that die, that do not
become ready and that survive a failed stop are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where an instance is in its life; the values travel on the wire and never change."""

    NOT_DEPLOYED = "NOT_DEPLOYED"
    DEPLOYING = "DEPLOYING"
    DEPLOYED_STOPPED = "DEPLOYED_STOPPED"
    UNRESOLVED = "UNRESOLVED"
    """To be started, but a mandatory import is missing."""
    WAITING_FOR_ANCESTOR = "WAITING_FOR_ANCESTOR"
    """To be started, but its parent is not started."""
    STARTING = "STARTING"
    DEPLOYED_STARTED = "DEPLOYED_STARTED"
    STOPPING = "STOPPING"
    UNDEPLOYING = "UNDEPLOYING"
    PROBLEM = "PROBLEM"
    """Machines only: the agent is not heard any more, or the machine is lost."""


TRANSITIVE = frozenset({Status.DEPLOYING, Status.STARTING, Status.STOPPING, Status.UNDEPLOYING})
"""Statuses that always end by themselves: an action is running, or about to."""

STABLE = frozenset(Status) - TRANSITIVE - {Status.PROBLEM}
"""Statuses in which an instance may rest."""

DEPLOYED = frozenset({Status.DEPLOYED_STOPPED, Status.UNRESOLVED, Status.WAITING_FOR_ANCESTOR, Status.DEPLOYED_STARTED})
"""Stable statuses of an instance whose ``deploy`` succeeded."""


class Desired(StrEnum):
    """What the user wants of an instance; owned and persisted by the deployment manager."""

    NOT_DEPLOYED = "NOT_DEPLOYED"
    DEPLOYED_STOPPED = "DEPLOYED_STOPPED"
    DEPLOYED_STARTED = "DEPLOYED_STARTED"


class Action(StrEnum):
    """What a lifecycle handler can be asked to do."""

    DEPLOY = "deploy"
    START = "start"
    UPDATE = "update"
    STOP = "stop"
    UNDEPLOY = "undeploy"
    STATUS = "status"
    """Optional: succeeds while the software runs and is able to serve."""


class Trigger(StrEnum):
    """Why an instance moves."""

    DEPLOY = "deploy"
    START = "start"
    STOP = "stop"
    UNDEPLOY = "undeploy"
    IMPORTS_MISSING = "imports-missing"
    IMPORTS_RESOLVED = "imports-resolved"
    IMPORTS_LOST = "imports-lost"
    IMPORTS_CHANGED = "imports-changed"
    ANCESTOR_MISSING = "ancestor-missing"
    ANCESTOR_STARTED = "ancestor-started"
    ANCESTOR_LOST = "ancestor-lost"
    DIED = "died"
    """The process is gone, or ``status`` failed too often."""
    NOT_READY = "not-ready"
    """``start`` succeeded, but ``status`` did not before its deadline."""
    CANCELLED = "cancelled"
    """A running ``start`` was ended because it is not wanted any more."""
    STILL_RUNNING = "still-running"
    """``stop`` failed and ``status`` says that the software still runs."""


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: from a stable status, through an action, to a stable status."""

    source: Status
    trigger: Trigger
    during: Status | None
    """Status while the action runs; None when the move is immediate."""
    action: Action | None
    if_done: Status
    if_failed: Status


_S, _T, _A = Status, Trigger, Action
# fmt: off
MOVES: tuple[Move, ...] = (
    #    from                    trigger              during           action       if done                  if failed
    Move(_S.NOT_DEPLOYED,         _T.DEPLOY,           _S.DEPLOYING,    _A.DEPLOY,   _S.DEPLOYED_STOPPED,     _S.NOT_DEPLOYED),

    Move(_S.DEPLOYED_STOPPED,     _T.START,            _S.STARTING,     _A.START,    _S.DEPLOYED_STARTED,     _S.DEPLOYED_STOPPED),
    Move(_S.DEPLOYED_STOPPED,     _T.IMPORTS_MISSING,  None,            None,        _S.UNRESOLVED,           _S.UNRESOLVED),
    Move(_S.DEPLOYED_STOPPED,     _T.ANCESTOR_MISSING, None,            None,        _S.WAITING_FOR_ANCESTOR, _S.WAITING_FOR_ANCESTOR),
    Move(_S.DEPLOYED_STOPPED,     _T.UNDEPLOY,         _S.UNDEPLOYING,  _A.UNDEPLOY, _S.NOT_DEPLOYED,         _S.DEPLOYED_STOPPED),

    Move(_S.UNRESOLVED,           _T.IMPORTS_RESOLVED, _S.STARTING,     _A.START,    _S.DEPLOYED_STARTED,     _S.UNRESOLVED),
    Move(_S.UNRESOLVED,           _T.ANCESTOR_LOST,    None,            None,        _S.WAITING_FOR_ANCESTOR, _S.WAITING_FOR_ANCESTOR),
    Move(_S.UNRESOLVED,           _T.STOP,             None,            None,        _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),
    Move(_S.UNRESOLVED,           _T.UNDEPLOY,         _S.UNDEPLOYING,  _A.UNDEPLOY, _S.NOT_DEPLOYED,         _S.DEPLOYED_STOPPED),

    Move(_S.WAITING_FOR_ANCESTOR, _T.ANCESTOR_STARTED, _S.STARTING,     _A.START,    _S.DEPLOYED_STARTED,     _S.DEPLOYED_STOPPED),
    Move(_S.WAITING_FOR_ANCESTOR, _T.IMPORTS_MISSING,  None,            None,        _S.UNRESOLVED,           _S.UNRESOLVED),
    Move(_S.WAITING_FOR_ANCESTOR, _T.STOP,             None,            None,        _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),
    Move(_S.WAITING_FOR_ANCESTOR, _T.UNDEPLOY,         _S.UNDEPLOYING,  _A.UNDEPLOY, _S.NOT_DEPLOYED,         _S.DEPLOYED_STOPPED),

    Move(_S.STARTING,             _T.NOT_READY,        _S.STOPPING,     _A.STOP,     _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),
    Move(_S.STARTING,             _T.CANCELLED,        _S.STOPPING,     _A.STOP,     _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),

    Move(_S.DEPLOYED_STARTED,     _T.IMPORTS_CHANGED,  None,            _A.UPDATE,   _S.DEPLOYED_STARTED,     _S.DEPLOYED_STARTED),
    Move(_S.DEPLOYED_STARTED,     _T.STOP,             _S.STOPPING,     _A.STOP,     _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),
    Move(_S.DEPLOYED_STARTED,     _T.IMPORTS_LOST,     _S.STOPPING,     _A.STOP,     _S.UNRESOLVED,           _S.UNRESOLVED),
    Move(_S.DEPLOYED_STARTED,     _T.ANCESTOR_LOST,    _S.STOPPING,     _A.STOP,     _S.WAITING_FOR_ANCESTOR, _S.WAITING_FOR_ANCESTOR),
    Move(_S.DEPLOYED_STARTED,     _T.DIED,             _S.STOPPING,     _A.STOP,     _S.DEPLOYED_STOPPED,     _S.DEPLOYED_STOPPED),

    Move(_S.STOPPING,             _T.STILL_RUNNING,    None,            None,        _S.DEPLOYED_STARTED,     _S.DEPLOYED_STARTED),
)
# fmt: on

_BY_SOURCE = {(move.source, move.trigger): move for move in MOVES}


def move_for(status: Status, trigger: Trigger) -> Move | None:
    """Return the row for a status and a trigger, or None when nothing is to be done."""
    return _BY_SOURCE.get((status, trigger))


class MachineTrigger(StrEnum):
    """Why a machine moves."""

    CREATE = "create"
    AGENT_SEEN = "agent-seen"
    AGENT_LOST = "agent-lost"
    TERMINATE = "terminate"
    FAILED = "failed"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class MachineMove:
    """One row of the machines' table: the deployment manager asks the target, and the agent answers."""

    source: Status
    trigger: MachineTrigger
    target: Status


_M = MachineTrigger
# fmt: off
MACHINE_MOVES: tuple[MachineMove, ...] = (
    #           from                 trigger         to
    MachineMove(_S.NOT_DEPLOYED,     _M.CREATE,      _S.DEPLOYING),
    MachineMove(_S.DEPLOYING,        _M.AGENT_SEEN,  _S.DEPLOYED_STARTED),
    MachineMove(_S.DEPLOYING,        _M.FAILED,      _S.NOT_DEPLOYED),
    MachineMove(_S.DEPLOYING,        _M.AGENT_LOST,  _S.PROBLEM),
    MachineMove(_S.DEPLOYING,        _M.TERMINATE,   _S.UNDEPLOYING),
    MachineMove(_S.DEPLOYED_STARTED, _M.AGENT_LOST,  _S.PROBLEM),
    MachineMove(_S.DEPLOYED_STARTED, _M.TERMINATE,   _S.UNDEPLOYING),
    MachineMove(_S.PROBLEM,          _M.AGENT_SEEN,  _S.DEPLOYED_STARTED),
    MachineMove(_S.PROBLEM,          _M.TERMINATE,   _S.UNDEPLOYING),
    MachineMove(_S.UNDEPLOYING,      _M.TERMINATED,  _S.NOT_DEPLOYED),
    MachineMove(_S.UNDEPLOYING,      _M.FAILED,      _S.PROBLEM),
)
# fmt: on

_MACHINE_BY_SOURCE = {(move.source, move.trigger): move for move in MACHINE_MOVES}


def machine_move_for(status: Status, trigger: MachineTrigger) -> MachineMove | None:
    """Return the row for a machine's status and a trigger, or None when nothing is to be done."""
    return _MACHINE_BY_SOURCE.get((status, trigger))
