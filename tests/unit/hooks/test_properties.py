"""Properties are declared once, as data: checked, completed and redacted from the declaration."""

import pytest

from roboconf_core.errors import Code
from roboconf_core.hooks.properties import PropertySpec, PropertyType, check_properties, redacted, with_defaults

SPECS = (
    PropertySpec(name="cloud.url", description="where the cloud is", required=True, example="https://cloud.example"),
    PropertySpec(name="cloud.password", description="the password", secret=True, type=PropertyType.INTEGER),
    PropertySpec(name="cloud.port", description="the port", type=PropertyType.INTEGER, default="5000"),
    PropertySpec(name="cloud.tls", description="encrypted or not", type=PropertyType.BOOLEAN, default="true"),
    PropertySpec(name="cloud.size", description="how big", type=PropertyType.CHOICE, choices=("small", "large")),
)
FINE = {"cloud.url": "https://cloud.example"}


def only_problem(properties):
    (problem,) = check_properties(SPECS, properties)
    assert problem.code is Code.TARGET_INVALID_PROPERTIES
    return problem


def test_what_is_declared_and_valid_is_no_problem():
    given = FINE | {"cloud.port": "-1", "cloud.tls": "FALSE", "cloud.size": "large", "cloud.password": "1"}
    assert check_properties(SPECS, given) == []


def test_the_common_keys_of_targets_are_known():
    assert check_properties(SPECS, FINE | {"id": "x", "name": "X", "description": "", "handler": "cloud"}) == []


@pytest.mark.parametrize("given", [{}, {"cloud.url": "  "}])
def test_a_missing_property_is_reported_with_its_purpose_and_an_example(given):
    problem = only_problem(given)
    assert "cloud.url" in problem.message
    assert "where the cloud is" in problem.message
    assert "https://cloud.example" in problem.hint


def test_all_problems_are_reported_together():
    wrong = {"cloud.prt": "1", "cloud.tls": "maybe", "cloud.size": "huge"}
    assert len(check_properties(SPECS, wrong)) == 4


def test_an_unknown_property_is_answered_with_the_one_that_is_meant():
    assert only_problem(FINE | {"cloud.prot": "1"}).hint == "did you mean 'cloud.port'?"


def test_an_unknown_property_that_is_like_none_is_answered_with_all():
    assert "cloud.password" in only_problem(FINE | {"zzz": "1"}).hint


@pytest.mark.parametrize(
    ("name", "text"),
    [("cloud.port", "80a"), ("cloud.port", ""), ("cloud.port", "٣"), ("cloud.tls", "yes"), ("cloud.size", "Large")],
)
def test_an_invalid_value_is_reported_with_what_was_found(name, text):
    problem = only_problem(FINE | {name: text})
    assert name in problem.message
    assert f"'{text}'" in problem.message


def test_an_invalid_secret_is_reported_without_its_value():
    problem = only_problem(FINE | {"cloud.password": "hunter2"})
    assert "hunter2" not in str(problem)
    assert "cloud.password" in problem.message


def test_defaults_complete_what_was_not_given():
    assert with_defaults(SPECS, FINE | {"cloud.port": "1"}) == FINE | {"cloud.port": "1", "cloud.tls": "true"}


def test_secrets_are_redacted_and_nothing_else():
    assert redacted(SPECS, FINE | {"cloud.password": "hunter2"}) == FINE | {"cloud.password": "***"}
