"""The fixture that watches tests catches what they leave behind."""

import subprocess
from pathlib import Path

import pytest

from roboconf_core.testing import fixtures
from roboconf_core.testing.outcomes import broken_promises


@pytest.fixture(scope="module")
def caught():
    return broken_promises(Path(__file__).with_name("left_behind_cases.py"))


def test_a_test_that_leaves_nothing_passes(caught):
    assert caught["TestFine"] == frozenset()


@pytest.mark.parametrize("case", ["Thread", "Environment", "Directory", "Daemon"])
def test_what_is_left_behind_is_caught(caught, case):
    assert caught[f"Test{case}"] == {f"test_{case.lower()}"}


def test_a_process_that_is_started_while_the_others_are_looked_at_is_found(monkeypatch):
    with subprocess.Popen(["sleep", "1000"]) as left:
        looks = iter([[], [left.pid]])
        monkeypatch.setattr(fixtures, "_pids_with", lambda variable: next(looks))
        found = fixtures._left(b"MARK=x")
        left.kill()
    assert found == [left.pid]


def test_what_cannot_be_run_is_an_error_with_its_output(tmp_path):
    with pytest.raises(RuntimeError, match="no_such_file"):
        broken_promises(tmp_path / "no_such_file.py")
