"""No test of this plugin leaves a thread, a process or a changed environment behind."""

import shutil

import pytest

from roboconf_core.testing.fixtures import nothing_left_behind  # noqa: F401 - a fixture
from roboconf_puppet import syntax


@pytest.fixture(autouse=True)
def _clean(nothing_left_behind):  # noqa: F811 - the fixture above
    """Use the fixture everywhere, around all others."""


@pytest.fixture(autouse=True)
def _no_answer_is_remembered():
    """Let each test ask Puppet anew."""
    yield
    syntax._asked.cache_clear()


@pytest.fixture
def real_puppet():
    """Return where Puppet is; the test is skipped where it is not."""
    found = shutil.which("puppet")
    if found is None:
        pytest.skip("'puppet' is not installed; install it: apt-get install puppet")
    return found
