"""From a line to the parts of its instruction: runs the grammar ``commands.lark``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from roboconf_core.dsl.commands.words import FORMS, VERBS, Keywords
from roboconf_core.model.names import Suggestions


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an instruction; an empty one stands where it is missing."""

    text: str
    start: int
    """Offset in the line."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An instruction, as far as its words tell."""

    kind: str
    """Name of its rule in the grammar: ``create``."""
    end: int
    """Length of the line."""
    verb: str = ""
    """Of a bulk instruction."""
    parts: dict[str, Part] = field(default_factory=dict)
    """``first`` before the keyword in the middle, ``second`` behind it, ``parent`` behind ``under``."""


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A line that is no instruction, or not a whole one."""

    recognised: bool
    """Whether it begins like an instruction."""
    start: int
    message: str
    hint: str


def parse_instruction(line: str) -> Parsed | Unparsed:
    """Return the parts of an instruction.

    Args:
        line: Without comments; variables replaced; it begins with no blank.
    """
    try:
        tree = _parser().parse(line)
    except UnexpectedInput as error:
        return _fault(line, error)
    (found,) = tree.children
    assert isinstance(found, Tree)
    return _parsed(found, line)


_SEPARATORS = ("AS", "WITH", "TO", "INTO", "EQUALS")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark.open_from_package(
        "roboconf_core.dsl.commands",
        "commands.lark",
        parser="lalr",
        lexer="basic",
        postlex=Keywords(),
        maybe_placeholders=False,
        keep_all_tokens=True,
    )


def _parsed(tree: Tree[Token], line: str) -> Parsed | Unparsed:
    parts: dict[str, Part] = {}
    verb = ""
    separator: Token | None = None
    behind_under = False
    for child in tree.children:
        if isinstance(child, Tree):
            name = "parent" if behind_under else "second" if separator is not None else "first"
            parts[name] = _part(child, line)
        elif child.type == "VERB":
            verb = str(child)
        elif child.type == "UNDER":
            behind_under = True
        elif child.type == "OF":
            separator = child if verb else None
        elif child.type in _SEPARATORS:
            separator = child
    missing = _needs_a_blank(tree, line)
    if missing is not None:
        return missing
    return Parsed(str(tree.data), len(line), verb, parts)


def _part(tree: Tree[Token], line: str) -> Part:
    tokens = list(tree.scan_values(lambda token: isinstance(token, Token)))
    start = tokens[0].start_pos or 0
    return Part(line[start : tokens[-1].end_pos], start)


def _needs_a_blank(tree: Tree[Token], line: str) -> Unparsed | None:
    """Return the fault of a line that ends right behind a word that something must follow.

    A blank is left where a variable was replaced by nothing: then the part is empty, not forgotten.
    """
    last = tree.children[-1]
    if tree.data in ("email", "execute", "bulk") and isinstance(last, Token) and last.end_pos == len(line):
        form = FORMS.get(str(tree.data))
        usage = form.usage if form else "VERB instances of COMPONENT"
        return Unparsed(True, len(line), f"the line ends behind '{last}'", f"write '{usage}'")
    return None


def _fault(line: str, error: UnexpectedInput) -> Unparsed:
    words = line.lower().split()
    first = words[0]
    keyword = next((word for word in FORMS if first.startswith(word)), None)
    start = error.pos_in_stream if error.pos_in_stream is not None else len(line)
    if keyword is not None:
        usage = FORMS[keyword].usage
        if first != keyword:
            return Unparsed(True, len(keyword), f"no blank stands behind '{keyword}'", f"write '{usage}'")
        return Unparsed(True, _place_of(error, line), _message(error, keyword, line), f"write '{usage}'")
    verb = next((verb for verb in sorted(VERBS, key=len, reverse=True) if " ".join(words).startswith(verb)), None)
    if verb is not None:
        message = f"'{verb}' is followed neither by a path nor by 'instances of COMPONENT'"
        return Unparsed(
            True, min(start, len(line)), message, f"write '{verb} /path' or '{verb} instances of COMPONENT'"
        )
    return Unparsed(False, 0, f"'{_short(line)}' is no instruction", _hint_for(words))


def _place_of(error: UnexpectedInput, line: str) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(line)
    return error.pos_in_stream or 0


def _message(error: UnexpectedInput, keyword: str, line: str) -> str:
    expected: Any = getattr(error, "accepts", None) or getattr(error, "expected", set())
    form = FORMS[keyword]
    if "SLASH_WORD" in expected and "WORD" not in expected:
        return f"'{keyword}' needs the path of an instance here, which begins with '/'"
    if keyword == "change":
        return "this is no whole 'change status of ... to ...'"
    missing = "=" if keyword == "define" else form.separator
    return f"there is no '{missing}' behind '{keyword}'"


def _hint_for(words: list[str]) -> str:
    verbs = ("deploy", "start", "undeploy", "stop")
    if words[0] in verbs and len(words) > 1 and words[1].startswith("/"):
        verb = "deploy and start all" if words[0] in ("deploy", "start") else f"{words[0]} all"
        return f"write '{verb} {words[1]}'"
    known = Suggestions((*FORMS, *VERBS))
    return known.hint_for(" ".join(words[:4])) or known.hint_for(words[0]) or f"instructions begin with {_KNOWN}"


_KNOWN = ", ".join(f"'{word}'" for word in (*FORMS, *sorted({str(verb) for verb in VERBS.values()})))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
