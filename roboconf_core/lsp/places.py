"""Which part of a file a problem is shown at."""

from __future__ import annotations

import re

from roboconf_core.dsl.symbols import Role, Span
from roboconf_core.dsl.syntax import BLANKS
from roboconf_core.errors import Code, Problem, Where
from roboconf_core.lsp.documents import Language
from roboconf_core.lsp.library import ReadFile

_WORD = re.compile(r"[^\s,;:{}#\"=]+")
_QUOTED = re.compile(r"'([^']+)'")
_LISTS = (Role.EXTENDS, Role.FACETS, Role.CHILDREN)
_OF_LISTS = frozenset({Code.CO_INEXISTING_CHILD, Code.CO_INEXISTING_COMPONENT, Code.CO_INEXISTING_FACET})


def shown_part(file: ReadFile, problem: Problem) -> Span:
    """Return the part of a file that a problem is shown at.

    A name that does not exist is shown where it is used, though its problem is that of the whole block.
    """
    if problem.where and problem.code in _OF_LISTS and file.language is Language.GRAPH:
        used = _used_in_block(file, _QUOTED.findall(problem.message), problem.where.line)
        if used is not None:
            return used
    return _at(file.text.lines, problem.where)


def _used_in_block(file: ReadFile, words: list[str], line: int) -> Span | None:
    """Return where a list of a block holds one of some words; the list itself is one of them."""
    owner = next((block.name for block in file.parsed.blocks if block.line == line), "") if file.parsed else ""
    for reference in file.symbols.references:
        if reference.role in _LISTS and reference.owner == owner and {reference.name, reference.role} <= set(words):
            return reference.span
    return None


def _at(lines: list[str], where: Where | None) -> Span:
    """Return what stands at a place: the head of a block, a word, or the whole line."""
    line = where.line if where else 0
    if where is None or not 1 <= line <= len(lines):
        last = len(lines)
        return Span(max(min(line, last), 1), 1, len(lines[0]) if line < 1 else 0)
    text = lines[line - 1]
    instruction = text.partition("#")[0].rstrip(BLANKS)
    indent = len(instruction) - len(instruction.lstrip(BLANKS))
    start = where.column - 1
    if start < 0:
        return Span(line, indent + 1, len(instruction) - indent)
    if start == indent and "{" in instruction:
        return Span(line, where.column, len(instruction[start:].partition("{")[0].rstrip(BLANKS)) or 1)
    if match := _WORD.match(text, start):
        return Span(line, where.column, len(match[0]))
    start = min(start, len(text))
    return Span(line, start + 1, 1) if start < len(text) else Span(line, max(start, 1), min(1, start))
