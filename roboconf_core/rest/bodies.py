"""Bodies of requests, checked field by field; unknown fields are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=128)]
Path = Annotated[str, Field(max_length=1024)]
Text = Annotated[str, Field(max_length=4096)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Target(_Body):
    """A target for machines whose component brings none."""

    handler: Name
    id: str = ""
    name: str = ""
    properties: dict[str, Text] = Field(default_factory=dict)


class NewApplication(_Body):
    """An application to be made from a template."""

    name: Name
    template: Name
    version: Name
    description: Text = ""
    default_target: Target | None = None


class NewInstance(_Body):
    """An instance to be added below a parent, or as a root instance."""

    name: Name
    component: Name
    parent: Path = ""
    overrides: dict[str, Text] = Field(default_factory=dict)


class OnPath(_Body):
    """What is meant: a path, or the whole application."""

    path: Path = ""


class Deploy(OnPath):
    """With ``all``, the subtree too."""

    all: bool = True


class Start(OnPath):
    """With ``all``, the subtree too."""

    all: bool = False


class Replicate(_Body):
    """A copy of an instance with its subtree."""

    path: Path
    name: Name


class Scale(_Body):
    """How many replicas of a machine are wanted."""

    path: Path
    to: Annotated[int, Field(ge=0, le=10_000)]


class OnMachine(_Body):
    """The machine that is meant."""

    path: Path
