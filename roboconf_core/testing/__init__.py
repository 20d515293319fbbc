"""What is shipped to plugin authors: contract suites, fakes and fixtures. Needs pytest (extra ``testing``).

- ``installers.LifecycleHandlerContract``, ``targets.TargetHandlerContract``,
  ``transports.TransportContract``: classes of tests to inherit, each test a named promise.
- ``installers.action_context``, ``commands.run_command``: ask a handler for a command, and
  run it as the agent does.
- ``fakes.ScriptedHandler``, ``fakes.InMemoryTarget``: do what a test tells them to.
- ``fixtures.nothing_left_behind``: no thread, process or environment variable stays.
- ``outcomes.broken_promises``: run a suite against implementations and see what it catches.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"roboconf_core.testing.{name}" for name in ("fixtures", "installers", "peers", "targets", "transports"))
)
"""So that a broken promise shows the values that were compared, in the tests of plugins too."""
