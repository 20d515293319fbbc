"""What can stand at the place of a cursor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from roboconf_core.dsl.files import Directory
from roboconf_core.dsl.symbols import SymbolKind
from roboconf_core.dsl.syntax import BLANKS, Block, BlockKind, FileKind
from roboconf_core.lsp import vocabulary
from roboconf_core.lsp.context import Context
from roboconf_core.lsp.documents import DESCRIPTOR, FILE_KINDS, Language
from roboconf_core.lsp.index import Index
from roboconf_core.model.graph import TARGET_INSTALLER
from roboconf_core.model.variables import declared_exports, local_name

_MOST_FILES = 500


class Offer(StrEnum):
    """What kind of thing is suggested."""

    KEYWORD = "keyword"
    PROPERTY = "property"
    TYPE = "type"
    VARIABLE = "variable"
    VALUE = "value"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that can stand there."""

    text: str
    offer: Offer
    detail: str = ""
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What can stand at a place."""

    typed: str
    """What is there already, and is replaced."""
    suggestions: Sequence[Suggestion]


def complete(index: Index, context: Context, installers: Iterable[str]) -> Completion:
    """Return what can stand at the cursor.

    Args:
        index: Of the files; names that the graph does not know are not suggested.
        context: Of the cursor.
        installers: Names that the installed plugins offer.
    """
    file = index.snapshot.current
    if file.language is Language.PROPERTIES:
        return _in_descriptor(index, context) if file.path.name == DESCRIPTOR else _nothing()
    if file.language not in FILE_KINDS or context.in_comment:
        return _nothing()
    if context.key is not None and context.block is not None:
        return _value(index, context, context.block, context.key, installers)
    return _beginning(index, context)


def _nothing() -> Completion:
    return Completion("", ())


# --- the beginning of a line


def _beginning(index: Index, context: Context) -> Completion:
    typed = context.text.lstrip(BLANKS)
    words = typed.lower()
    kind = FILE_KINDS[index.snapshot.current.language]
    if words.startswith("import") and words[6:7].isspace():
        location = typed[6:].lstrip(BLANKS)
        return Completion(location, list(_files(index.snapshot.directory_of(kind), kind)))
    if words.startswith("instance of") and words[11:12].isspace():
        name = typed[11:].lstrip(BLANKS)
        end = "" if "{" in context.rest else " {"
        return Completion(name, [_of_type(index, each, end) for each in _possible_instances(index, context.blocks)])
    if context.block is None:
        return Completion(typed, list(_keywords(kind)))
    return Completion(typed, list(_keys(index, context.block)))


def _keywords(kind: FileKind) -> Iterator[Suggestion]:
    yield Suggestion("import ", Offer.KEYWORD, "import FILE;")
    if kind is FileKind.GRAPH:
        yield Suggestion("facet ", Offer.KEYWORD, "facet NAME {")
    else:
        yield Suggestion("instance of ", Offer.KEYWORD, "instance of COMPONENT {")


def _keys(index: Index, block: Block) -> Iterator[Suggestion]:
    present = {found.key for found in block.properties} - vocabulary.REPEATABLE
    for key, what in _properties_of(block.kind).items():
        if key not in present:
            yield Suggestion(f"{key}: ", Offer.PROPERTY, documentation=what)
    if block.kind is BlockKind.INSTANCE:
        for key, default in _overrides(index, block.name):
            if key not in present:
                yield Suggestion(f"{key}: ", Offer.VARIABLE, default)
        if index.graph.children_of(block.name) or block.name not in index.graph.components:
            yield Suggestion("instance of ", Offer.KEYWORD, "instance of COMPONENT {")


def _properties_of(kind: BlockKind) -> Mapping[str, str]:
    if kind is BlockKind.INSTANCE:
        return vocabulary.INSTANCE
    return vocabulary.FACET if kind is BlockKind.FACET else vocabulary.COMPONENT


def _overrides(index: Index, component: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that an instance may set: by local name, and by full name where several have one."""
    exports = declared_exports(index.graph, component) if component in index.graph.components else {}
    locals_seen: dict[str, list[str]] = {}
    for full in exports:
        locals_seen.setdefault(local_name(full), []).append(full)
    for local, fulls in locals_seen.items():
        for key in (local, *(full for full in fulls if len(fulls) > 1 and not full.startswith(f"{component}."))):
            yield key, _default(exports[key if key in exports else fulls[0]].value)


def _default(value: str | None) -> str:
    return "" if value is None else f"= {value}"


def _possible_instances(index: Index, blocks: Sequence[Block]) -> Sequence[str]:
    """Return the components whose instances may stand there; all of them when that is not known."""
    graph = index.graph
    fitting = graph.children_of(blocks[-1].name) if blocks else graph.roots()
    return fitting or tuple(graph.components)


# --- values


def _value(index: Index, context: Context, block: Block, key: str, installers: Iterable[str]) -> Completion:
    if block.kind is BlockKind.INSTANCE:
        defaults = dict(_overrides(index, block.name))
        value = defaults.get(key, "").removeprefix("= ")
        return Completion(context.value, [Suggestion(value, Offer.VALUE, "as in the graph")] if value else ())
    if key not in _properties_of(block.kind):
        return _nothing()
    if key == "installer":
        names = dict.fromkeys((TARGET_INSTALLER, *installers))
        return Completion(context.value, [Suggestion(name, Offer.VALUE) for name in names])
    if key == "imports":
        return _import(index, context.item, block)
    if key == "exports":
        in_value = "=" in context.item or context.value.count('"') % 2
        return _nothing() if in_value else Completion(context.item, list(_exports(index, block)))
    only = None
    if key != "children":
        component = block.kind is BlockKind.COMPONENT and key == "extends"
        only = SymbolKind.COMPONENT if component else SymbolKind.FACET
    listed = {item.strip(BLANKS) for item in context.value.split(",")[:-1]} | {"" if key == "children" else block.name}
    return Completion(context.item, [_of_type(index, name) for name in _types(index, only) if name not in listed])


def _types(index: Index, only: SymbolKind | None) -> Iterator[str]:
    for name, declarations in index.types.items():
        if only is None or declarations[0][1].kind is only:
            yield name


def _of_type(index: Index, name: str, end: str = "") -> Suggestion:
    declared = index.graph.components.get(name) or index.graph.facets.get(name)
    kind = "component" if name in index.graph.components else "facet"
    return Suggestion(name + end, Offer.TYPE, kind, declared.annotation if declared else "")


def _exports(index: Index, block: Block) -> Iterator[Suggestion]:
    yield Suggestion("ip", Offer.VARIABLE, "the address of the machine; the platform sets it")
    yield Suggestion("random[port] ", Offer.KEYWORD, "a free port, drawn for each instance")
    for local in index.variables_of(block.name):
        yield Suggestion(local, Offer.VARIABLE, "inherited or declared already")


def _import(index: Index, item: str, block: Block) -> Completion:
    if item[:9].lower() == "external ":
        return _nothing()
    prefix, dot, local = item.partition(".")
    if not dot:
        exporting = [name for name in index.types if index.variables_of(name)]
        suggestions = [_of_type(index, name, ".") for name in exporting if name != block.name]
        return Completion(item, [*suggestions, Suggestion("external ", Offer.KEYWORD, "of another application")])
    name, blank, modifier = local.partition(" ")
    if blank:
        optional = Suggestion("(optional)", Offer.KEYWORD, "used when there is one; nothing waits for it")
        return Completion(modifier, [optional])
    return Completion(name, list(_variables(index, prefix)))


def _variables(index: Index, type_name: str) -> Iterator[Suggestion]:
    exports = declared_exports(index.graph, type_name) if type_name in index.types else {}
    for local in index.variables_of(type_name):
        export = exports.get(f"{type_name}.{local}")
        yield Suggestion(local, Offer.VARIABLE, _default(export.value) if export else "")
    if type_name in index.types:
        yield Suggestion("*", Offer.VARIABLE, f"all variables of {type_name}")


# --- files and the descriptor


def _files(directory: Directory, kind: FileKind) -> Iterator[Suggestion]:
    found = 0
    for current, directories, names in os.walk(directory.path):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        for name in sorted(names):
            path = directory.path / current / name
            if path.suffix.lower() == f".{kind}" and not name.startswith("."):
                yield Suggestion(path.relative_to(directory.path).as_posix(), Offer.FILE)
                found += 1
        if found > _MOST_FILES:
            return


def _in_descriptor(index: Index, context: Context) -> Completion:
    text = context.text.lstrip(BLANKS)
    key, separator, value = (part.strip(BLANKS) for part in text.replace(":", "=", 1).partition("="))
    if not separator:
        keys = vocabulary.DESCRIPTOR.items()
        return Completion(text, [Suggestion(f"{k} = ", Offer.PROPERTY, documentation=what) for k, what in keys])
    if key in ("graph-entry-point", "instance-entry-point"):
        kind = FileKind.GRAPH if key == "graph-entry-point" else FileKind.INSTANCES
        return Completion(value, list(_files(index.snapshot.directory_of(kind), kind)))
    if key != "exports":
        return _nothing()
    item = value.rpartition(",")[2].lstrip(BLANKS)
    prefix, dot, local = item.partition(".")
    if not dot:
        return Completion(item, [_of_type(index, name, ".") for name in index.types if index.variables_of(name)])
    if " " in local:
        return _nothing()
    return Completion(local, [each for each in _variables(index, prefix) if each.text != "*"])
