"""Settings of recipes: what a wrong value is told to be."""

import pytest

from roboconf_core.model.settings import settings_from


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("start.timeout", "5 min", "expected a number from 0.1 to 86400"),
        ("start.timeout", "nan", "expected a number from 0.1 to 86400"),
        ("attempts", "1.5", "expected a whole number from 1 to 100"),
        ("attempts", "0", "expected a whole number from 1 to 100"),
        ("serial", "yes", "expected true or false"),
    ],
)
def test_a_wrong_value_is_told_what_is_expected(key, text, expected):
    _, [(about, message)] = settings_from({key: text})
    assert about == key
    assert message == f"'{text}' is not valid for '{key}': {expected}"
