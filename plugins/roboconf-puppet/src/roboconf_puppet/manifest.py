"""Finds the classes of a Puppet manifest and their parameters.

Not a parser: it tells comments, strings, heredocs and regular expressions from the rest,
counts brackets, and so reads the heads of classes in any manifest, sound or not.

Source: Puppet documentation, "Language: Classes", "Language: Data types: Strings".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple


class PuppetClass(NamedTuple):
    """The head of a class that has a list of parameters; lines and columns count from 1."""

    name: str
    parameters: tuple[str, ...]
    """Names without ``$``."""
    line: int
    column: int


def classes_of(text: str) -> Iterator[PuppetClass]:
    """Yield the classes of a manifest that have a list of parameters, an empty one included."""
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    tokens = _significant_tokens(text)
    keyword = name = None
    for token in tokens:
        if name is not None and token.text == "(":
            line = bisect_right(lines, name.start)
            column = name.start - lines[line - 1] + 1
            yield PuppetClass(name.text.removeprefix("::"), _parameters(tokens), line, column)
            keyword = name = None
        elif keyword is not None and name is None and token.kind is _Kind.WORD:
            name = token
        else:
            keyword, name = (token if token.text == "class" else None), None


class _Kind(Enum):
    NEWLINE = auto()
    SKIPPED = auto()
    HEREDOC = auto()
    STRING = auto()
    VARIABLE = auto()
    WORD = auto()
    SIGN = auto()


class _Token(NamedTuple):
    kind: _Kind
    text: str
    start: int


# What is not closed goes on to the end of the text, so that no character is looked at twice.
_TOKEN = re.compile(
    r"""
      (?P<NEWLINE>  \n )
    | (?P<SKIPPED>  [^\S\n]++ | \#[^\n]*+ | /\*(?:.*?\*/|.*) )
    | (?P<HEREDOC>  @\([^()\n]{1,200}\) )
    | (?P<STRING>   '(?:[^'\\]|\\.)*+'? | "(?:[^"\\]|\\.)*+"? )
    | (?P<VARIABLE> \$(?:::)?\w++(?:::\w++)*+ )
    | (?P<WORD>     (?:::)?\w++(?:::\w++)*+ )
    | (?P<SIGN>     . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_REGULAR_EXPRESSION = re.compile(r"/(?:[^/\\\n]|\\[^\n])*+/?")


def _parameters(tokens: Iterator[_Token]) -> tuple[str, ...]:
    """Read on to the bracket that closes a list of parameters, and return their names."""
    names: list[str] = []
    depth, named = 0, False
    for token in tokens:
        if token.text in (")", "]", "}"):
            depth -= 1
            if depth < 0:
                break
        elif token.text in ("(", "[", "{"):
            depth += 1
        elif depth == 0 and token.text == ",":
            named = False
        elif depth == 0 and token.kind is _Kind.VARIABLE and not named:
            names.append(token.text.removeprefix("$"))
            named = True
    return tuple(names)


def _significant_tokens(text: str) -> Iterator[_Token]:
    """Yield tokens without blanks, comments and the texts of heredocs."""
    position = 0
    ends: list[str] = []
    value_before = False
    while position < len(text):
        match = None if value_before or text[position] != "/" else _regular_expression_at(text, position)
        if match is not None:
            token = _Token(_Kind.STRING, match[0], position)
        else:
            match = _TOKEN.match(text, position)
            assert match is not None, "the last alternative takes any character"
            token = _Token(_Kind[match.lastgroup or ""], match[0], position)
        position = match.end()
        if token.kind is _Kind.NEWLINE:
            for end in ends:
                position = _behind_heredoc(text, position, end)
            ends.clear()
        elif token.kind is not _Kind.SKIPPED:
            if token.kind is _Kind.HEREDOC:
                ends.append(re.split(r"[:/]", token.text[2:-1], maxsplit=1)[0].strip(' \t"'))
            value_before = token.kind is not _Kind.SIGN or token.text in (")", "]")
            yield token


def _regular_expression_at(text: str, position: int) -> re.Match[str] | None:
    is_comment = text.startswith("/*", position)
    return None if is_comment else _REGULAR_EXPRESSION.match(text, position)


def _behind_heredoc(text: str, position: int, end: str) -> int:
    """Return where the line behind the end of a heredoc begins, or the end of the text."""
    closing = re.compile(rf"^[ \t]*(?:\|[ \t]*)?(?:-[ \t]*)?{re.escape(end)}[ \t\r]*$", re.MULTILINE)
    match = closing.search(text, position)
    return len(text) if match is None else min(match.end() + 1, len(text))
