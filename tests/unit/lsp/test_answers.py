"""Whatever stands in the files, every question is answered; names that are changed are changed everywhere."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lsp_clients import types
from property_tests import examples
from random_models import graphs, ids
from shop_application import COMMANDS, DATA, DESCRIPTOR, GRAPH, INSTANCES

from roboconf_core.dsl.render import render_graph
from roboconf_core.lsp import answers, changes
from roboconf_core.lsp.answers import Question
from roboconf_core.lsp.changes import EditAbilities
from roboconf_core.lsp.checks import Checker, Project, project_of
from roboconf_core.lsp.documents import document_of
from roboconf_core.lsp.library import Library
from roboconf_core.lsp.rename import RenameRefusedError

WORDS = "VM|create |instances of |facet |instance of |import |name: |exports: |imports: |extends: |children: |facets: |random[port] |port|A.b|B"
pieces = st.sampled_from(
    [*'{}:;,.#"= \t\n*', *WORDS.split("|"), "{\n", ";\n", "}\n", "external ", "(optional)", "\r", "😀"]
)
fragments = st.lists(pieces, max_size=25).map("".join)
names = st.sampled_from(["main.graph", "model.instances", "application.properties", "more.commands"])

PLACES = {
    "main.graph": "graph/main.graph",
    "data.graph": "graph/data.graph",
    "model.instances": "instances/model.instances",
    "application.properties": "descriptor/application.properties",
    "more.commands": "commands/more.commands",
}


class World:
    """An application that exists in an editor only, but for its directories and empty files."""

    def __init__(self, root, **texts):
        self.root = Path(root)
        self.library = Library()
        self.documents = {}
        for name, place in PLACES.items():
            (self.root / place).parent.mkdir(parents=True, exist_ok=True)
            (self.root / place).touch()
            self.write(name, texts.get(name.replace(".", "_"), ""))

    def write(self, name, text):
        path = self.root / PLACES[name]
        self.documents[path] = document_of(path.as_uri(), "", 1, text)

    def question(self, name):
        return Question(self.library, self.documents[self.root / PLACES[name]], self.documents)

    def texts(self):
        return {path: document.text for path, document in self.documents.items()}

    def codes(self):
        """Return how often each problem there is, recipes left aside."""
        checked = Checker().check(Project(self.root, True), self.documents, fresh=True)
        found = Counter(str(placed.problem.code) for each in checked.problems.values() for placed in each)
        return {code: count for code, count in found.items() if code != "PROJ_NO_RESOURCE_DIRECTORY"}


@pytest.fixture(scope="module")
def root():
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def shop(root, **texts):
    sound = {
        "main_graph": GRAPH,
        "data_graph": DATA,
        "model_instances": INSTANCES,
        "application_properties": DESCRIPTOR,
        "more_commands": COMMANDS,
    }
    return World(root, **(sound | texts))


def ask_everything(question, position):
    """Ask all that there is to ask about one place; refusals are answers."""
    answers.definitions(question, position)
    answers.references(question, position, True)
    answers.highlights(question, position)
    answers.hover_text(question, position)
    answers.completion(question, position, lambda: ["bash"])
    changes.formatting(question)
    answers.document_symbols(question)
    answers.folding_ranges(question)
    try:
        changes.rename_range(question, position)
        changes.renaming(question, position, "New", EditAbilities(versions=True, moves=True))
    except RenameRefusedError:
        pass


@given(st.data())
@settings(max_examples=examples(150), deadline=None)
def test_every_question_is_answered_while_a_file_is_being_changed(root, data):
    name = data.draw(names)
    world = shop(root)
    text = world.documents[world.root / PLACES[name]].text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 60, len(text))))
    changed = text[:start] + data.draw(fragments) + text[end:]
    world.question(name).index.at(1, 1)  # so that an older version is known
    world.write(name, changed)
    question = world.question(name)
    cursor = data.draw(st.integers(max(start - 20, 0), min(start + 60, len(changed))))
    position = types.Position(*question.file.text.position(cursor))
    ask_everything(question, position)
    checked = Checker().check(project_of(question.document), world.documents, fresh=True)
    for placed in (each for found in checked.problems.values() for each in found):
        diagnostic = answers.to_diagnostic(placed)
        changes.code_actions(question, [diagnostic])
        assert diagnostic.range.start <= diagnostic.range.end


def places_of(question):
    """Return a position in each name of a document."""
    symbols = question.file.symbols
    for each in (*symbols.definitions, *symbols.references):
        start, _ = question.file.text.range_of(each.span)
        yield types.Position(*start)


def edited(world, edit):
    """Make all changes of a renaming."""
    for change in edit.document_changes:
        if isinstance(change, types.RenameFile):
            continue
        path = next(path for path, document in world.documents.items() if document.uri == change.text_document.uri)
        text = world.documents[path].text
        lines = text.split("\n")
        for each in sorted(change.edits, key=lambda each: each.range.start, reverse=True):
            line = lines[each.range.start.line].encode("utf-16-le")
            before = line[: each.range.start.character * 2].decode("utf-16-le")
            after = line[each.range.end.character * 2 :].decode("utf-16-le")
            lines[each.range.start.line] = before + each.new_text + after
        name = next(name for name, place in PLACES.items() if path.as_posix().endswith(place))
        world.write(name, "\n".join(lines))


def test_all_that_can_be_renamed_in_an_application_is_renamed_everywhere(root):
    renamed = set()
    for name in PLACES:
        for position in places_of(shop(root).question(name)):
            world = shop(root)
            try:
                edit, _ = changes.renaming(world.question(name), position, "Fresh", EditAbilities(True, True))
            except RenameRefusedError:
                continue
            edited(world, edit)
            assert world.codes() == {}, (name, position)
            changed = world.texts()
            assert any("Fresh" in text for text in changed.values())
            renamed.add(tuple(changed.values()))
    assert len(renamed) == 12  # seven types; ajp, greeting, login, the port of back ends and that of MySQL


def names_of_others(graph):
    """Return under which names a graph imports from other applications."""
    imports = (imported for component in graph.components.values() for imported in component.imports)
    return {imported.name.partition(".")[0] for imported in imports if imported.external}


@given(st.data())
@settings(max_examples=examples(40), deadline=None)
def test_a_graph_has_the_same_problems_after_a_name_was_changed(root, data):
    graph = data.draw(graphs())
    own, foreign = {*graph.components, *graph.facets}, names_of_others(graph)
    assume(not own & foreign)  # that is a problem which a new name ends
    descriptor = "name = x\nversion = 1.0\ndsl-id = x\ngraph-entry-point = main.graph\n"
    world = World(root, main_graph=render_graph(graph), application_properties=descriptor)
    world.write("data.graph", "")
    before, question = world.codes(), world.question("main.graph")
    position = data.draw(st.sampled_from(list(places_of(question))))
    new_name = data.draw(ids.filter(lambda name: name not in foreign))  # and this would be one that it begins
    try:
        edit, _ = changes.renaming(question, position, new_name, EditAbilities(True, True))
    except RenameRefusedError:
        return
    edited(world, edit)
    assert world.codes() == before
