"""The contract suite of lifecycle handlers catches handlers that break it, under the name of what they break."""

from pathlib import Path

import pytest

from roboconf_core.testing.installers import LifecycleHandlerContract
from roboconf_core.testing.outcomes import broken_promises

CAUGHT_BY = {
    "TestNoNames": "test_it_has_distinct_installer_names_in_lower_case",
    "TestNoPurpose": "test_it_says_what_it_is_for",
    "TestInsistsOnEveryAction": "test_a_recipe_without_the_action_is_legal",
    "TestSupportsEverything": "test_it_tells_which_actions_a_recipe_has",
    "TestPreparesWhenAsked": "test_asking_what_a_recipe_has_changes_nothing",
    "TestSwallowsFailures": "test_the_program_runs_and_its_exit_status_counts",
    "TestRelativeProgram": "test_the_command_is_absolute_and_runs_below_the_instance",
    "TestForeignDirectory": "test_the_command_is_absolute_and_runs_below_the_instance",
    "TestShellStringOfValues": "test_no_value_is_ever_read_by_a_shell",
    "TestShellStringOfImports": "test_no_value_is_ever_read_by_a_shell",
    "TestShellStringOfThePath": "test_no_shell_string_is_built_from_a_path",
    "TestNoPidFile": "test_programs_carry_the_machine_id_and_know_their_pid_file",
    "TestWashesTheEnvironment": "test_programs_carry_the_machine_id_and_know_their_pid_file",
    "TestExportsReplaceAnything": "test_an_exported_variable_cannot_change_what_is_loaded",
    "TestNulInTheEnvironment": "test_a_value_that_no_environment_can_carry_is_refused",
    "TestIgnoresTimeOutsByRunningItself": "test_asking_for_a_command_does_not_run_the_recipe",
    "TestIgnoresTimeOutsByAnotherSession": "test_a_time_out_ends_every_process_of_the_action",
    "TestHangs": "test_asking_for_a_command_does_not_run_the_recipe",
    "TestCounts": "test_asking_again_gives_the_same_command",
    "TestRemembersTheLastInstance": "test_one_instance_learns_nothing_of_another",
    "TestSharesOneContext": "test_several_threads_may_ask_at_once",
    "TestChangesTheAgent": "test_the_agent_itself_is_left_alone",
    "TestLeavesThreads": "test_the_agent_itself_is_left_alone",
    "TestWritesBesides": "test_nothing_is_written_outside_the_instance",
}


@pytest.fixture(scope="module")
def broken():
    cases = ["TestKept", *(f"{case}::{promise}" for case, promise in CAUGHT_BY.items())]
    return broken_promises(Path(__file__).with_name("installer_cases.py"), cases)


def test_a_handler_that_keeps_the_contract_passes(broken):
    assert broken["TestKept"] == frozenset()


@pytest.mark.parametrize(("case", "promise"), CAUGHT_BY.items())
def test_a_broken_handler_is_caught_by_name(broken, case, promise):
    assert broken[case] == {promise}


def test_every_promise_catches_a_broken_handler(broken):
    assert {name for name in dir(LifecycleHandlerContract) if name.startswith("test_")} == set(CAUGHT_BY.values())
