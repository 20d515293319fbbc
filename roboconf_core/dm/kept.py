"""What the core wakes up with: its records, and the templates that they name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.core.manager import DmCore
from roboconf_core.dm.core.state import RECORDS, TEMPLATE, TemplateRecord
from roboconf_core.dm.store import Store, StoreError
from roboconf_core.dm.templates import TemplateStore
from roboconf_core.errors import InvalidModelError
from roboconf_core.hooks.manager import Plugins
from roboconf_core.model.application import ApplicationTemplate

_BUNDLES = "template-bundles:"


def bundles_text(content: str) -> str:
    """Return the name of the store's text that tells the recipes' digests of a template, by its files' digest."""
    return _BUNDLES + content


def wake_core(store: Store, templates: TemplateStore, bundles: BundleStore, plugins: Plugins) -> DmCore:
    """Return the core with everything that was stored; remove files that nothing refers to any more.

    Raises:
        StoreError: If records or files cannot be understood.
    """
    records = {(kind, key): record for kind, key, record in store.load(RECORDS)}
    digests = {name.removeprefix(_BUNDLES): json.loads(text) for name, text in store.texts(_BUNDLES).items()}
    loaded: dict[str, ApplicationTemplate] = {}
    contents: set[str] = set()
    for (kind, key), record in records.items():
        if kind == TEMPLATE:
            loaded[key] = _loaded(templates, record, digests.get(record.digest, {}))
            contents.add(record.digest)
    with store.transaction(durable=False) as changes:
        for content in digests.keys() - contents:
            changes.remove_text(bundles_text(content))
    templates.keep_only(frozenset(contents))
    bundles.keep_only(frozenset(digest for template in loaded.values() for digest in template.bundles.values()))
    return DmCore(store.dm_id, records, templates=loaded, shared_hosts=shared_hosts(plugins))


def shared_hosts(plugins: Plugins) -> frozenset[str]:
    """Return all names of target handlers whose machines are one host."""
    handlers = (handler for plugin in plugins.all for handler in plugin.targets)
    return frozenset(name for handler in handlers if handler.shared_host for name in handler.names)


def _loaded(templates: TemplateStore, record: TemplateRecord, bundles: Mapping[str, Any]) -> ApplicationTemplate:
    try:
        return templates.load(record.digest, bundles)
    except InvalidModelError as error:
        name = f"template '{record.name}' {record.version}"
        raise StoreError(f"the files of {name} cannot be loaded again: {error}", hint="restore them") from error
