"""Watches the processes that recipes named in pid files; a death is noticed at once.

Runs in the thread of the same loop as the actions. A pid file may appear late, and may come
to name another process when the service is restarted: neither is a death. What a file named
is noted beside it, so that after a restart of the agent a process which merely got the same
pid is not taken for the service.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from roboconf_core.agent import shim
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.loop import Loop, Moment
from roboconf_core.agent.preparation import read_pid
from roboconf_core.agent.processes import ProcessId, process_of

log = logging.getLogger(__name__)

FIRST_LOOK_S = 0.05
LAST_LOOK_S = 5.0
"""Where there is no pid file yet, it is looked for less and less often, at last every so many seconds."""
SETTLE_S = 0.2
"""After a death, how long the pid file may take to name the successor while an action is under way."""


@dataclass(slots=True)
class _Watched:
    """One instance."""

    instance: str
    process: ProcessId | None = None
    descriptor: int | None = None
    look: Moment | None = None


class Watcher:
    """The watched instances of one agent."""

    def __init__(
        self, layout: Layout, loop: Loop, *, restarting: Callable[[str], bool], died: Callable[[str], None]
    ) -> None:
        """Make it.

        Args:
            layout: Where pid files are.
            loop: In whose thread all happens.
            restarting: Tells whether an action is under way that may restart the service of an instance.
            died: Hears of each death, once; called in the loop's thread.
        """
        self._layout = layout
        self._loop = loop
        self._restarting = restarting
        self._died = died
        self._watched: dict[str, _Watched] = {}

    def watch(self, instance: str) -> None:
        """Watch what the pid file of an instance names, from now on; for any thread."""
        self._loop.call(partial(self._watch, instance))

    def unwatch(self, instance: str) -> None:
        """Watch it no more; for any thread."""
        self._loop.call(partial(self._unwatch, instance))

    def forget_boot(self) -> None:
        """Forget all pids, which the reboot of the host made meaningless; before the loop runs."""
        for path in (*self._layout.pid_files.glob("*.pid"), *self._layout.processes.glob("*.seen")):
            path.unlink()

    def _watch(self, instance: str) -> None:
        self._unwatch(instance)
        watched = self._watched[instance] = _Watched(instance)
        self._look(watched, FIRST_LOOK_S)

    def _unwatch(self, instance: str) -> None:
        watched = self._watched.pop(instance, None)
        if watched is not None:
            self._let_go(watched)

    def _look(self, watched: _Watched, delay_s: float) -> None:
        watched.look = None
        try:
            stamp = self._layout.pid_file(watched.instance).stat().st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        pid = read_pid(self._layout.pid_file(watched.instance))
        if pid is None or not stamp:
            again = partial(self._look, watched, min(2 * delay_s, LAST_LOOK_S))
            watched.look = self._loop.later(delay_s, again)
            return
        process = self._named(watched.instance, pid, str(stamp))
        descriptor = process.open() if process is not None else None
        if process is None or descriptor is None:
            self._report(watched)
            return
        watched.process, watched.descriptor = process, descriptor
        self._loop.watch(descriptor, partial(self._ended, watched))

    def _named(self, instance: str, pid: int, stamp: str) -> ProcessId | None:
        """Return the process that the pid file means, or None when it is gone, even if its pid is in use again."""
        note = self._layout.seen(instance)
        process = process_of(pid)
        if note.exists():
            noted = dict(shim.read_fields(str(note)))
            if noted.get("stamp") == stamp and noted["pid"] == str(pid):
                return process if process is not None and process.start == noted["start"] else None
        if process is not None:
            shim.write_fields(str(note), [("pid", str(pid)), ("start", process.start), ("stamp", stamp)])
        return process

    def _ended(self, watched: _Watched) -> None:
        self._let_go(watched)
        self._succeed(watched)

    def _succeed(self, watched: _Watched) -> None:
        """Go on with the successor of a process that ended, if there is one."""
        pid = read_pid(self._layout.pid_file(watched.instance))
        if pid is not None and process_of(pid) not in (None, watched.process):
            self._look(watched, FIRST_LOOK_S)
        elif self._restarting(watched.instance):
            watched.look = self._loop.later(SETTLE_S, partial(self._succeed, watched))
        else:
            self._report(watched)

    def _report(self, watched: _Watched) -> None:
        del self._watched[watched.instance]
        pid = watched.process.pid if watched.process else None
        log.info("a watched process died", extra={"instance": watched.instance, "pid": pid})
        self._died(watched.instance)

    def _let_go(self, watched: _Watched) -> None:
        if watched.look is not None:
            watched.look.cancel()
            watched.look = None
        if watched.descriptor is not None:
            self._loop.unwatch(watched.descriptor)
            watched.descriptor = None
