"""Gives a component, a facet or an exported variable another name everywhere, or says why not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from roboconf_core.dsl.symbols import Role, SymbolKind
from roboconf_core.errors import Code, RoboconfError
from roboconf_core.lsp.documents import Language
from roboconf_core.lsp.index import ALL_VARIABLES, Index
from roboconf_core.lsp.meanings import Found, Location, OneInstance, Type, Variable
from roboconf_core.model.names import is_id
from roboconf_core.model.variables import is_ip

_KEYWORDS = ("facet", "import", "instance", "external")


class RenameRefusedError(RoboconfError):
    """A name cannot be given, or not everywhere."""

    code = Code.DM_INVALID_REQUEST


@dataclass(frozen=True, slots=True)
class Renaming:
    """All that changes."""

    new_name: str
    places: list[Location]
    """Where the old name stands now."""
    moves: dict[Path, Path] = field(default_factory=dict)
    """Files and directories that carry the name of a component, with their new path."""


def nameable(index: Index, found: Found | None) -> Found:
    """Return what is to be renamed.

    Raises:
        RenameRefusedError: If nothing there can be renamed.
    """
    meaning = found.meaning if found else None
    if isinstance(meaning, OneInstance):
        raise _refused("instances are not renamed here", "change its 'name'; commands may use its path")
    if found is None or not isinstance(meaning, Type | Variable):
        raise _refused("there is no component, facet or exported variable here", "")
    file, span = index.snapshot.current, found.span
    if file.text.lines[span.line - 1][span.column - 1 :][: span.length] == ALL_VARIABLES:
        raise _refused("'*' stands for all variables", "rename one of them where it is exported")
    if isinstance(meaning, Variable) and is_ip(meaning.local):
        raise _refused(f"'{meaning.local}' cannot be renamed", "the platform sets it by this very name")
    if isinstance(meaning, Variable) and "." in meaning.local:
        raise _refused(f"the name '{meaning.local}' has a dot, which could also stand behind a prefix", "")
    return found


def rename(index: Index, found: Found | None, new_name: str) -> Renaming:
    """Return all that changes when something gets another name.

    Raises:
        RenameRefusedError: If the name is not valid or taken, or if files cannot be understood, so that a place
            could be missed.
    """
    meaning = nameable(index, found).meaning
    _refuse_gaps(index)
    if isinstance(meaning, Variable):
        return _rename_variable(index, meaning, new_name)
    assert isinstance(meaning, Type), "nothing else can be renamed"
    return _rename_type(index, meaning, new_name)


def _rename_type(index: Index, meaning: Type, new_name: str) -> Renaming:
    if new_name == meaning.name:
        return Renaming(new_name, [])
    if not is_id(new_name) or "." in new_name:
        raise _refused(
            f"'{new_name}' is no valid name of a component or facet",
            "a name starts with a letter or '_' and goes on with letters, digits, '_' and '-'",
        )
    if new_name.lower() in _KEYWORDS:
        raise _refused(f"'{new_name}' is a keyword", "")
    if new_name in index.types:
        file, definition = index.types[new_name][0]
        shown = f"{_shown(index, file.path)}:{definition.span.line}"
        raise _refused(f"there is a {definition.kind} '{new_name}' already", f"see {shown}")
    for file, reference in index.references():
        prefix = reference.name.partition(".")[0] if reference.role is Role.EXTERNAL else reference.name
        if prefix == new_name and reference.role in (Role.PREFIX, Role.EXPORT_PREFIX, Role.EXTERNAL):
            shown = f"{_shown(index, file.path)}:{reference.span.line}"
            raise _refused(f"'{new_name}' is already used as the prefix of a variable", f"see {shown}")
    moves = {}
    if index.types[meaning.name][0][1].kind is SymbolKind.COMPONENT and index.snapshot.root is not None:
        moves = dict(_moves(index.snapshot.root, meaning.name, new_name))
    taken = [target for target in moves.values() if os.path.lexists(target)]
    if taken:
        raise _refused(f"{_shown(index, taken[0])} exists already", "it would become that of the component")
    places = [place for place, _ in index.declarations_and_uses(meaning)]
    if any(path.is_dir() for path in moves):
        places += _imports_of_recipe(index, meaning.name)
    return Renaming(new_name, places, moves)


def _imports_of_recipe(index: Index, directory: str) -> Iterator[Location]:
    """Yield where a directory that moves is named in the location of an imported file."""
    for file, reference in index.references():
        start = len(reference.name) - len(re.sub(r"^(\./+)+", "", reference.name))
        in_graph = file.language is Language.GRAPH or reference.owner == "graph-entry-point"
        if reference.role is Role.FILE and in_graph and reference.name.startswith(f"{directory}/", start):
            yield Location(file.path, reference.span.part(start, len(directory)))


def _moves(root: Path, old: str, new: str) -> Iterator[tuple[Path, Path]]:
    """Yield recipe and probes of a component."""
    for location, suffixes in (("graph", ("",)), ("probes", (".measures", ".measures.properties"))):
        for suffix in suffixes:
            path = root / location / f"{old}{suffix}"
            if os.path.lexists(path):
                yield path, path.with_name(f"{new}{suffix}")


def _rename_variable(index: Index, variable: Variable, new_name: str) -> Renaming:
    if new_name == variable.local:
        return Renaming(new_name, [])
    if not is_id(new_name):
        hint = "a name starts with a letter or '_' and goes on with letters, digits, '_' and '-'"
        raise _refused(f"'{new_name}' is no valid name of a variable", hint)
    if "." in new_name:
        raise _refused(f"'{new_name}' has a dot", "what stands before a dot is a prefix; rename the variable only")
    if is_ip(new_name):
        raise _refused(f"'{new_name}' is the address of the machine", "the platform sets it; choose another name")
    both = sorted(variable.types & index.carriers(new_name))
    if both:
        raise _refused(f"'{both[0]}' has a variable '{new_name}' already", "")
    places = []
    for place, use in index.declarations_and_uses(variable):
        if use is None or use.name == variable.local:
            places.append(place)
    for file, reference in index.references():
        if reference.role is Role.OVERRIDE and reference.name == new_name and reference.type_name in variable.types:
            shown = f"{_shown(index, file.path)}:{reference.span.line}"
            raise _refused(f"an instance of '{reference.owner}' sets '{new_name}' already", f"see {shown}")
    return Renaming(new_name, places)


def _refuse_gaps(index: Index) -> None:
    """Refuse when a line of a file could not be understood, because it could hold the name."""
    for file in index.files.values():
        if file.symbols.gap:
            place = f"{_shown(index, file.path)}:{file.symbols.gap}"
            raise _refused(f"{place} cannot be understood and could hold the name", "mend that line first")


def _shown(index: Index, path: Path) -> str:
    root = index.snapshot.root or index.snapshot.current.path.parent
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _refused(message: str, hint: str) -> RenameRefusedError:
    return RenameRefusedError(f"{message} ({hint})" if hint else message)
