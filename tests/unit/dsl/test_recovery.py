"""One sign or line that is missing is told at its place; it hides nothing else, and nothing else is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistaken_applications import DESCRIPTOR, GRAPH, INSTANCES, MODEL_MISTAKES, Mistaken
from property_tests import examples

from roboconf_core.dsl.loader import load_application

SMALL = {"PROJ_NO_RESOURCE_DIRECTORY"}
"""Codes that say that the application has no recipes; of no interest here."""
seeds = st.integers(0, 2**40)


def problems_of(directory, app):
    texts = {
        "descriptor/application.properties": DESCRIPTOR,
        **{file: app.text_of(file) for file in (GRAPH, INSTANCES)},
    }
    for name, text in texts.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return [problem for problem in load_application(directory, shown="").problems if problem.code not in SMALL], texts


def check(directory, app):
    problems, texts = problems_of(directory, app)
    told = sorted((str(p.code), p.where.file, p.where.line) for p in problems)
    expected = [app.place(each) for each in app.expected]
    expected += [app.place(app.companion)] if app.companion else []
    lines = "\n".join(map(str, problems))
    assert told == sorted(expected), f"{app.slip and app.slip[0]}\n{texts[GRAPH]}\n{texts[INSTANCES]}\n{lines}"
    assert all(problem.where.column for problem in problems)
    assert all(problem.hint for problem in problems if problem.code.startswith("P_")), lines
    order = [(problem.where.file, problem.where.line, problem.where.column) for problem in problems]
    assert order == sorted(order)
    return problems


@given(seed=seeds)
@settings(max_examples=examples(60), deadline=None)
def test_independent_mistakes_are_all_told_in_one_go(tmp_path_factory, seed):
    app = Mistaken(seed)
    app.make_mistakes(app.dice.randint(0, 5))
    check(tmp_path_factory.getbasetemp() / "mistakes", app)


@pytest.mark.parametrize("sign", [";", ":", "{", "}", "close", "head"])
@given(seed=seeds)
@settings(max_examples=examples(60), deadline=None)
def test_a_slip_is_told_and_hides_no_mistake(tmp_path_factory, sign, seed):
    app = Mistaken(seed)
    app.make_mistakes(app.dice.randint(0, 4))
    if app.make_slip(sign):
        problems = check(tmp_path_factory.getbasetemp() / "slips", app)
        for problem in problems:
            if problem.code == "P_C_C_BRACKET_MISSING":
                _, file, part = app.slip
                assert f"of line {app.lines[file].index(part.head) + 1} " in problem.message


@pytest.mark.parametrize("sign", [";", ":", "{"])
@given(seed=seeds)
@settings(max_examples=examples(40), deadline=None)
def test_a_slip_whose_meaning_is_clear_does_not_hide_the_model(tmp_path_factory, sign, seed):
    app = Mistaken(seed)
    for file in (GRAPH, INSTANCES):
        for part in app.all_parts(file):
            if MODEL_MISTAKES[part.kind] and app.dice.random() < 0.4:
                app.dice.choice(MODEL_MISTAKES[part.kind])(app, file, part)
    if app.make_slip(sign):
        check(tmp_path_factory.getbasetemp() / "models", app)
