"""Reads probes, ``*.measures``: the grammar is ``measures.lark``. Nothing in them is ever an error.

Source: Roboconf user guide, "Autonomic Management", "Probes".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from lark import Lark, Token, Tree

from roboconf_core.dsl.properties import read_properties
from roboconf_core.dsl.syntax import BLANKS
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.model.autonomic import Probe, ProbesOfComponent
from roboconf_core.model.names import Suggestions

_HEAD = "[EVENT handler event-name]"
_PARAMETER = re.compile(r"\{\{[\x00-\x20]*([^\x00-\x20{}]+)[\x00-\x20]*\}\}")
_WORD = re.compile(r"[^\x00-\x20]+")
_SHOWN = 60


def read_probes(
    text: str, file: str, *, component: str, parameters: Mapping[str, str] | None = None
) -> tuple[ProbesOfComponent, list[Problem]]:
    """Return the probes of a component and what deserves a look, from top to bottom; nothing is raised.

    Args:
        text: Decoded content.
        file: How the file is called in problems.
        component: Whose instances are measured.
        parameters: Values that the text speaks of; None when they are not known, so that none is looked up.
    """
    text = text.removeprefix("\ufeff").replace("\r", "")
    tree = _parser().parse(text)
    values = parameters or {}
    probes = tuple(_probes(tree, values, file))
    problems = list(_check_sections(tree, file))
    if parameters is not None:
        problems += _check_parameters(text, parameters, file)
    problems.sort(key=lambda problem: (problem.where.line, problem.where.column) if problem.where else (0, 0))
    return ProbesOfComponent(component=component, probes=probes, parameters=dict(values)), problems


def read_parameters(text: str, file: str) -> tuple[dict[str, str], list[Problem]]:
    """Return the parameters of some probes, trimmed, and what cannot be read of them.

    Args:
        text: Content of a ``*.measures.properties``.
        file: How the file is called in problems.
    """
    found = read_properties(text)
    problems = [
        Problem(
            Code.PROBE_IO_ERROR,
            f"'{escape.text}' is no escape: four hexadecimal digits must follow '\\u'",
            Where(file=file, line=escape.line),
            "write a backslash twice",
        )
        for escape in found.malformed
    ]
    return {key: value.strip(BLANKS) for key, value in found.values.items()}, problems


def filled(text: str, parameters: Mapping[str, str]) -> str:
    """Return a text with values in place of ``{{ key }}``; unknown keys stay as they are."""
    return _PARAMETER.sub(lambda match: parameters.get(match[1], match[0]), text)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark.open_from_package("roboconf_core.dsl.autonomic", "measures.lark", parser="lalr", lexer="contextual")


def _probes(tree: Tree[Token], parameters: Mapping[str, str], file: str) -> Iterator[Probe]:
    for head, *lines in _sections(tree):
        if head.type == "HEAD":
            _, handler, event = _without_brackets(head, parameters)
            content = "\n".join(line.strip(BLANKS) for line in lines)
            yield Probe(
                handler=handler, event=event, text=filled(content, parameters).strip(BLANKS), where=_where(head, file)
            )


def _without_brackets(head: Token, parameters: Mapping[str, str]) -> list[str]:
    """Return the three words of a head, with the values of parameters."""
    words = _PARAMETER.sub(lambda match: "{{" + match[1] + "}}", head.strip(BLANKS)[1:-1])
    return [filled(word, parameters) for word in _WORD.findall(words)]


def _sections(tree: Tree[Token]) -> Iterator[list[Token]]:
    for child in tree.children:
        if isinstance(child, Tree) and child.data == "section":
            yield [token for token in child.children if isinstance(token, Token)]


def _check_sections(tree: Tree[Token], file: str) -> Iterator[Problem]:
    outside = [child.children[0] for child in tree.children if isinstance(child, Tree) and child.data == "outside"]
    if outside and isinstance(outside[0], Token):
        more = f", and {len(outside) - 1} more" if len(outside) > 1 else ""
        message = f"nothing reads this line{more}: no section begins above it"
        hint = f"write a line '{_HEAD}' before it"
        yield Problem(Code.PROBE_LINE_OUTSIDE_OF_SECTION, message, _where(outside[0], file), hint)
    for head, *_ in _sections(tree):
        if head.type == "BROKEN_HEAD":
            message = f"nothing reads this section: '{head.strip(BLANKS)[:_SHOWN]}' is no head of one"
            yield Problem(
                Code.PROBE_INVALID_SECTION, message, _where(head, file), f"write '{_HEAD}', alone on its line"
            )


def _check_parameters(text: str, parameters: Mapping[str, str], file: str) -> Iterator[Problem]:
    """Yield parameters without a value, each where it is used first."""
    suggestions = Suggestions(parameters)
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(BLANKS).startswith("#"):
            continue
        for match in _PARAMETER.finditer(line):
            key = match[1]
            if key in parameters or key in seen:
                continue
            seen.add(key)
            place = Where(file=file, line=number, column=match.start() + 1)
            hint = suggestions.hint_for(key) or f"add a line '{key} = VALUE' to {file.rpartition('/')[2]}.properties"
            yield Problem(Code.PROBE_UNKNOWN_PARAMETER, f"the parameter '{key}' has no value", place, hint)


def _where(token: Token, file: str) -> Where:
    return Where(file=file, line=token.line or 0, column=token.column or 0)
