"""What the properties of the formats are for, in a sentence each.

Source: Roboconf user guide, "Graph Definition", "Instances Definition", "Application Descriptor".
"""

from __future__ import annotations

from collections.abc import Mapping

COMPONENT: Mapping[str, str] = {
    "installer": "What deploys it: `target` for machines, else a plugin, such as `bash`.",
    "extends": "The component whose properties are inherited.",
    "facets": "Facets whose exports and children it has.",
    "children": "Components and facets that may stand right below.",
    "exports": "Variables that others can import. May be repeated.",
    "imports": "Variables of others that it needs before it starts. May be repeated.",
}
FACET: Mapping[str, str] = {
    "extends": "Facets whose exports and children are inherited.",
    "children": "Components and facets that may stand right below.",
    "exports": "Variables that others can import. May be repeated.",
}
INSTANCE: Mapping[str, str] = {
    "name": "Required. The names from the root on make the path of an instance, such as `/vm/tomcat`.",
    "count": "How many of them there are, with all below.",
    "channels": "A list, kept for programs.",
    "instance-data": "Data of this very instance: `a = 1, b = 2`.",
    "instance-state": "Accepted in files of the original, and not used.",
}
DESCRIPTOR: Mapping[str, str] = {
    "name": "Required. With the version, it identifies the template.",
    "version": "Required. `1.0`, `1.0.2`, `1.0-beta`.",
    "dsl-id": "`roboconf-1.0`",
    "description": "Free text.",
    "graph-entry-point": "Required. A file in `graph/`.",
    "instance-entry-point": "A file in `instances/`.",
    "tags": "A list.",
    "exports-prefix": "Under which name other applications import what `exports` lists.",
    "exports": "Variables for other applications: `Apache.ip as front_ip`.",
}
REPEATABLE = frozenset({"exports", "imports"})
