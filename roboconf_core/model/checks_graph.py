"""Checks of a graph: names, installers, variables, cycles, what can never be reached.

Source: Roboconf user guide, "Graph Definition"; developer guide, "Errors".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.cycles import containment_cycles
from roboconf_core.model.graph import TARGET_INSTALLER, Component, ExportedVariable, Facet, Graph
from roboconf_core.model.names import Suggestions, is_flex_id, is_id
from roboconf_core.model.references import check_references
from roboconf_core.model.variables import RANDOM_PORT, declared_exports, exports_of_type, prefix_of

MAX_INHERITANCE = 50
"""Levels of ``extends``; a component exports every inherited variable once per level."""

_NAME_RULE = "a name starts with a letter or an underscore and goes on with letters, digits, '_' and '-'"


def check_graph(graph: Graph) -> list[Problem]:
    """Return everything that is wrong with a graph, type by type in the order of declaration.

    The graph's names must refer to types that exist: the conversion of files sees to that.
    """
    problems = list(_check_depth(graph))
    if problems:
        return problems
    roots = set(graph.roots())
    if not roots:
        return [_no_root(graph)]
    for component in graph.components.values():
        problems += _check_component(graph, component, is_root=component.name in roots)
    for facet in graph.facets.values():
        problems += _check_facet(graph, facet)
    problems += _check_containment(graph)
    problems += _check_imports_are_exported(graph)
    problems += _check_reachability(graph, roots)
    return problems


def _no_root(graph: Graph) -> Problem:
    where = next((Where(file=each.where.file) for each in graph.components.values() if each.where), None)
    hint = "at least one component must be no child of any other"
    return Problem(Code.RM_NO_ROOT_COMPONENT, "every component of the graph has an ancestor", where, hint)


def _check_depth(graph: Graph) -> Iterator[Problem]:
    """Yield types that inherit over so many levels that their variables would be without number."""
    links: dict[str, tuple[str, ...]] = {f.name: f.extends for f in graph.facets.values()}
    links.update((c.name, (c.extends,)) for c in graph.components.values() if c.extends)
    types: list[Component | Facet] = [*graph.components.values(), *graph.facets.values()]
    for each in types:
        level, seen = {each.name}, {each.name}
        for _ in range(MAX_INHERITANCE):
            level = {above for name in level for above in links.get(name, ())} - seen
            seen |= level
            if not level:
                break
        else:
            message = f"'{each.name}' extends others over more than {MAX_INHERITANCE} levels"
            yield Problem(Code.RM_INHERITANCE_TOO_DEEP, message, each.where, "put what is common into fewer types")


def _check_component(graph: Graph, component: Component, *, is_root: bool) -> Iterator[Problem]:
    codes = (Code.RM_EMPTY_COMPONENT_NAME, Code.RM_INVALID_COMPONENT_NAME)
    yield from _check_type_name("component", component.name, component.where, *codes)
    yield from _check_installer(graph, component, is_root=is_root)
    for variable in component.exports:
        yield from _check_export(component, variable)
        yield from _check_random(component, variable)
    yield from _check_imports(graph, component)
    yield from _check_external_prefixes(graph, component)
    if _extends_itself(graph, component):
        message = f"component '{component.name}' extends itself: {_inheritance(graph, component.name)}"
        yield Problem(Code.RM_CYCLE_IN_COMPONENTS_INHERITANCE, message, component.where)


def _check_type_name(kind: str, name: str, where: Where | None, empty: Code, invalid: Code) -> Iterator[Problem]:
    if not name.strip():
        yield Problem(empty, f"a {kind} has no name", where)
    elif not is_flex_id(name):
        yield Problem(invalid, f"'{name}' is no valid name of a {kind}", where, _NAME_RULE)
    elif "." in name:
        yield Problem(Code.RM_DOT_IS_NOT_ALLOWED, f"the name of {kind} '{name}' has a dot", where, _NAME_RULE)


def _check_installer(graph: Graph, component: Component, *, is_root: bool) -> Iterator[Problem]:
    installer = graph.installer_of(component.name)
    where = component.where
    if installer is None or not installer.strip():
        message = f"component '{component.name}' has no installer, and inherits none"
        yield Problem(Code.RM_EMPTY_COMPONENT_INSTALLER, message, where, "add a line such as 'installer: bash;'")
    elif not is_flex_id(installer):
        message = f"'{installer}' is no valid installer name (component '{component.name}')"
        yield Problem(Code.RM_INVALID_COMPONENT_INSTALLER, message, where)
    elif is_root and installer != TARGET_INSTALLER:
        message = f"component '{component.name}' is the child of nothing, but its installer is '{installer}'"
        yield Problem(Code.RM_ROOT_INSTALLER_MUST_BE_TARGET, message, where, _root_hint(component.name, installer))


def _root_hint(name: str, installer: str) -> str:
    if installer.strip().lower() == TARGET_INSTALLER:
        return f"write '{TARGET_INSTALLER}' in lower case, without blanks before the semicolon"
    return f"add '{name}' to the children of a machine, or use 'installer: {TARGET_INSTALLER};' if it is one"


def _check_export(owner: Component | Facet, variable: ExportedVariable) -> Iterator[Problem]:
    where = variable.where or owner.where
    if not variable.name.strip():
        yield Problem(Code.RM_EMPTY_VARIABLE_NAME, f"'{owner.name}' exports a variable without a name", where)
    elif not is_id(variable.name):
        message = f"'{owner.name}' exports '{variable.name}', which is no valid variable name"
        yield Problem(Code.RM_INVALID_VARIABLE_NAME, message, where, _NAME_RULE)
    yield from check_references(f"'{variable.name}' of '{owner.name}'", variable.value or "", where)


def _check_random(component: Component, variable: ExportedVariable) -> Iterator[Problem]:
    if variable.random is None:
        return
    where = variable.where or component.where
    if variable.random.lower() != RANDOM_PORT:
        message = f"variable '{variable.name}' of '{component.name}' is random of an unknown kind '{variable.random}'"
        yield Problem(Code.RM_INVALID_RANDOM_KIND, message, where, f"the only kind is 'random[{RANDOM_PORT}]'")
    if variable.value is not None:
        message = f"random variable '{variable.name}' of '{component.name}' has a value"
        hint = "remove the value, or 'random[...]'; an instance may still set one"
        yield Problem(Code.RM_NO_VALUE_FOR_RANDOM, message, where, hint)


def _check_imports(graph: Graph, component: Component) -> Iterator[Problem]:
    own = {variable.name for variable in component.imports}
    exported = declared_exports(graph, component.name)
    wildcards = {f"{t}.*" for t in (*graph.supers(component.name), *graph.facets_of(component.name))}
    for variable in graph.imports_of(component.name):
        where = variable.where or component.where
        if variable.name in own and not is_id(variable.name.removesuffix(".*")):
            message = f"'{component.name}' imports '{variable.name}', which is no valid variable name"
            yield Problem(Code.RM_INVALID_VARIABLE_NAME, message, where, "expected 'Prefix.variable' or 'Prefix.*'")
        if not variable.optional and (variable.name in exported or variable.name in wildcards):
            message = f"component '{component.name}' needs '{variable.name}', which it exports itself"
            hint = "the first instance could never start; mark the import '(optional)'"
            yield Problem(Code.RM_COMPONENT_IMPORTS_EXPORTS, message, where, hint)


def _check_external_prefixes(graph: Graph, component: Component) -> Iterator[Problem]:
    """Yield prefixes that stand for other applications and for this one: what they bring could not be told apart."""
    imported = graph.imports_of(component.name)
    internal = {variable.prefix for variable in imported if not variable.external}
    reported: set[str] = set()
    for variable in component.imports:
        prefix = variable.prefix
        if not variable.external or prefix in reported:
            continue
        reported.add(prefix)
        kind = "component" if prefix in graph.components else "facet" if prefix in graph.facets else ""
        if kind or prefix in internal:
            message = f"component '{component.name}' imports '{variable.name}' from other applications, "
            message += f"but '{prefix}' is a {kind} of this one" if kind else f"and '{prefix}' from this one too"
            hint = "remove 'external', or let the other application have another 'exports-prefix'"
            yield Problem(Code.RM_MIXED_IMPORT_PREFIX, message, variable.where or component.where, hint)


def _extends_itself(graph: Graph, component: Component) -> bool:
    return graph.components[graph.supers(component.name)[-1]].extends == component.name


def _inheritance(graph: Graph, name: str) -> str:
    chain = [*graph.supers(name), name]
    return " -> ".join(chain if len(chain) <= 12 else [*chain[:5], "...", *chain[-5:]])


def _check_facet(graph: Graph, facet: Facet) -> Iterator[Problem]:
    codes = (Code.RM_EMPTY_FACET_NAME, Code.RM_INVALID_FACET_NAME)
    yield from _check_type_name("facet", facet.name, facet.where, *codes)
    for variable in facet.exports:
        yield from _check_export(facet, variable)
    if facet.name in graph.relations.extended_facets(facet.name):
        message = f"facet '{facet.name}' extends itself, directly or through others"
        yield Problem(Code.RM_CYCLE_IN_FACETS_INHERITANCE, message, facet.where)


def _check_containment(graph: Graph) -> Iterator[Problem]:
    for name, cycle in containment_cycles(graph):
        message = f"component '{name}' can stand below itself: {' -> '.join(cycle)}"
        hint = "remove one of these from the children of another"
        yield Problem(Code.RM_CYCLE_IN_COMPONENTS, message, graph.components[name].where, hint)


def _check_imports_are_exported(graph: Graph) -> Iterator[Problem]:
    exported = {name: None for c in graph.components for name in declared_exports(graph, c)}
    prefixes = {prefix_of(name) for name in exported}
    of_facets = {name for facet in graph.facets for name in exports_of_type(graph, facet)}
    suggestions = Suggestions((*exported, *(f"{prefix}.*" for prefix in prefixes)))
    for component in graph.components.values():
        for variable in component.imports:
            name, prefix = variable.name, variable.prefix
            wildcard = name == f"{prefix}.*"
            if variable.external or (prefix in prefixes if wildcard else name in exported):
                continue
            facet = (wildcard and prefix in graph.facets) or name in of_facets
            code = Code.RM_UNRESOLVABLE_FACET_VARIABLE if facet else Code.RM_UNRESOLVABLE_VARIABLE
            message = f"component '{component.name}' imports '{name}', which no component exports"
            hint = f"no component has facet '{prefix}'" if facet else suggestions.hint_for(name)
            yield Problem(code, message, variable.where or component.where, hint)


def _check_reachability(graph: Graph, roots: Iterable[str]) -> Iterator[Problem]:
    used = {facet for component in graph.components for facet in graph.facets_of(component)}
    unused = [facet for facet in graph.facets.values() if facet.name not in used]
    reachable = _below_machines(graph, roots) if any(facet.children for facet in unused) else set()
    reported: set[str] = set()
    for facet in unused:
        code = Code.RM_ORPHAN_FACET_WITH_CHILDREN if facet.children else Code.RM_ORPHAN_FACET
        hint = f"add 'facets: {facet.name};' to a component"
        yield Problem(code, f"no component has facet '{facet.name}'", facet.where, hint)
        for child in facet.children:
            if child in graph.components and child not in reachable and child not in reported:
                reported.add(child)
                message = f"component '{child}' is only a child of facet '{facet.name}', which no component has"
                yield Problem(Code.RM_UNREACHABLE_COMPONENT, message, graph.components[child].where, hint)


def _below_machines(graph: Graph, roots: Iterable[str]) -> set[str]:
    """Return the components whose instances can stand somewhere below a machine at the root."""
    queue = [root for root in roots if graph.installer_of(root) == TARGET_INSTALLER]
    found = set(queue)
    asked: set[tuple[str, ...]] = set()
    for name in queue:
        children = graph.children_of(name)
        if children not in asked:
            asked.add(children)
            queue.extend(c for c in children if c not in found)
            found.update(children)
    return found
