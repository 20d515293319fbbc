"""Reads a rule, ``*.drl``: the grammar is ``rules.lark``.

Source: Roboconf user guide, "Autonomic Management".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from roboconf_core.errors import Code, Problem, Where, has_errors
from roboconf_core.model.autonomic import Rule
from roboconf_core.model.names import Suggestions

_EXAMPLE = 'rule "name" when event then commands end'
_SPARED_OR_COMMENT = re.compile(r'"[^"\n]*"|/\*(?:.*?\*/|(?P<endless>.*))|#[^\n]*|(?<!:)//[^\n]*', re.DOTALL)
_WORD = re.compile(r"\S+")
_KEYWORDS = ("rule", "when", "then", "end")
_LONGEST_NUMBER = 9
_IGNORED_ATTRIBUTE = re.compile(r"occurrences\s+is\s+[0-9]+", re.IGNORECASE)
"""The original's documentation speaks of it, but it never had an effect."""
_COMBINATION = re.compile(r"\n|\s(?:and|or|when|&&|\|\|)\s", re.IGNORECASE)


def read_rule(text: str, file: str) -> tuple[Rule | None, list[Problem]]:
    """Return the rule of a file and what is wrong with it; nothing is raised.

    Args:
        text: Decoded content.
        file: How the file is called in problems.

    Returns:
        The rule, None when there is an error; the problems from top to bottom.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    endless = next((match for match in _SPARED_OR_COMMENT.finditer(text) if match["endless"] is not None), None)
    if endless is not None:
        where = _where_of(text, endless.start(), file)
        return None, [Problem(Code.RULE_INVALID_SYNTAX, "the comment has no end", where, "write '*/' behind it")]
    text = _without_comments(text)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        return None, [_syntax_problem(error, text, file)]
    reader = _Reader(tree, text, file)
    problems = list(reader.check())
    return (None if has_errors(problems) else reader.rule()), problems


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark.open_from_package(
        "roboconf_core.dsl.autonomic", "rules.lark", parser="lalr", lexer="contextual", maybe_placeholders=False
    )


def _without_comments(text: str) -> str:
    """Return the text with blanks in place of its comments, so that places stay what they are."""
    return _SPARED_OR_COMMENT.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    found = match[0]
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)


class _Reader:
    """Takes a parsed rule apart."""

    def __init__(self, tree: Tree[Token], text: str, file: str) -> None:
        self._text = text
        self._file = file
        _, self._name, attributes, self._when, event, self._then, commands, self._end = cast("list[Any]", tree.children)
        self._attributes = _tokens(attributes)
        self._words_of_event = _tokens(event)
        self._commands = [_tokens(child) for child in commands.children if isinstance(child, Tree)]
        self._event = self._between(self._words_of_event)

    def rule(self) -> Rule:
        """Return the rule; only to be asked when there is no error."""
        return Rule(
            name=self._name[1:-1].strip(),
            event=self._event,
            commands=tuple(self._between(words) for words in self._commands),
            sleep_period_s=self._seconds("SLEEP_PERIOD") or 0,
            time_window_s=self._seconds("TIME_WINDOW"),
            where=self._where(self._name),
            command_places=tuple(self._where(words[0]) for words in self._commands),
        )

    def check(self) -> Iterator[Problem]:
        """Yield what is wrong, from top to bottom."""
        if not self._name[1:-1].strip():
            yield self._problem(Code.RULE_EMPTY_NAME, self._name, "the rule has no name", f"write {_EXAMPLE}")
        yield from self._check_attributes()
        if not self._event:
            message = "the rule waits for no event: nothing stands between 'when' and 'then'"
            yield self._empty(Code.RULE_EMPTY_WHEN, self._when, self._then, message, "name the event of a probe")
        elif _COMBINATION.search(self._event):
            message = f"a rule waits for one event, but '{' '.join(self._event.split())}' reads as several"
            hint = "it is taken as one name, which no probe can send: write a rule for each event"
            yield self._problem(Code.RULE_SEVERAL_EVENTS, self._words_of_event[0], message, hint)
        if not self._commands:
            message = "the rule does nothing: nothing stands between 'then' and 'end'"
            yield self._empty(Code.RULE_EMPTY_THEN, self._then, self._end, message, "name commands, one per line")
        for words in self._commands:
            yield from self._check_command(words)

    def _check_attributes(self) -> Iterator[Problem]:
        for line in _by_line([token for token in self._attributes if token.type == "OTHER"]):
            said = self._between(line)
            if not _IGNORED_ATTRIBUTE.fullmatch(said):
                hint = "the attributes are 'sleep period is 30s' and 'time window is 5s', in seconds"
                yield self._problem(Code.RULE_UNKNOWN_ATTRIBUTE, line[0], f"'{said}' has no effect", hint)
        for token in self._attributes:
            number, unit = _number_of(token)
            if token.type != "OTHER" and len(number) > _LONGEST_NUMBER:
                message = f"'{number[:_LONGEST_NUMBER]}...' is no number of seconds that can be meant"
                yield self._problem(Code.RULE_INVALID_SYNTAX, token, message)
            elif token.type != "OTHER" and unit.lower() not in ("", "s"):
                message = f"'{unit}' has no effect: the number counts seconds"
                yield self._problem(Code.RULE_UNKNOWN_ATTRIBUTE, token, message, f"write '{number}s'")

    def _check_command(self, words: Sequence[Token]) -> Iterator[Problem]:
        for word, following in itertools.pairwise(words):
            if word.lower() == "rule" and following.startswith('"'):
                message = f"a file holds one rule, but another one begins here: {following}"
                yield self._problem(Code.RULE_INVALID_SYNTAX, word, message, "write it into a file of its own")

    def _empty(self, code: Code, before: Token, behind: Token, message: str, hint: str) -> Problem:
        """Return the problem of an empty section; the original needs three blanks to see it as one."""
        blanks = (behind.start_pos or 0) - (before.end_pos or 0)
        return self._problem(code if blanks >= 3 else Code.RULE_INVALID_SYNTAX, before, message, hint)

    def _seconds(self, kind: str) -> int | None:
        found = next((token for token in self._attributes if token.type == kind), None)
        return None if found is None else int(_number_of(found)[0])

    def _between(self, words: Sequence[Token]) -> str:
        return self._text[words[0].start_pos : words[-1].end_pos] if words else ""

    def _problem(self, code: Code, token: Token, message: str, hint: str = "") -> Problem:
        return Problem(code, message, self._where(token), hint)

    def _where(self, token: Token) -> Where:
        return Where(file=self._file, line=token.line or 0, column=token.column or 0)


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _by_line(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in tokens:
        if line and token.line != line[0].line:
            yield line
            line = []
        line.append(token)
    if line:
        yield line


def _number_of(token: Token) -> tuple[str, str]:
    """Return the number of an attribute, as text, and what is written behind it."""
    value = token.split()[-1]
    unit = value.lstrip("0123456789")
    return value[: len(value) - len(unit)], unit


def _syntax_problem(error: UnexpectedInput, text: str, file: str) -> Problem:
    """Return the problem of a text that is no rule, at the place where it stops being one."""
    expected = _expected(error)
    where = Where(file=file, line=max(error.line, 1), column=max(error.column, 1))
    if "RULE" in expected:
        found = _WORD.search(text)
        if found is None:
            where = Where(file=file, line=1, column=1)
            return Problem(Code.RULE_INVALID_SYNTAX, "the file holds no rule", where, f"write {_EXAMPLE}")
        message = f"a rule begins with 'rule \"name\"', not with '{found[0][:40]}'"
        return Problem(Code.RULE_INVALID_SYNTAX, message, where, f"write {_EXAMPLE}")
    if "NAME" in expected:
        return Problem(Code.RULE_INVALID_SYNTAX, "the name of a rule stands in quotes", where, f"write {_EXAMPLE}")
    keyword = next(name for name in ("WHEN", "THEN", "END") if name in expected).lower()
    return _missing_keyword(keyword, where, text, file)


def _expected(error: UnexpectedInput) -> frozenset[str]:
    if isinstance(error, UnexpectedToken):
        return frozenset(error.expected)
    return frozenset(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else frozenset()


def _missing_keyword(keyword: str, where: Where, text: str, file: str) -> Problem:
    """Return the problem of a text that ends too early, at what may be the misspelt keyword."""
    message, hint = f"the rule has no '{keyword}'", f"write {_EXAMPLE}"
    close = Suggestions([keyword])
    name = re.search(r'"[^"\n]*"', text)
    words = list(_WORD.finditer(text, name.end() if name else 0))
    ends = [word for word in words if word[0].lower().rstrip(";") == "end"] if keyword == "end" else []
    misspelt = (word for word in words if word[0].lower() not in _KEYWORDS and close.closest(word[0]))
    if ends:
        where = _where_of(text, ends[-1].start(), file)
        message, hint = "something stands behind the 'end' of the rule", "a file holds one rule, and nothing else"
    elif found := next(misspelt, None):
        where, hint = _where_of(text, found.start(), file), f"did you mean '{keyword}'?"
    return Problem(Code.RULE_INVALID_SYNTAX, message, where, hint)


def _where_of(text: str, at: int, file: str) -> Where:
    return Where(file=file, line=text.count("\n", 0, at) + 1, column=at - text.rfind("\n", 0, at))
