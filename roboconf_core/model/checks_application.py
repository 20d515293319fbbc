"""Checks of what an application offers to other applications.

Source: Roboconf user guide, "Application Descriptor", "Inter-application Exports".
"""

from __future__ import annotations

from collections.abc import Iterator

from roboconf_core.errors import Code, Problem
from roboconf_core.model.application import Descriptor
from roboconf_core.model.graph import Graph
from roboconf_core.model.names import Suggestions, is_id
from roboconf_core.model.variables import declared_exports


def check_external_exports(descriptor: Descriptor, graph: Graph) -> Iterator[Problem]:
    """Yield what is wrong with the external exports of a descriptor, given a sound graph."""
    if not descriptor.external_exports:
        return
    where = descriptor.where_of("exports")
    if not is_id(descriptor.exports_prefix):
        message = f"'{descriptor.exports_prefix}' is no valid prefix of external exports"
        yield Problem(Code.RM_INVALID_APPLICATION_EXPORT_PREFIX, message, where, "a prefix has no blanks")
    exported = {name for component in graph.components for name in declared_exports(graph, component)}
    suggestions = Suggestions(exported)
    aliases: dict[str, str] = {}
    for variable, alias in descriptor.external_exports.items():
        if not is_id(alias):
            yield Problem(Code.RM_INVALID_VARIABLE_NAME, f"'{alias}' is no valid name of a variable", where)
        if variable not in exported:
            message = f"'{variable}' is exported to other applications, but by no component"
            yield Problem(Code.RM_INVALID_EXTERNAL_EXPORT, message, where, suggestions.hint_for(variable))
        first = aliases.setdefault(alias, variable)
        if first != variable:
            message = f"'{first}' and '{variable}' have the same alias '{alias}'"
            yield Problem(Code.RM_ALREADY_DEFINED_EXTERNAL_EXPORT, message, where, "give them different aliases")
