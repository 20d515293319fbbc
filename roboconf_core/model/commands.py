"""Instructions of commands, as values: what an operator may ask of an application.

Paths are those of instances, ``/vm/tomcat``; an empty parent is the root level.

Source: Roboconf user guide, "Commands".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from roboconf_core.model.lifecycle import Status


class Verb(StrEnum):
    """What is done to an instance with all below it, or to all instances of a component."""

    DEPLOY_AND_START = "deploy and start all"
    STOP = "stop all"
    UNDEPLOY = "undeploy all"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Add an instance, not deployed."""

    component: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """Copy a root instance with all below it."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Give an instance another name."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Associate:
    """Let a machine be created by a target."""

    path: str
    target_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStatus:
    """Ask for a stable status of one instance."""

    path: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Apply a verb to an instance with all below it, or to all instances of a component."""

    verb: Verb
    path: str = ""
    component: str = ""
    """Given instead of a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """Send a message; a first line ``Subject: ...`` is its subject."""

    recipients: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Define:
    """Give a variable a value; done while the commands are read."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Write a text into a file of the deployment manager's machine."""

    text: str
    file: str
    append: bool = False
    """Whether the text is added to the file rather than put in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """Execute other commands of the application."""

    command: str
    """Name of a file in ``commands/``, without its extension."""


Instruction = Create | Replicate | Rename | Associate | ChangeStatus | Bulk | Email | Define | WriteFile | Execute


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """One instruction and where it stands."""

    instruction: Instruction
    line: int
    """Counted from 1."""
    disabled: bool = False
    """True when a variable has no value, because nothing matches: the instruction is skipped."""
