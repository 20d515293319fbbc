"""What is told about a name under the pointer, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from roboconf_core.dsl.symbols import Definition, Role, Span, is_override
from roboconf_core.dsl.syntax import Block, BlockKind, Property
from roboconf_core.lsp import vocabulary
from roboconf_core.lsp.index import ALL_VARIABLES, Index
from roboconf_core.lsp.library import ReadFile
from roboconf_core.lsp.meanings import File, OneInstance, Type, Variable
from roboconf_core.model.graph import Component, ExportedVariable
from roboconf_core.model.variables import declared_exports, is_ip

_MOST = 20
"""Lines of one list."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~!&-])")


def hover(index: Index, line: int, column: int) -> tuple[str, Span] | None:
    """Return what is known about what stands at a place of the current file, and the place of its name."""
    found = index.at(line, column)
    if found is None:
        return _of_key(index.snapshot.current, line, column)
    meaning = found.meaning
    if isinstance(meaning, Type):
        parts = _of_type(index, meaning.name)
    elif isinstance(meaning, Variable):
        parts = _of_variable(index, meaning)
    elif isinstance(meaning, OneInstance):
        parts = _of_instance(index, meaning.definition)
    else:
        parts = _of_file(index, meaning)
    return "\n\n".join(part for part in parts if part), found.span


def _of_type(index: Index, name: str) -> Iterator[str]:
    graph = index.graph
    component = graph.components.get(name)
    declared = component or graph.facets.get(name)
    if declared is None:
        return
    yield f"**{'component' if component else 'facet'}** {_code(name)}"
    yield _plain(declared.annotation)
    if component:
        yield _installer(index, component)
        yield _list("extends", graph.supers(name)[1:])
        yield _list("facets", graph.facets_of(name))
    else:
        yield _list("extends", graph.relations.extended_facets(name))
        yield _list("components", graph.relations.members(name))
    yield _list("children", declared.children)
    exports = declared_exports(graph, name)
    yield _lines("exports", (_exported(full, exports[full].value, exports[full].random) for full in exports))
    if component:
        imports = ((each.name, each.optional, each.external) for each in graph.imports_of(name))
        yield _lines("imports", (_imported(*each) for each in imports))


def _installer(index: Index, component: Component) -> str:
    installer = index.graph.installer_of(component.name)
    if installer is None:
        return ""
    return f"installer: {_code(installer)}{'' if component.installer else ' (inherited)'}"


def _exported(full: str, value: str | None, random: str | None) -> str:
    if random is not None:
        return f"{_code(full)}, a free {_plain(random)}, drawn for each instance"
    if value is None:
        return f"{_code(full)}, set by the platform" if is_ip(full) else f"{_code(full)}, set by each instance"
    return f"{_code(full)} = {_code(value)}"


def _imported(name: str, optional: bool, external: bool) -> str:
    told = [word for word, true in (("optional", optional), ("of another application", external)) if true]
    return f"{_code(name)}{' (' + ', '.join(told) + ')' if told else ''}"


def _of_variable(index: Index, variable: Variable) -> Iterator[str]:
    full = f"{variable.seen_as}.{variable.local}"
    yield f"**variable** {_code(full)}"
    export = declared_exports(index.graph, variable.seen_as).get(full)
    if export is not None:
        yield _exported(full, export.value, export.random)
    declared = index.declarations_of(variable)
    yield _lines("exported by", (f"{_code(each.type_name)}{_default(each.variable)}" for each in declared))
    providers = [name for name in index.graph.relations.members(variable.seen_as) if name != variable.seen_as]
    yield _list("provided by", providers)
    importers = [
        use.owner
        for _, use in index.declarations_and_uses(variable)
        if use is not None and use.role is Role.IMPORT and use.name in (variable.local, ALL_VARIABLES)
    ]
    yield _list("imported by", dict.fromkeys(importers)) or "imported by nothing in this application"


def _default(found: ExportedVariable) -> str:
    if found.value is None and found.random is None:
        return ""
    return f" ({_code(f'random[{found.random}]')})" if found.value is None else f" = {_code(found.value)}"


def _of_instance(index: Index, definition: Definition) -> Iterator[str]:
    yield f"**instance** {_code(definition.path)}"
    yield f"component: {_code(definition.owner)}"
    count = next((found.value for found in definition.block.properties if found.key == "count"), "")
    if count:
        yield f"count: {_code(count)}"
    declared = index.graph.components.get(definition.owner)
    yield _plain(declared.annotation) if declared else ""


def _of_file(index: Index, file: File) -> Iterator[str]:
    root = index.snapshot.root
    inside = root is not None and file.path.is_relative_to(root)
    yield f"**file** {_code(file.path.relative_to(root).as_posix() if inside and root else file.path.name)}"


def _of_key(file: ReadFile, line: int, column: int) -> tuple[str, Span] | None:
    """Return what a property is for."""
    for block, found in _properties(file):
        span = Span(found.line, found.column, len(found.key))
        if span.holds(line, column):
            what = _what(block, found.key)
            return (f"**{_plain(found.key)}**: {what}", span) if what else None
    return None


def _what(block: Block, key: str) -> str:
    if block.kind is BlockKind.INSTANCE:
        unknown = "A variable that the component does not export: kept for the instance's own recipe."
        return vocabulary.INSTANCE.get(key, unknown if is_override(key) else "A datum of the instance and its copies.")
    return (vocabulary.FACET if block.kind is BlockKind.FACET else vocabulary.COMPONENT).get(key, "")


def _properties(file: ReadFile) -> Iterator[tuple[Block, Property]]:
    queue = list(file.parsed.blocks) if file.parsed else []
    for block in queue:
        yield from ((block, found) for found in block.properties)
        queue += block.blocks


def _list(what: str, names: Iterable[str]) -> str:
    shown = [_code(name) for name in names]
    more = f", and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
    return f"{what}: {', '.join(shown[:_MOST])}{more}" if shown else ""


def _lines(what: str, lines: Iterable[str]) -> str:
    shown = list(lines)
    more = [f"and {len(shown) - _MOST} more"] if len(shown) > _MOST else []
    return "\n".join([f"{what}:\n", *(f"- {line}" for line in [*shown[:_MOST], *more])]) if shown else ""


def _code(text: str) -> str:
    """Return a text as code, whatever is in it."""
    text = re.sub(r"\s", " ", text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if text[:1] == "`" or text[-1:] == "`" or not text else f"{fence}{text}{fence}"


def _plain(text: str) -> str:
    """Return a text so that Markdown shows it as it is, line by line."""
    return "  \n".join(_MARKS.sub(r"\\\1", line) for line in text.splitlines())
