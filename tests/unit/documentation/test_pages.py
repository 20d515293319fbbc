"""Descriptions as Markdown and HTML, read by parsers of both."""

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from property_tests import examples
from random_diagrams import hostile_names
from read_pages import Page

from roboconf_core.documentation.describing import describe
from roboconf_core.documentation.description import Application, Picture
from roboconf_core.documentation.pages import anchors, markdown_code, markdown_line, markdown_text, to_html, to_markdown
from roboconf_core.documentation.words import visible
from roboconf_core.model.application import ApplicationTemplate, Descriptor, TargetDefinition
from roboconf_core.model.autonomic import Probe, ProbesOfComponent, Rule
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OUR_HTML = re.compile(r'<a id="[A-Za-z0-9_.-]+">|</a>|<code>|</code>|<a id="[A-Za-z0-9_.-]+"></a>\n')


@st.composite
def applications(draw):
    """Applications where everything that can be a text is a hostile one."""
    text = hostile_names
    names = draw(st.lists(text, min_size=2, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names) - 1))
    components, facets = names[:cut], names[cut:]
    some = lambda pool: st.lists(st.sampled_from(pool), max_size=2, unique=True).map(tuple)  # noqa: E731 - used thrice below
    exported = st.lists(st.builds(ExportedVariable, name=text, value=st.none() | text), max_size=2).map(tuple)
    imported = st.builds(
        ImportedVariable,
        name=st.builds("{}.{}".format, st.sampled_from(names), text),
        optional=st.booleans(),
        external=st.booleans(),
    )
    graph = Graph(
        {
            name: Component(
                name=name,
                installer=draw(st.sampled_from(["target", "bash"]) | text),
                extends=draw(st.none() | st.sampled_from(components)),
                facets=draw(some(facets)),
                children=draw(some(names)),
                exports=draw(exported),
                imports=tuple(draw(st.lists(imported, max_size=2))),
                annotation=draw(st.lists(text, max_size=3).map("\n".join)),
            )
            for name in components
        },
        {name: Facet(name=name, exports=draw(exported), annotation=draw(text)) for name in facets},
    )
    instance = lambda children: st.builds(  # noqa: E731 - used twice below
        Instance,
        name=text,
        component=st.sampled_from(components),
        overrides=st.dictionaries(text, text, max_size=2),
        children=children,
    )
    trees = st.recursive(
        instance(st.just(())), lambda below: instance(st.lists(below, max_size=2).map(tuple)), max_leaves=4
    )
    target = TargetDefinition(id=draw(text), handler=draw(text), name=draw(text), properties={draw(text): draw(text)})
    descriptor = Descriptor(
        name="x",
        version=draw(text),
        description=draw(st.lists(text, max_size=3).map("\n".join)),
        tags=tuple(draw(st.lists(text, max_size=2))),
        exports_prefix=draw(text),
        external_exports={draw(text): draw(text)},
    )
    rule = Rule(name=draw(text), event=draw(text), commands=(draw(text),), sleep_period_s=draw(st.integers(0, 2)))
    template = ApplicationTemplate(
        descriptor=descriptor, graph=graph, instances=tuple(draw(st.lists(trees, max_size=2)))
    )
    probes = ProbesOfComponent(component=components[0], probes=(Probe(handler=draw(text), event=draw(text), text="x"),))
    return Application(
        template=template,
        title=draw(text),
        recipes={components[0]: (draw(text),)},
        targets={components[0]: {draw(text): target}},
        commands={draw(text): 1},
        rules={rule.name: rule},
        probes={components[0]: probes},
    )


def tokens_of(text):
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def shown_by(text):
    """Return what a page shows of Markdown, without markup."""
    return html.unescape(re.sub(r"<[^>]*>", "", MARKDOWN.render(text))).strip()


@given(applications())
@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_nothing_that_an_application_says_is_markup_in_markdown(application):
    described = describe(application)
    text = to_markdown(described, [Picture(title="Components", note="none")])
    tokens = list(tokens_of(text))
    raw = [token.content for token in tokens if token.type in ("html_block", "html_inline")]
    assert [each for each in raw if not OUR_HTML.fullmatch(each)] == []
    ids = set(re.findall(r'<a id="([^"]+)">', text))
    links = {token.attrs["href"] for token in tokens if token.type == "link_open"}
    assert links <= {f"#{each}" for each in ids}
    assert not [
        token for token in tokens if token.type in ("image", "fence", "code_block", "blockquote_open", "hr", "s_open")
    ]
    assert not [token for token in tokens if token.type in ("em_open", "strong_open", "ordered_list_open")]
    heads = [token for token in tokens if token.type == "heading_open" and token.tag == "h3"]
    assert len(heads) == len(described.components) + len(described.facets)


@given(applications())
@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_nothing_that_an_application_says_is_markup_in_html(application):
    described = describe(application)
    page = Page(to_html(described, [Picture(title="Components", note="none")]))
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "h1", "h2", "h3", "p", "ul",
        "li", "a", "dl", "dt", "dd", "code", "div", "table", "thead", "tbody", "tr", "th", "td", "small", "strong",
    }  # fmt: skip
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= {f"#{each}" for each in page.ids}
    assert page.loaded == []
    for component in described.components:
        assert visible(component.name) in page.text
        for export in component.exports:
            assert visible(export.name) in page.text


@given(hostile_names)
@settings(max_examples=examples(300))
def test_a_line_of_markdown_shows_the_text_and_nothing_else(text):
    expected = " ".join(visible(text).split())
    assert " ".join(shown_by(f"{markdown_line(text)} end").split()) == f"{expected} end".strip()
    assert " ".join(shown_by(f"### {markdown_line(text)} end").split()) == f"{expected} end".strip()


@given(hostile_names)
@settings(max_examples=examples(300))
def test_a_code_span_shows_the_text_also_in_a_table(text):
    if not visible(text).strip():
        return
    expected = " ".join(visible(text).split())
    assert " ".join(shown_by(f"x {markdown_code(text)} y").split()) == f"x {expected} y"
    table = f"| a | b |\n|---|---|\n| {markdown_code(text)} | end |"
    cells = re.findall(r"<td>(.*?)</td>", MARKDOWN.render(table), re.DOTALL)
    assert [" ".join(html.unescape(re.sub(r"<[^>]*>", "", cell)).split()) for cell in cells] == [expected, "end"]


@pytest.mark.parametrize(
    "text",
    ["# a", "1. a", "1) a", "- a", "+ a", "* a", "> a", "---", "===", "```", "~~~", "    a", "| a | b |\n|---|---|", "[a]: b",
     "a\n===", "a\n---", "<b>", "&lt;", "a  \nb", "a\\\nb", "\ta"],
)  # fmt: skip
def test_no_line_of_an_annotation_begins_something_else(text):
    tokens = [token.type for token in MARKDOWN.parse(markdown_text(text))]
    assert tokens == ["paragraph_open", "inline", "paragraph_close"]
    assert " ".join(shown_by(markdown_text(text)).split()) == " ".join(text.split())


def test_blank_and_empty_values_can_be_seen():
    assert (markdown_code(""), markdown_code("  ")) == ("(empty)", "(blank)")


def test_ids_are_unique_whatever_the_names_are():
    found = anchors("component", ["a b", "a-b", "a/b", "a-b.2", "é"])
    assert len(set(found.values())) == 5
    assert found["a b"] == "component-a-b"
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", each) for each in found.values())


def test_pictures_stand_in_their_sections():
    plain = Application(
        template=ApplicationTemplate(descriptor=Descriptor(name="x", version="1"), graph=Graph()), title="x"
    )
    described = describe(plain)
    pictures = [Picture(title="Components", content="flowchart TB\n"), Picture(title="Instances", note="too large")]
    text = to_markdown(described, pictures)
    assert "## Components\n\n```mermaid\nflowchart TB\n```\n\n## Instances\n\ntoo large\n" in text
    page = Page(to_html(described, [Picture(title="Components", content="<svg><title>t</title></svg>")]))
    assert "svg" in page.tags
    assert "Components" in page.headings


def test_lists_of_instances_are_nested_as_the_instances_are():
    leaf = Instance(name="c", component="C")
    tree = Instance(name="a", component="C", children=(Instance(name="b", component="C", children=(leaf,)), leaf))
    template = ApplicationTemplate(
        descriptor=Descriptor(name="x", version="1"),
        graph=Graph({"C": Component(name="C", installer="target")}),
        instances=(tree, leaf),
    )
    described = describe(Application(template=template, title="x"))
    page = to_html(described, [])
    Page(page)
    shape = re.sub(
        r"<(?!/?ul|/?li)[^>]*>|[^<>]*(?=<)", "", page.partition('id="instances">')[2].partition("</section>")[0]
    ).strip()
    assert shape == "<ul><li><ul><li><ul><li></li></ul></li><li></li></ul></li><li></li></ul>"
    text = to_markdown(described, []).partition("## Initial instances\n\n")[2]
    assert [line.partition(",")[0] for line in text.splitlines()] == [
        "- `a`",
        "  - `b`",
        "    - `c`",
        "  - `c`",
        "- `c`",
    ]
