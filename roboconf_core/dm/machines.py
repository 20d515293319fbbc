"""Steps of machines: calls of target handlers in a bounded pool, one at a time per machine."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from roboconf_core.dm.events import DoMachineStep, MachineStep, MachineStepDone, MachineStepFailed
from roboconf_core.dm.home import Home, write_private
from roboconf_core.errors import RoboconfError, TargetError
from roboconf_core.hooks.manager import Plugins
from roboconf_core.hooks.properties import with_defaults
from roboconf_core.hooks.targets import AgentLaunch, Machine, TargetHandler
from roboconf_core.hooks.transports import ManagerTransport
from roboconf_core.messages.types import application_of, machine_path_of

log = logging.getLogger(__name__)

StepResult = MachineStepDone | MachineStepFailed

_LAUNCH_FILE = "launch.json"
"""How the agent was told to connect, kept (0600) so that it can be started again."""

CONFIGURE_PERIOD_S = 1.0
"""Between two calls of ``configure_machine``; no thread is held meanwhile."""


class Machines:
    """Carries out single steps; holds no state but what it needs to describe a machine to its handler."""

    def __init__(
        self, *, dm_id: str, home: Home, plugins: Plugins, transport: ManagerTransport, transport_name: str
    ) -> None:
        self._dm_id = dm_id
        self._home = home
        self._plugins = plugins
        self._transport = transport
        self._transport_name = transport_name

    def do(self, step: DoMachineStep) -> StepResult | None:
        """Do one step and tell how it ended; never raises what a handler raised.

        Returns:
            None when a configuration goes on: to be called again after ``CONFIGURE_PERIOD_S``.
        """
        try:
            return self._done(step, self._plugins.target(step.target.handler))
        except RoboconfError as error:
            reason = "; ".join(f"{p.message} ({p.hint})" if p.hint else p.message for p in error.problems)
        except Exception as error:
            log.exception("target handler '%s' failed at '%s' of %s", step.target.handler, step.step, step.agent)
            reason = f"target handler '{step.target.handler}' failed: {error!r}"
        return MachineStepFailed(agent=step.agent, generation=step.generation, step=step.step, reason=reason)

    def _done(self, step: DoMachineStep, handler: TargetHandler) -> MachineStepDone | None:
        done = MachineStepDone(agent=step.agent, generation=step.generation, step=step.step, machine_id=step.machine_id)
        match step.step:
            case MachineStep.CREATE:
                return self._create(step, handler)
            case MachineStep.CONFIGURE:
                return done if handler.configure_machine(self._machine(step, handler), step.machine_id) else None
            case MachineStep.CHECK:
                running = handler.is_machine_running(self._machine(step, handler), step.machine_id)
                return replace(done, running=running)
            case MachineStep.RESTART_AGENT:
                handler.restart_agent(self._machine(step, handler), step.machine_id)
                return done
            case MachineStep.TERMINATE:
                return self._terminate(step, handler)

    def _create(self, step: DoMachineStep, handler: TargetHandler) -> MachineStepDone:
        directory = self._directory(step)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = None
        if step.attempt > 1 and self._kept_launch(step) is not None:
            found = handler.find_machine(self._machine(step, handler))
        if found is None:
            self._keep_launch(step, handler)
            found = handler.create_machine(self._machine(step, handler))
        address = handler.address_for(self._machine(step, handler))
        return MachineStepDone(
            agent=step.agent, generation=step.generation, step=step.step, machine_id=found, address=address
        )

    def _terminate(self, step: DoMachineStep, handler: TargetHandler) -> MachineStepDone:
        machine = self._machine(step, handler)
        machine_id = step.machine_id or handler.find_machine(machine)
        ended: tuple[str, ...] = ()
        if machine_id:
            found = handler.terminate_machine(machine, machine_id)
            ended = found.ended
            if found.left:
                raise TargetError(f"still running on {machine.path}: {', '.join(found.left)}")
        self._transport.forget(step.agent)
        (self._directory(step) / _LAUNCH_FILE).unlink(missing_ok=True)
        return MachineStepDone(
            agent=step.agent, generation=step.generation, step=step.step, machine_id=machine_id or "", ended=ended
        )

    def _machine(self, step: DoMachineStep, handler: TargetHandler) -> Machine:
        settings = self._kept_launch(step) or {}
        return self._described(step, handler, settings)

    def _described(self, step: DoMachineStep, handler: TargetHandler, settings: Mapping[str, str]) -> Machine:
        return Machine(
            dm_id=self._dm_id,
            application=application_of(step.agent),
            path=machine_path_of(step.agent),
            generation=step.generation,
            attempt=step.attempt,
            properties=with_defaults(handler.properties, step.target.properties),
            launch=AgentLaunch(command=(sys.executable, "-m", "roboconf_core.agent"), settings=settings),
            directory=self._directory(step),
        )

    def _keep_launch(self, step: DoMachineStep, handler: TargetHandler) -> None:
        """Enrol the agent, and keep with what settings it will start, before any machine is asked for."""
        machine = self._described(step, handler, {})
        enrolled = self._transport.enrol(step.agent, generation=step.generation)
        settings = {
            "agent": step.agent,
            "generation": str(step.generation),
            "dm_id": self._dm_id,
            "machine_id": machine.identity,
            "address": handler.address_for(machine),
            "shared_host": "true" if handler.shared_host else "false",
            "transport": self._transport_name,
        } | {f"transport.{name}": text for name, text in enrolled.items()}
        write_private(self._directory(step) / _LAUNCH_FILE, json.dumps(settings))

    def _kept_launch(self, step: DoMachineStep) -> dict[str, str] | None:
        try:
            text = (self._directory(step) / _LAUNCH_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        settings: dict[str, str] = json.loads(text)
        return settings if settings["generation"] == str(step.generation) else None

    def _directory(self, step: DoMachineStep) -> Path:
        return self._home.machine_directory(application_of(step.agent), machine_path_of(step.agent))


class MachinePool:
    """Runs steps in at most ``size`` threads; those of one machine one after the other, in order.

    Its methods belong to the thread that owns the core; ``ended`` is called from the pool's.
    """

    def __init__(
        self, machines: Machines, *, size: int, ended: Callable[[DoMachineStep, StepResult | None], None]
    ) -> None:
        self._machines = machines
        self._ended = ended
        self._work: SimpleQueue[DoMachineStep | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"machine-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()
        self._waiting: dict[str, deque[DoMachineStep]] = {}

    def submit(self, step: DoMachineStep) -> None:
        """Take in a step."""
        queue = self._waiting.get(step.agent)
        if queue is None:
            self._waiting[step.agent] = deque()
            self.again(step)
        else:
            queue.append(step)

    def again(self, step: DoMachineStep) -> None:
        """Go on with a step that was not over."""
        self._work.put(step)

    def finished(self, step: DoMachineStep, *, succeeded: bool) -> None:
        """Start the next step of a machine, once the result of the one before was taken in.

        A further attempt, asked for because the answer took long, is not made after a success: it could
        create a second machine.
        """
        queue = self._waiting[step.agent]
        while queue and succeeded and queue[0].repeats(step):
            queue.popleft()
        if queue:
            self.again(queue.popleft())
        else:
            del self._waiting[step.agent]

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Wait a while for the steps that run, and drop those that did not begin.

        A step that is left to itself harms nothing: the core asks again at its next start.
        """
        with suppress(Empty):
            while True:
                self._work.get_nowait()
        for _ in self._threads:
            self._work.put(None)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (step := self._work.get()) is not None:
            self._ended(step, self._machines.do(step))
