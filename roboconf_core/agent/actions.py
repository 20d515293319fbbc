"""Starts actions, waits for them, ends them, and finds again those of an agent that died.

Everything but ``run``, ``cancel`` and ``forget``, which only hand over, happens in the
thread of one loop. An action goes through these phases: a worker prepares it; a shim runs
it, an exclusive one once it holds the host's lock; its file tells how it ended.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from roboconf_core.agent import actionfile, shim
from roboconf_core.agent.actionfile import About, Found
from roboconf_core.agent.events import ActionEnded, Outcome, Run
from roboconf_core.agent.hostlock import make_place
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.loop import Loop, Moment, Workers
from roboconf_core.agent.marks import INSTANCE_MARK
from roboconf_core.agent.preparation import Prepared
from roboconf_core.agent.shims import Shims
from roboconf_core.errors import LifecycleError
from roboconf_core.hooks.lifecycle import Command
from roboconf_core.model.lifecycle import Action

log = logging.getLogger(__name__)

OUTPUT_LIMIT_BYTES = 1024 * 1024
"""Of each output of each action; beyond that only its end is kept."""
GRACE_S = 2.0
"""Between asking an action to end and ending it."""
SHIM_GRACE_S = 10.0
"""How much longer than the action may take its shim is believed in."""


@dataclass(slots=True)
class _Task:
    """One action under way."""

    id: str
    instance: str
    action: Action
    timeout_s: float
    run: Run | None = None
    """None for an action that an earlier life of the agent started."""
    started: float = field(default_factory=time.time)
    has_status: bool = False
    about: About | None = None
    """Set once the action's file was written."""
    descriptor: int | None = None
    """Of the process that is waited for."""
    orphan: bool = False
    cancelled: bool = False
    deadline: Moment | None = None


class Actions:
    """The actions of one agent."""

    def __init__(
        self,
        layout: Layout,
        loop: Loop,
        workers: Workers,
        *,
        prepare: Callable[[Run], Prepared],
        lock: Path,
        ended: Callable[[ActionEnded], None],
        environment: dict[str, str] | None = None,
        output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    ) -> None:
        """Make it; nothing runs yet.

        Args:
            layout: Where the files of actions are.
            loop: In whose thread all of it happens.
            workers: Threads for ``prepare``.
            prepare: Finds what is to be run; must not raise.
            lock: File of the host's lock, for exclusive actions.
            ended: Hears how each action ended, exactly once; called in the loop's thread.
            environment: Added to each action's, below what the handler gives.
            output_limit_bytes: See ``OUTPUT_LIMIT_BYTES``.
        """
        self._layout = layout
        self._loop = loop
        self._workers = workers
        self._prepare = prepare
        self._lock = lock
        self._ended = ended
        self._environment = environment or {}
        self._output_limit_bytes = output_limit_bytes
        self._tasks: dict[str, _Task] = {}
        self._shims = Shims(self._environment)

    # --- for any thread

    def prepare(self) -> None:
        """Get ready to run the first action soon."""
        self._loop.call(self._shims.prepare)

    def run(self, run: Run) -> None:
        """Begin an action that was not asked for before."""
        self._loop.call(partial(self._begin, run))

    def cancel(self, action_id: str) -> None:
        """End an action; one that ended already is fine."""
        self._loop.call(partial(self._cancel, action_id))

    def forget(self, action_id: str) -> None:
        """Remove the file of an action that ended; its outcome was recorded."""
        self._layout.action(action_id).unlink(missing_ok=True)

    # --- before the loop runs

    def adopt(self, *, rebooted: bool) -> tuple[dict[str, Outcome], frozenset[str]]:
        """Look at all files; return the outcomes of what ended, and the ids of what runs and is now waited for.

        Files of actions that never began, or whose result is lost, are removed.
        """
        outcomes: dict[str, Outcome] = {}
        for path in sorted(self._layout.actions.iterdir()):
            about = actionfile.read_about(path)
            found = actionfile.look(path, about, rebooted=rebooted) if about else None
            if about is None or found is None:
                path.unlink()
            elif found.outcome is not None:
                outcomes[about.id] = found.outcome
            else:
                self._adopt_running(about, found)
        return outcomes, frozenset(self._tasks)

    # --- after the loop ended

    def close(self) -> None:
        """Let go of what starts actions; those that run go on."""
        self._shims.close()

    # --- for the loop's thread

    def is_restarting(self, instance_id: str) -> bool:
        """Tell whether an action is under way that may put another process in the place of a service's."""
        return any(
            t.instance == instance_id and t.action in (Action.START, Action.UPDATE) for t in self._tasks.values()
        )

    def _adopt_running(self, about: About, found: Found) -> None:
        task = _Task(about.id, about.instance, Action(about.action), about.timeout_s, has_status=about.has_status)
        task.about = about
        self._tasks[task.id] = task
        self._wait_for(task, found)
        self._set_deadline(task)

    def _begin(self, run: Run) -> None:
        if run.id in self._tasks:
            log.error("action %s was asked for twice", run.id)
            return
        task = _Task(run.id, run.instance.id, run.action, run.timeout_s, run)
        self._tasks[run.id] = task
        task.deadline = self._loop.later(run.timeout_s, partial(self._unprepared, task))

        def work() -> None:
            prepared = self._prepare(run)
            self._loop.call(partial(self._prepared, task, prepared))

        self._workers.submit(work)

    def _unprepared(self, task: _Task) -> None:
        """Give up an action whose handler does not return; its thread is lost until it does."""
        log.error("the handler does not return", extra={"action_id": task.id, "action": task.action})
        self._workers.widen()
        self._give_up(task, f"timed out after {task.timeout_s:g} s, while it was prepared")

    def _prepared(self, task: _Task, prepared: Prepared) -> None:
        if self._tasks.get(task.id) is not task:
            return  # cancelled or too late
        if task.deadline:
            task.deadline.cancel()
        task.has_status = prepared.has_status
        if prepared.command is None:
            self._finish(task, prepared.outcome or Outcome())
        else:
            self._launch(task, prepared.command)

    def _launch(self, task: _Task, command: Command) -> None:
        path = self._layout.action(task.id)
        task.about = About(
            id=task.id,
            instance=task.instance,
            action=task.action.value,
            timeout_s=task.timeout_s,
            grace_s=GRACE_S,
            success=tuple(sorted(command.success)),
            has_status=task.has_status,
            outputs=str(self._layout.outputs(task.instance)),
        )
        task.started = time.time()
        try:
            environment = self._environment | {INSTANCE_MARK: task.instance} | dict(command.environment)
            lock = self._lock if task.run and task.run.exclusive else None
            if lock is not None:
                make_place(lock)
            actionfile.write(path, task.about, command, environment, self._output_limit_bytes, lock)
            task.descriptor = self._shims.start(path)
        except (OSError, ValueError, LifecycleError) as error:
            self._give_up(task, f"cannot run '{task.action}': {error}")
            return
        self._loop.watch(task.descriptor, partial(self._process_ended, task))
        self._set_deadline(task)

    def _set_deadline(self, task: _Task, ran_s: float = 0.0) -> bool:
        left_s = task.timeout_s + GRACE_S + SHIM_GRACE_S - ran_s
        if left_s > 0:
            task.deadline = self._loop.later(left_s, partial(self._overdue, task))
        return left_s > 0

    def _wait_for(self, task: _Task, found: Found) -> None:
        """Wait for a process that is not our child; one that ends meanwhile is looked at again."""
        task.orphan = found.orphan
        task.descriptor = found.process.open() if found.process else None
        if task.descriptor is None:
            self._loop.call(partial(self._look, task))
        else:
            self._loop.watch(task.descriptor, partial(self._process_ended, task))

    def _process_ended(self, task: _Task) -> None:
        self._let_go(task)
        self._look(task)

    def _look(self, task: _Task) -> None:
        if self._tasks.get(task.id) is not task or task.about is None:
            return
        found = actionfile.look(self._layout.action(task.id), task.about)
        if found is not None and found.outcome is not None:
            self._finish(task, found.outcome)
        elif found is not None:
            log.warning("the shim of action %s was killed; its process is waited for", task.id)
            self._wait_for(task, found)
            if task.cancelled:
                self._end_session(task)
        else:
            said = actionfile.said_by_shim(self._layout.action(task.id)) or "the shim was killed"
            self._give_up(task, "cancelled" if task.cancelled else f"its result is lost: {said}")

    def _cancel(self, action_id: str) -> None:
        task = self._tasks.get(action_id)
        if task is None:
            return
        task.cancelled = True
        if task.about is None:
            self._give_up(task, "cancelled")
        elif task.orphan:
            self._end_session(task)
        elif task.descriptor is not None:
            _signal(task.descriptor, signal.SIGTERM)

    def _overdue(self, task: _Task) -> None:
        """The shim should have ended the action by now: it was stopped, or nothing can end the process."""
        if self._set_deadline(task, actionfile.ran_s(self._layout.action(task.id))):
            return  # it had to wait for the host's lock
        self._end_session(task)
        if task.descriptor is not None and not task.orphan:
            _signal(task.descriptor, signal.SIGKILL)
        reason = f"timed out after {task.timeout_s:g} s"
        task.deadline = self._loop.later(1.0, partial(self._give_up, task, f"{reason}, and could not be ended"))

    def _end_session(self, task: _Task) -> None:
        leader = actionfile.leader_of(self._layout.action(task.id))
        if leader is not None and leader.alive:
            shim.signalled(leader.pid, signal.SIGKILL)

    def _give_up(self, task: _Task, reason: str) -> None:
        outcome = Outcome(exit_status=None, reason=reason, started=task.started)
        if task.about is not None:
            stdout, stderr = actionfile.tails(task.about)
            outcome = replace(outcome, stdout=stdout, stderr=stderr, duration_s=time.time() - task.started)
        self._finish(task, outcome)

    def _finish(self, task: _Task, outcome: Outcome) -> None:
        if self._tasks.get(task.id) is not task:
            return
        self._let_go(task)
        if task.deadline:
            task.deadline.cancel()
        del self._tasks[task.id]
        self._ended(ActionEnded(task.id, outcome if outcome.started else replace(outcome, started=task.started)))

    def _let_go(self, task: _Task) -> None:
        if task.descriptor is not None:
            self._loop.unwatch(task.descriptor)
            task.descriptor = None


def _signal(descriptor: int, number: int) -> None:
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return  # it ended a moment ago
