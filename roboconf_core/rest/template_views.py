"""What is to be seen of templates: plain JSON values, read from the core's memory."""

from __future__ import annotations

from typing import Any

from roboconf_core.dm.core.memory import Memory
from roboconf_core.dm.core.naming import did_you_mean
from roboconf_core.dm.core.state import TemplateRecord
from roboconf_core.errors import NotFoundError


def templates(memory: Memory) -> list[dict[str, Any]]:
    """Return each template, sorted by name and version."""
    keys = sorted(memory.template_records)
    return [_view(memory, key, memory.template_records[key]) for key in keys]


def template(memory: Memory, name: str, version: str) -> dict[str, Any]:
    """Return one template.

    Raises:
        NotFoundError: If there is no such template.
    """
    key = f"{name} - {version}"
    record = memory.template_records.get(key)
    if record is None:
        hint = did_you_mean(key, list(memory.template_records))
        raise NotFoundError(f"template '{name}' {version} does not exist", hint=hint)
    return _view(memory, key, record)


def _view(memory: Memory, key: str, record: TemplateRecord) -> dict[str, Any]:
    template = memory.templates[key]
    users = sorted(one.name for one in memory.applications.values() if one.template_key == key)
    return {
        "name": record.name,
        "version": record.version,
        "display_name": template.descriptor.display_name or record.name,
        "description": record.description,
        "tags": list(template.descriptor.tags),
        "added": record.added,
        "digest": record.digest,
        "applications": users,
        "components": len(template.graph.components),
        "targets": sorted({target.handler for target in template.targets.values()}),
    }
