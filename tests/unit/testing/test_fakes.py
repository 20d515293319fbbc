"""The fakes do what a test tells them to, and nothing else."""

import pytest

from roboconf_core.errors import LifecycleError
from roboconf_core.model.lifecycle import Action
from roboconf_core.testing.commands import run_command
from roboconf_core.testing.fakes import ScriptedHandler
from roboconf_core.testing.installers import action_context


def status_of(handler, context):
    return run_command(handler.command_for(context)).exit_status


def test_without_a_script_all_actions_but_status_succeed(tmp_path):
    handler = ScriptedHandler()
    for action in Action:
        assert handler.supports(action, tmp_path) is (action is not Action.STATUS)
    assert status_of(handler, action_context(tmp_path, Action.DEPLOY)) == 0
    assert handler.command_for(action_context(tmp_path, Action.STATUS)) is None


def test_each_attempt_ends_as_the_script_foresees_and_the_last_one_stays(tmp_path):
    handler = ScriptedHandler({Action.START: (3, 1, 0)})
    context = action_context(tmp_path)
    assert [status_of(handler, context) for _ in range(4)] == [3, 1, 0, 0]
    assert handler.contexts == [context] * 4


def test_the_program_says_what_it_is_and_takes_its_time(tmp_path):
    command = ScriptedHandler(takes_s=0.25).command_for(action_context(tmp_path, Action.STOP))
    assert run_command(command).stdout == "stop\n"
    assert run_command(command, timeout_s=0.01).exit_status is None


def test_an_action_that_cannot_be_prepared_raises(tmp_path):
    with pytest.raises(LifecycleError, match="stop"):
        ScriptedHandler(unprepared=frozenset({Action.STOP})).command_for(action_context(tmp_path, Action.STOP))
