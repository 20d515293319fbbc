"""The contract suite of target handlers catches handlers that break it, under the name of what they break."""

from pathlib import Path

import pytest

from roboconf_core.testing.outcomes import broken_promises
from roboconf_core.testing.targets import TargetHandlerContract

CAUGHT_BY = {
    "TestNamesInAnyCase": "test_it_has_distinct_names_in_lower_case",
    "TestUndescribedProperty": "test_it_says_what_it_and_its_properties_are_for",
    "TestInvalidDefault": "test_defaults_and_examples_are_valid_themselves",
    "TestAcceptsAnything": "test_a_property_that_it_does_not_know_is_a_problem",
    "TestInventsIdentifiers": "test_a_created_machine_exists_and_runs",
    "TestCreatesTwins": "test_creating_again_makes_no_second_machine",
    "TestCreatesTwinsWhenAskedAtOnce": "test_creating_at_once_from_several_threads_makes_one_machine",
    "TestOneMachineForAll": "test_machines_are_created_side_by_side",
    "TestFindsByCreating": "test_a_machine_is_not_found_before_it_is_created",
    "TestRemembersInMemoryOnly": "test_a_machine_is_found_by_its_identity_after_a_restart",
    "TestFindsAnyGeneration": "test_neither_another_path_nor_another_generation_is_found",
    "TestAddressOfTheMoment": "test_an_address_known_in_advance_stays_and_is_not_shared_in_a_pool",
    "TestLeaks": "test_a_terminated_machine_is_gone",
    "TestTerminatesWhatItRemembers": "test_terminating_after_a_restart_works",
    "TestInsistsOnWhatIsGone": "test_terminating_what_is_gone_is_fine",
    "TestNeverAgain": "test_a_terminated_machine_can_be_created_anew",
    "TestTerminatesByPrefix": "test_terminating_one_machine_leaves_the_others",
    "TestTouchesForeignMachines": "test_what_belongs_to_another_deployment_manager_is_neither_found_nor_touched",
    "TestFindsForeignMachines": "test_what_belongs_to_another_deployment_manager_is_neither_found_nor_touched",
    "TestEverythingRuns": "test_an_unknown_identifier_does_not_run",
    "TestRestartsByReplacing": "test_restarting_the_agent_keeps_the_machine_or_is_refused",
}


@pytest.fixture(scope="module")
def broken():
    cases = ["TestKept", *(f"{case}::{promise}" for case, promise in CAUGHT_BY.items())]
    return broken_promises(Path(__file__).with_name("target_cases.py"), cases)


def test_a_handler_that_keeps_the_contract_passes(broken):
    assert broken["TestKept"] == frozenset()


@pytest.mark.parametrize(("case", "promise"), CAUGHT_BY.items())
def test_a_broken_handler_is_caught_by_name(broken, case, promise):
    assert broken[case] == {promise}


def test_every_promise_catches_a_broken_handler():
    assert {name for name in dir(TargetHandlerContract) if name.startswith("test_")} == set(CAUGHT_BY.values())
