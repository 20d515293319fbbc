"""Puppet itself is asked whether it can read manifests: once for all recipes, and without any harm when it cannot answer."""

import json
import subprocess

import pytest

from roboconf_core.errors import Code, Where
from roboconf_core.model.graph import Component
from roboconf_puppet import syntax
from roboconf_puppet.recipe import check_recipe
from roboconf_puppet.syntax import Answer, Fault, ask_puppet


@pytest.fixture
def manifests(tmp_path):
    directory = tmp_path / "graph"

    def write(texts):
        paths = []
        for name, text in texts.items():
            path = directory / name / f"roboconf_{name}" / "manifests" / "init.pp"
            path.parent.mkdir(parents=True)
            path.write_text(text)
            paths.append(path)
        return paths

    return write


@pytest.fixture
def puppet(tmp_path, monkeypatch):
    """A stand-in for Puppet, which notes how it was called."""
    calls = tmp_path / "calls"
    calls.mkdir()

    def install(script):
        program = tmp_path / "bin" / "puppet"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >"$(mktemp {calls}/XXXXXX)"\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return lambda: [call.read_text() for call in calls.iterdir()]

    return install


def test_puppet_tells_what_it_cannot_read_with_line_and_column(real_puppet, manifests):
    wrong = "class roboconf_a($runningState = undef,\n  $importDiff = undef {\n}\n"
    fine = "class roboconf_b(Optional[Hash] $importDiff = undef, $runningState = 'é') {\n}\n"
    unclosed = "class roboconf_c($runningState, $importDiff) {\n"
    first, second, third = manifests({"a": wrong, "b": fine, "c": unclosed})
    assert check_recipe(Component(name="b"), second.parents[2]) == []
    (problem,) = check_recipe(Component(name="a"), first.parents[2])
    assert problem.code is Code.REC_PUPPET_SYNTAX_ERROR
    assert problem.where == Where(file=str(first), line=2, column=23)
    assert problem.message == "Syntax error at '{'"
    (problem,) = check_recipe(Component(name="c"), third.parents[2])
    assert problem.where == Where(file=str(third))
    assert problem.message == "Syntax error at end of input"


def test_all_recipes_of_an_application_are_one_call_until_a_file_changes(manifests, puppet):
    calls = puppet("exit 0")
    first, second = manifests({"a": "class roboconf_a {}\n", "b": "class roboconf_b {}\n"})
    for manifest in (first, second, first):
        assert check_recipe(Component(name="x"), manifest.parents[2]) == []
    (call,) = calls()
    assert call.startswith("parser validate --render-as json")
    assert call.endswith(f"{first} {second}\n")
    first.write_text("class roboconf_a { }\n")
    check_recipe(Component(name="x"), first.parents[2])
    assert len(calls()) == 2


def test_without_manifests_puppet_is_not_called(puppet, tmp_path):
    calls = puppet("exit 1")
    (tmp_path / "a" / "roboconf_a").mkdir(parents=True)
    assert check_recipe(Component(name="a"), tmp_path / "a") == []
    assert ask_puppet([]) == Answer()
    assert calls() == []


def test_where_puppet_is_not_installed_nothing_is_said(manifests, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask_puppet(manifests({"a": "{"})) is None


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("echo; echo 'cannot load such file -- facter' >&2; exit 1", "cannot load such file -- facter"),
        ("echo '{\"other.pp\": {}}'; exit 1", "exit status 1"),
        ("echo '[1]'; exit 3", "exit status 3"),
    ],
)
def test_an_answer_that_is_none_is_a_failure(manifests, puppet, script, failure):
    puppet(script)
    assert ask_puppet(manifests({"a": "class roboconf_a {}"})) == Answer(failure=failure)


def test_a_program_that_cannot_be_run_is_a_failure(manifests, puppet, monkeypatch):
    puppet("exit 0")

    def run(*args, **options):
        raise OSError(7, "Argument list too long")

    monkeypatch.setattr(subprocess, "run", run)
    assert ask_puppet(manifests({"a": ""})) == Answer(failure="Argument list too long")


def test_puppet_is_not_waited_for_without_end(manifests, puppet, monkeypatch):
    puppet("exec sleep 30")
    monkeypatch.setattr(syntax, "TIMEOUT", 0.1)
    assert ask_puppet(manifests({"a": ""})) == Answer(failure="it did not answer within 0.1 s")


def test_names_that_look_like_options_are_files(manifests, puppet, monkeypatch, tmp_path):
    (path,) = manifests({"a": ""})
    monkeypatch.chdir(path.parent)
    path.rename("-x.pp")
    answer = {str(path.parent / "-x.pp"): {"message": "no", "line": 3, "pos": None}}
    puppet(f"echo '{json.dumps(answer)}'; exit 1")
    relative = path.relative_to(path.parent).with_name("-x.pp")
    assert ask_puppet([relative]) == Answer({relative: Fault("no", 3, 0)})
