"""Writes graphs and instances as text that reads back to the same model.

One tab per level, one property per line, types and instances in the order of their
declaration. Properties come in the order in which the original writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from roboconf_core.dsl.lines import after_semicolon
from roboconf_core.dsl.syntax import BLANKS
from roboconf_core.model.graph import Component, ExportedVariable, Facet, Graph, ImportedVariable
from roboconf_core.model.instance import Instance

_KEY = re.compile(r"[^\x00-\x20:#]+")
_RESERVED = frozenset({"name", "count", "channels", "instance-data", "instance-state"})
_LIST_ITEM = re.compile(r"[^,;#\"\n\r]*")


def render_graph(graph: Graph) -> str:
    """Return the text of a graph file.

    Raises:
        ValueError: If a name or value cannot be written, such as an exported value with a double quote.
    """
    blocks = [_component(component) for component in graph.components.values()]
    blocks += [_facet(facet) for facet in graph.facets.values()]
    return "".join(f"{block}\n\n" for block in blocks)


def render_instances(roots: Iterable[Instance], *, states: bool = False) -> str:
    """Return the text of an instances file, ``count`` expanded.

    Args:
        roots: The root instances.
        states: Whether to write the state of each instance too.

    Raises:
        ValueError: If a key or value cannot be written, such as a value with a sharp.
    """
    lines: list[str] = []
    for root in roots:
        _write_tree(root, lines, states=states)
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def _component(component: Component) -> str:
    properties = [
        ("extends", component.extends or ""),
        ("installer", component.installer or ""),
        ("facets", _names(component.facets)),
        ("imports", ", ".join(_imported(variable) for variable in component.imports)),
        ("exports", ", ".join(_exported(variable) for variable in component.exports)),
        ("children", _names(component.children)),
    ]
    return _block(component.name, properties, component.annotation)


def _facet(facet: Facet) -> str:
    properties = [
        ("extends", _names(facet.extends)),
        ("exports", ", ".join(_exported(variable) for variable in facet.exports)),
        ("children", _names(facet.children)),
    ]
    return _block(f"facet {facet.name}", properties, facet.annotation)


def _block(head: str, properties: Iterable[tuple[str, str]], annotation: str) -> str:
    comment = [f"# {line}" for line in annotation.splitlines()]
    body = [f"\t{key}: {value};" for key, value in properties if value]
    return "\n".join([*comment, f"{_plain(head)} {{", *body, "}"])


def _names(names: Iterable[str]) -> str:
    return ", ".join(_plain(name) for name in names)


def _exported(variable: ExportedVariable) -> str:
    kind = "" if variable.random is None else f"random[{_plain(variable.random)}] "
    if variable.value is None:
        return f"{kind}{_plain(variable.name)}"
    if re.search(r'["#\n\r]', variable.value):
        raise ValueError(f"the value of '{variable.name}' cannot be written: it holds a quote, a sharp or a line end")
    return f'{kind}{_plain(variable.name)}="{variable.value}"'


def _imported(variable: ImportedVariable) -> str:
    return f"{'external ' * variable.external}{_plain(variable.name)}{' (optional)' * variable.optional}"


def _plain(text: str) -> str:
    if re.search(r"[\n\r#;{}]", text):
        raise ValueError(f"'{text}' cannot be written: it holds a character that means something else")
    return text


def _write_tree(root: Instance, lines: list[str], *, states: bool) -> None:
    stack: list[tuple[int, Instance | None]] = [(0, root)]
    while stack:
        depth, instance = stack.pop()
        indent = "\t" * depth
        if instance is None:
            lines.append(f"{indent}}}")
            continue
        if depth:
            lines.append("")
        lines.append(f"{indent}instance of {_plain(instance.component)} {{")
        lines += [f"{indent}\t{key}: {value};" for key, value in _properties(instance, states=states)]
        stack.append((depth, None))
        stack += [(depth + 1, child) for child in reversed(instance.children)]


def _properties(instance: Instance, *, states: bool) -> Iterator[tuple[str, str]]:
    yield "name", _plain(instance.name)
    if instance.channels:
        yield "channels", ", ".join(_item(channel) for channel in instance.channels)
    for key, value in instance.overrides.items():
        if not _is_key(key) or key in _RESERVED or key[:5].lower() == "data.":
            raise ValueError(f"'{key}' cannot be written as the name of a variable")
        yield key, _override(key, value)
    if states:
        yield "instance-state", instance.state.value
    data = dict(sorted(instance.data.items()))
    listed = {key: value for key, value in data.items() if _fits_a_list(key, value)}
    if listed:
        yield "instance-data", ", ".join(f"{key} = {value}" for key, value in listed.items())
    for key, value in data.items():
        if key not in listed:
            if not _is_key(f"data.{key}") or not _fits_a_line(value) or value != value.lstrip(BLANKS):
                raise ValueError(f"the datum '{key}' cannot be written")
            yield f"data.{key}", value


def _is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None and not key.startswith("}")


def _fits_a_list(key: str, value: str) -> bool:
    trimmed = key == key.strip(BLANKS) and value == value.strip(BLANKS)
    items = _LIST_ITEM.fullmatch(key) and _LIST_ITEM.fullmatch(value)
    return bool(trimmed and items and key and "=" not in key[1:])


def _item(text: str) -> str:
    if not text or text != text.strip(BLANKS) or not _LIST_ITEM.fullmatch(text):
        raise ValueError(f"'{text}' cannot be written in a list")
    return text


def _override(key: str, value: str) -> str:
    """Return a value as it is, or quoted when it would be read as another one."""
    trimmed = value.strip(BLANKS)
    looks_quoted = len(trimmed) >= 2 and trimmed[0] == trimmed[-1] == '"'
    written = f'"{value}"' if looks_quoted or value != value.lstrip(BLANKS) or ";" in value else value
    if not _fits_a_line(written):
        raise ValueError(f"the value of '{key}' cannot be written: it holds a sharp, a line end, or quotes with a ';'")
    return written


def _fits_a_line(written: str) -> bool:
    return not re.search(r"[#\n\r]", written) and after_semicolon(written) is None
