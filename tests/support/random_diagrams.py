"""Random diagrams whose names hold what languages of pictures could trip over."""

from hypothesis import strategies as st

from roboconf_core.documentation.components import component_id, external_id, facet_id
from roboconf_core.documentation.diagram import Diagram, Edge, EdgeKind, Node, NodeKind, View

_SNIPPETS = [
    '"', "'", "\\", "\\n", "\\N", '\\"', "\n", "\r\n", "\t", "\0", "\x1b[31m", "&", "&lt;", "&#39;", "<", ">", "<b>", "-->",
    "]]", "]", "[", "(", ")", "{", "}", "|", "`", "`x`", "#", "#quot;", "#35;", ";", ":", "::", "%%", "%%{init: {}}%%", "---",
    "end", "subgraph", "style a:b", "classDef x:y", "click", "1. ", "- ", "* ", "__a__", "$", "@", "<br>", "é", "名前", "🐘",
    "\u202e", "\ud800", "a:b", "->", "/", ".", "cluster", "<script>alert(1)</script>", "]]>", "<!--", "{{ x }}", "{% x %}",
]  # fmt: skip

hostile_names = st.lists(
    st.one_of(st.sampled_from(_SNIPPETS), st.text(max_size=4), st.sampled_from("abcXYZ019_.- ")), min_size=1, max_size=8
).map("".join)


@st.composite
def component_diagrams(draw):
    """Diagrams of components with all kinds of nodes and arrows."""
    identify = {NodeKind.FACET: facet_id, NodeKind.EXTERNAL: external_id}
    names = draw(st.lists(hostile_names, min_size=1, max_size=5, unique=True))
    kinds = [draw(st.sampled_from(NodeKind)) for _ in names]
    nodes = tuple(
        Node(id=identify.get(kind, component_id)(name), name=name, kind=kind, installer=draw(hostile_names))
        for name, kind in zip(names, kinds, strict=True)
    )
    return Diagram(title=draw(hostile_names), view=View.COMPONENTS, nodes=nodes, edges=_edges(draw, nodes))


@st.composite
def instance_diagrams(draw):
    """Diagrams of instances: machines on software on machines, with arrows between anything."""
    names = draw(st.lists(hostile_names, min_size=1, max_size=6, unique=True))
    nodes = []
    line = []  # the way from the root to the last node, so that parents come right before what is below them
    for name in names:
        line = line[: draw(st.integers(0, len(line)))]
        parent = line[-1].id if line else ""
        kind = draw(st.sampled_from([NodeKind.MACHINE, NodeKind.SOFTWARE]))
        node = Node(id=f"{parent}/{name}", name=name, kind=kind, component=draw(hostile_names), parent=parent)
        nodes.append(node)
        line.append(node)
    contained = tuple(Edge(source=n.parent, target=n.id, kind=EdgeKind.CONTAINMENT) for n in nodes if n.parent)
    edges = [edge for edge in _edges(draw, nodes) if edge.kind is EdgeKind.DEPENDENCY]
    return Diagram(
        title=draw(hostile_names),
        view=View.INSTANCES,
        nodes=tuple(nodes),
        edges=tuple(dict.fromkeys([*contained, *edges])),
    )


def _edges(draw, nodes):
    ends = st.sampled_from([node.id for node in nodes])
    edge = st.builds(
        Edge,
        source=ends,
        target=ends,
        kind=st.sampled_from(EdgeKind),
        prefix=hostile_names,
        variables=st.lists(hostile_names, min_size=1, max_size=2).map(tuple),
        optional=st.booleans(),
    )
    return tuple(draw(st.lists(edge, max_size=6, unique=True)))
