"""The agent as a process: command line, signals, log, exit status."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from roboconf_core.agent.logs import log_to_stderr
from roboconf_core.agent.runner import AgentRunner
from roboconf_core.agent.settings import read_settings
from roboconf_core.errors import RoboconfError
from roboconf_core.hooks.manager import load_plugins

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Run an agent with the settings of a file; return the exit status."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m roboconf_core.agent SETTINGS_FILE\n")
        return 2
    try:
        settings = read_settings(Path(arguments[0]))
        log_to_stderr(settings.agent)
        plugins = load_plugins()
        for problem in plugins.problems:
            log.warning("%s", problem)
        runner = AgentRunner(settings, plugins)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: runner.stop())
        runner.run()
    except RoboconfError as error:
        sys.stderr.write(f"roboconf agent: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"roboconf agent: {error}\n")
        return 1
    sys.stderr.flush()
    os._exit(0)  # workers may be in the middle of a handler's call; nothing is lost by that
