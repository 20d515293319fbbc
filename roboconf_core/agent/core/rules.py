"""When an instance moves: the conditions of the life cycle, as a table. Pure.

``MOVES`` of ``model.lifecycle`` says what a trigger does in a status; ``RULES`` here says
which trigger a situation asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from roboconf_core.agent.core.state import Stage
from roboconf_core.model.lifecycle import Desired, Status, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that decides about the next move of one instance."""

    status: Status
    stage: Stage | None
    desired: Desired
    """Of the instance, lowered to ``NOT_DEPLOYED`` when an ancestor on the machine is to be undeployed."""
    parent_runs: bool
    """The parent is started and about to stay so."""
    resolved: bool
    """Every mandatory import has a provider."""
    died: bool = False
    overdue: bool = False
    """It did not become ready before its deadline."""
    changed: bool = False
    """Imports differ from what the last success saw, or the last update failed."""

    @property
    def wanted(self) -> bool:
        """Tell whether the instance is to be started, now."""
        return self.desired is Desired.DEPLOYED_STARTED and self.parent_runs and self.resolved

    @property
    def failed(self) -> bool:
        """Tell whether an instance that was started will not become ready."""
        return self.overdue or self.died


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: in this status, when this holds, that triggers."""

    status: Status
    when: Callable[[Situation], bool]
    trigger: Trigger


_S, _T, _D = Status, Trigger, Desired


def _unwanted(s: Situation) -> bool:
    return s.desired is _D.NOT_DEPLOYED


def _stopped(s: Situation) -> bool:
    return s.desired is not _D.DEPLOYED_STARTED


# fmt: off
RULES: tuple[Rule, ...] = (
    # The first row that fits counts.
    Rule(_S.NOT_DEPLOYED,         lambda s: not _unwanted(s),                          _T.DEPLOY),

    Rule(_S.DEPLOYED_STOPPED,     _unwanted,                                           _T.UNDEPLOY),
    Rule(_S.DEPLOYED_STOPPED,     lambda s: not _stopped(s) and not s.parent_runs,     _T.ANCESTOR_MISSING),
    Rule(_S.DEPLOYED_STOPPED,     lambda s: not _stopped(s) and not s.resolved,        _T.IMPORTS_MISSING),
    Rule(_S.DEPLOYED_STOPPED,     lambda s: s.wanted,                                  _T.START),

    Rule(_S.UNRESOLVED,           _unwanted,                                           _T.UNDEPLOY),
    Rule(_S.UNRESOLVED,           _stopped,                                            _T.STOP),
    Rule(_S.UNRESOLVED,           lambda s: not s.parent_runs,                         _T.ANCESTOR_LOST),
    Rule(_S.UNRESOLVED,           lambda s: s.wanted,                                  _T.IMPORTS_RESOLVED),

    Rule(_S.WAITING_FOR_ANCESTOR, _unwanted,                                           _T.UNDEPLOY),
    Rule(_S.WAITING_FOR_ANCESTOR, _stopped,                                            _T.STOP),
    Rule(_S.WAITING_FOR_ANCESTOR, lambda s: s.parent_runs and not s.resolved,          _T.IMPORTS_MISSING),
    Rule(_S.WAITING_FOR_ANCESTOR, lambda s: s.wanted,                                  _T.ANCESTOR_STARTED),

    Rule(_S.STARTING,             lambda s: s.stage is Stage.CHECKING and not s.wanted, _T.CANCELLED),
    Rule(_S.STARTING,             lambda s: s.stage is Stage.CHECKING and s.failed,    _T.NOT_READY),

    Rule(_S.DEPLOYED_STARTED,     lambda s: s.died,                                    _T.DIED),
    Rule(_S.DEPLOYED_STARTED,     _stopped,                                            _T.STOP),
    Rule(_S.DEPLOYED_STARTED,     lambda s: not s.parent_runs,                         _T.ANCESTOR_LOST),
    Rule(_S.DEPLOYED_STARTED,     lambda s: not s.resolved,                            _T.IMPORTS_LOST),
    Rule(_S.DEPLOYED_STARTED,     lambda s: s.changed,                                 _T.IMPORTS_CHANGED),
)
# fmt: on

STOPS = frozenset({Trigger.DIED, Trigger.STOP, Trigger.ANCESTOR_LOST, Trigger.IMPORTS_LOST})
"""Triggers by which a started instance ceases to be started."""

_RULES_OF = {status: tuple(rule for rule in RULES if rule.status is status) for status in Status}


def trigger_for(situation: Situation) -> Trigger | None:
    """Return what a situation asks for; None when the instance may stay as it is."""
    return next((rule.trigger for rule in _RULES_OF[situation.status] if rule.when(situation)), None)
