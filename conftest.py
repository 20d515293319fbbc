"""What holds for all tests: which skips are allowed, and how property tests choose their examples.

Tests that need something which is missing are skipped; ``ROBOCONF_TEST_REQUIRE=all`` makes that a failure.
"""

import os

import hypothesis
import pytest

NIGHTLY = "ROBOCONF_EXAMPLES_FACTOR" in os.environ

# The machine may be busy; and what an ordinary run tries is the same each time: new examples are for nightly runs.
hypothesis.settings.register_profile("roboconf", deadline=None, derandomize=not NIGHTLY)
hypothesis.settings.load_profile("roboconf")

REQUIRED = os.environ.get("ROBOCONF_TEST_REQUIRE", "") == "all"


def _refused(report):
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"ROBOCONF_TEST_REQUIRE=all allows no skip, but: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Refuse the skip of a test."""
    return _refused((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Refuse the skip of a whole module."""
    return _refused((yield))
