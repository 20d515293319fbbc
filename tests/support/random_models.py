"""Random models that the formats can hold."""

from hypothesis import strategies as st

from roboconf_core.dsl.syntax import BLANKS
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance
from roboconf_core.model.lifecycle import Status

ids = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,6}", fullmatch=True)
flex_ids = st.from_regex(r"[A-Za-z_][A-Za-z0-9_. -]{0,8}", fullmatch=True)
blanks = st.sampled_from(["", " ", "  "])
exported_values = st.text(st.characters(exclude_characters='"#\n\r', codec="utf-8"), max_size=12)
free_texts = st.text(st.characters(exclude_characters="#\n\r", codec="utf-8"), max_size=12)
lines_of_text = st.from_regex(r"[A-Za-z][a-z ,.]{0,10}[a-z]", fullmatch=True)


@st.composite
def exports(draw):
    names = draw(st.lists(ids.filter(lambda name: name.lower() != "external"), max_size=3, unique=True))
    return tuple(
        ExportedVariable(name=name, random="port")
        if draw(st.booleans())
        else ExportedVariable(name=name, value=draw(st.none() | exported_values))
        for name in names
    )


@st.composite
def imports(draw):
    prefixes = ids.filter(lambda name: not name.lower().startswith("external"))
    names = draw(st.lists(st.builds("{}.{}".format, prefixes, ids | st.just("*")), max_size=3, unique=True))
    return tuple(ImportedVariable(name=n, optional=draw(st.booleans()), external=draw(st.booleans())) for n in names)


@st.composite
def graphs(draw):
    """Graphs whose names refer to types that exist; they need not make sense otherwise."""
    names = draw(
        st.lists(ids.filter(lambda name: name.lower() not in ("facet", "import")), min_size=1, max_size=6, unique=True)
    )
    cut = draw(st.integers(1, len(names)))
    components, facets = names[:cut], names[cut:]
    some = lambda pool: st.lists(st.sampled_from(pool), max_size=3, unique=True).map(tuple) if pool else st.just(())  # noqa: E731 - used twice below
    annotations = st.lists(lines_of_text, max_size=2).map("\n".join)
    return Graph(
        {
            name: Component(
                name=name,
                installer=draw(st.none() | flex_ids),
                extends=draw(st.none() | st.sampled_from(components)),
                facets=draw(some(facets)),
                children=draw(some(names)),
                exports=draw(exports()),
                imports=draw(imports()),
                annotation=draw(annotations),
            )
            for name in components
        },
        {
            name: Facet(
                name=name,
                extends=draw(some(facets)),
                children=draw(some(names)),
                exports=draw(exports()),
                annotation=draw(annotations),
            )
            for name in facets
        },
    )


keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,6}", fullmatch=True).filter(
    lambda key: key not in ("name", "count", "channels") and not key.lower().startswith("data.")
)
override_values = st.one_of(
    st.text(st.characters(exclude_characters='#\n\r"', codec="utf-8"), max_size=12),
    st.text(st.characters(exclude_characters="#\n\r;", codec="utf-8"), max_size=12),
)
data = st.dictionaries(
    keys,
    st.text(st.characters(exclude_characters="#\n\r;", codec="utf-8"), max_size=8).map(lambda text: text.strip(BLANKS)),
    max_size=2,
)


def with_unique_names(instances):
    return len({instance.name for instance in instances}) == len(instances)


def instance_trees(components):
    def node(children):
        return st.builds(
            Instance,
            name=flex_ids,
            component=components,
            overrides=st.dictionaries(keys, override_values, max_size=2),
            channels=st.lists(ids, max_size=2, unique=True).map(tuple),
            data=data,
            state=st.sampled_from(Status),
            children=children,
        )

    leaves = node(st.just(()))
    return st.recursive(
        leaves, lambda below: node(st.lists(below, max_size=3).filter(with_unique_names).map(tuple)), max_leaves=5
    )
