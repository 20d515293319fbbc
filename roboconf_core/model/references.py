"""References in values: ``$(ROBOCONF_INSTANCE_NAME)`` and four others stand for the instance whose value it is.

Anything else in ``$(...)`` is text like any other; it may mean something to a recipe.

Source: Roboconf user guide, "Graph Definition", "Variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.instance import clean_path, clean_reversed_path
from roboconf_core.model.names import Suggestions

_REFERENCE = re.compile(r"\$\(([A-Z_]+)\)")
_OURS = re.compile(r"\$\((ROBOCONF_[^()$]*)\)")
"""What was probably meant to be a reference."""


def references_of(component: str, name: str, path: str) -> dict[str, str]:
    """Return what the references stand for in the values of one instance."""
    return {
        "ROBOCONF_INSTANCE_NAME": name,
        "ROBOCONF_INSTANCE_PATH": path,
        "ROBOCONF_CLEAN_INSTANCE_PATH": clean_path(path),
        "ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH": clean_reversed_path(path),
        "ROBOCONF_COMPONENT_NAME": component,
    }


REFERENCES = tuple(references_of("", "", ""))
"""All names that stand for something."""


def substitute(value: str, references: Mapping[str, str]) -> str:
    """Return a value in which references are replaced; unknown ones stay."""
    if "$(" not in value:
        return value
    return _REFERENCE.sub(lambda match: references.get(match[1], match[0]), value)


def check_references(owner: str, value: str, where: Where | None) -> Iterator[Problem]:
    """Yield references that look like those of the platform, but stand for nothing.

    Args:
        owner: Whose value it is, as named in problems.
        value: As written.
        where: Its place.
    """
    if "$(ROBOCONF_" not in value:
        return
    for name in dict.fromkeys(_OURS.findall(value)):
        if name not in REFERENCES:
            message = f"the value of {owner} refers to '$({name})', which stands for nothing"
            hint = Suggestions(REFERENCES).hint_for(name) or f"there are {', '.join(REFERENCES)}"
            yield Problem(Code.RM_UNKNOWN_REFERENCE, message, where, hint)
