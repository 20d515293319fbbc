"""What one instance imports, and how that differs from what it saw. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from roboconf_core.agent.core.registry import ImportRegistry, Key, key_of
from roboconf_core.messages.types import HeldImport, ImportSpec, InstanceSpec, Publication

Imports = tuple[Publication, ...]
"""Live publications, restricted to what an instance imports, sorted by prefix and path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDifference:
    """How imports differ from those that the last successful start or update saw."""

    joined: Imports = ()
    left: Imports = ()
    changed: Imports = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.joined or self.left or self.changed)


def current_imports(registry: ImportRegistry, spec: InstanceSpec) -> Imports:
    """Return what an instance is to see now.

    An instance does not import itself; its siblings of the same component count.

    Source: Roboconf user guide, "Graph Definition", imports and exports.
    """
    found = (
        _restricted(publication, wanted)
        for wanted in spec.imports
        for publication in registry.live(wanted.prefix)
        if publication.instance != spec.id
    )
    return tuple(sorted(found, key=lambda p: (p.prefix, p.path, p.instance)))


def missing_imports(spec: InstanceSpec, imports: Imports) -> tuple[ImportSpec, ...]:
    """Return the mandatory imports without any provider; one provider per prefix is enough."""
    present = {publication.prefix for publication in imports}
    return tuple(wanted for wanted in spec.imports if not wanted.optional and wanted.prefix not in present)


def content_of(imports: Imports) -> tuple[object, ...]:
    """Return what of imports matters to a recipe: stamps and agents do not."""
    return tuple((*key_of(p), p.path, tuple(sorted((p.variables or {}).items()))) for p in imports)


def digest_of_content(imports: Imports) -> str:
    """Return a digest of what of imports matters to a recipe."""
    return hashlib.sha256(repr(content_of(imports)).encode()).hexdigest()[:32]


def difference(seen: Imports, current: Imports) -> ImportDifference:
    """Return what joined, left (as it was) and changed (as it is now) since the imports that were seen."""
    before, now = _by_key(seen), _by_key(current)
    return ImportDifference(
        joined=tuple(p for p in current if key_of(p) not in before),
        left=tuple(p for p in seen if key_of(p) not in now),
        changed=tuple(p for p in current if key_of(p) in before and not _same(before[key_of(p)], p)),
    )


def refreshed(seen: Imports, current: Imports) -> Imports:
    """Return what was seen, with the newest stamp of each publication whose content is still the same.

    Exporters publish again after a restart: that is no change for the recipe, but the
    newer publication is the one that is in use.
    """
    now = _by_key(current)
    found = tuple(now[key_of(p)] if key_of(p) in now and _same(now[key_of(p)], p) else p for p in seen)
    return seen if found == seen else found


def held_imports(seen: Imports) -> tuple[HeldImport, ...]:
    """Return what was seen as a report names it."""
    return tuple(
        HeldImport(instance=p.instance, path=p.path, prefix=p.prefix, epoch=p.epoch, sequence=p.sequence) for p in seen
    )


def _restricted(publication: Publication, wanted: ImportSpec) -> Publication:
    if f"{wanted.prefix}.*" in wanted.names:
        return publication
    variables = {name: value for name, value in (publication.variables or {}).items() if name in wanted.names}
    return replace(publication, variables=variables)


def _same(one: Publication, other: Publication) -> bool:
    return one.variables == other.variables and one.path == other.path


def _by_key(imports: Iterable[Publication]) -> dict[Key, Publication]:
    return {key_of(p): p for p in imports}
