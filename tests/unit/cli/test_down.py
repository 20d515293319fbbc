"""Ending what a deployment manager left behind."""

import pytest

from roboconf_core.cli import down, manager
from roboconf_core.dm.home import Home


@pytest.fixture
def slow(monkeypatch):
    """A deployment manager that was started, and does not answer at once when it is asked again."""
    monkeypatch.setattr(manager, "answers", lambda home: False)
    monkeypatch.setattr(manager, "was_here", lambda home: True)
    monkeypatch.setattr(manager, "ensure", lambda home: True)


def test_a_manager_that_was_started_is_there_even_if_it_is_slow_to_answer(slow, tmp_path, capsys):
    assert down._revive(Home(tmp_path))
    assert "deployment manager started" in capsys.readouterr().out


def test_nothing_is_started_where_none_ever_was(slow, monkeypatch, tmp_path):
    monkeypatch.setattr(manager, "was_here", lambda home: False)
    assert not down._revive(Home(tmp_path))
