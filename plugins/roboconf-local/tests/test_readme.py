"""The README says what the declaration of the properties says, and its target works."""

from pathlib import Path

from roboconf_local.handler import LocalTarget

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_every_property_is_documented_with_its_choices_and_default():
    for spec in LocalTarget.properties:
        (row,) = (line for line in README.splitlines() if line.startswith(f"| `{spec.name}`"))
        assert f"| `{spec.default}` |" in row
        assert all(f"`{choice}`" in row for choice in spec.choices)


def test_the_target_is_valid():
    pairs = [line.split("=", 1) for line in README.splitlines() if line.startswith("    ") and " = " in line]
    properties = {name.strip(): text.strip() for name, text in pairs}
    assert properties["handler"] in LocalTarget.names
    assert LocalTarget().check(properties) == []
