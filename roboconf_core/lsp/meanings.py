"""What a name in a file can stand for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from roboconf_core.dsl.symbols import Definition, Span
from roboconf_core.model.graph import ExportedVariable


class Location(NamedTuple):
    """A part of a file."""

    path: Path
    span: Span


class Declaration(NamedTuple):
    """Where a type declares a variable."""

    type_name: str
    variable: ExportedVariable
    place: Location
    """Of its local name."""


class Type(NamedTuple):
    """A component or facet."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """An exported variable, with all types that have it."""

    local: str
    types: frozenset[str]
    seen_as: str
    """The type that it was asked through."""


class File(NamedTuple):
    """A file that another one names."""

    path: Path


class OneInstance(NamedTuple):
    """An instance."""

    definition: Definition


Meaning = Type | Variable | File | OneInstance


class Found(NamedTuple):
    """What stands at a place."""

    meaning: Meaning
    span: Span
