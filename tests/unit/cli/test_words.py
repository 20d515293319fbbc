"""What users type, and what they are told to type."""

import pytest
from cli_views import Answers

from roboconf_core.cli import words
from roboconf_core.errors import Code, InvalidRequestError, NotFoundError


def manager(*names):
    return Answers({"/applications": [{"name": name} for name in names]})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], (None, "")),
        (["/vm"], (None, "/vm")),
        (["shop"], ("shop", "")),
        (["shop", "/vm/web"], ("shop", "/vm/web")),
        (["a b", "/my vm"], ("a b", "/my vm")),
    ],
)
def test_application_and_path_may_be_left_out(typed, meant):
    assert words.split(typed) == meant


@pytest.mark.parametrize("typed", [["shop", "vm"], ["/vm", "shop"], ["/vm", "/web"], ["a", "b", "c"], [""]])
def test_other_words_are_wrong_usage(typed):
    with pytest.raises(InvalidRequestError) as caught:
        words.split(typed)
    assert caught.value.problems[0].code is Code.CLI_USAGE
    assert "/web-vm1/web" in caught.value.problems[0].hint


def test_the_only_application_needs_no_name():
    assert words.application_and_path(manager("shop"), ["/vm"]) == ("shop", "/vm")
    assert words.application_and_any_path(manager("shop"), []) == ("shop", "")
    assert words.application_and_any_path(manager("shop"), ["/"]) == ("shop", "")


def test_of_several_applications_one_must_be_named():
    with pytest.raises(InvalidRequestError, match="which application"):
        words.application_and_path(manager("shop", "blog"), ["/vm"])
    assert words.application_and_path(manager("shop", "blog"), ["blog", "/vm"]) == ("blog", "/vm")


def test_a_path_must_be_given_where_one_is_needed():
    with pytest.raises(InvalidRequestError, match="expected"):
        words.application_and_path(manager("shop"), ["shop"])


@pytest.mark.parametrize(
    ("names", "asked", "hint"),
    [
        (["quickstart"], "quickstrat", "did you mean 'quickstart'?"),
        (["quickstart"], "x", "there is 'quickstart'"),
        (["b", "a"], "x", "there are 'a', 'b'"),
        ([f"app{i:02}" for i in range(12)], "x", "'app09' and 2 more"),
        ([], "x", "roboconf up"),
        ([], None, "roboconf up"),
    ],
)
def test_an_unknown_application_is_answered_with_those_that_there_are(names, asked, hint):
    with pytest.raises(NotFoundError) as caught:
        words.the_application(manager(*names), asked)
    assert hint in caught.value.problems[0].hint


def test_advice_can_be_pasted_whatever_the_names(monkeypatch):
    monkeypatch.setattr("sys.argv", ["roboconf"])
    assert words.typed("scale", "a b", "/web-vm", "--to", "5") == "roboconf scale 'a b' /web-vm --to 5"


def test_advice_names_the_program_as_it_was_called_where_the_path_has_no_such_program(monkeypatch, tmp_path):
    program = tmp_path / "my venv" / "roboconf"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert words.typed("status") == f"'{program}' status"
    monkeypatch.setenv("PATH", str(program.parent))
    assert words.typed("status") == "roboconf status"
