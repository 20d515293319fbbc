"""From a line to the parts of its instruction: runs the grammar ``commands.lark``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from roboconf_core.dsl.commands.hints import Hints
from roboconf_core.dsl.commands.words import FORMS, VERBS, Keywords


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an instruction; an empty one stands where it is missing."""

    text: str
    start: int
    """Offset in the line."""

    @property
    def end(self) -> int:
        """Offset right behind it."""
        return self.start + len(self.text)


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


def parse_instruction(line: str, hints: Hints | None = None) -> Parsed | Unparsed:
    """Return the parts of an instruction.

    Args:
        line: Without comments; variables replaced; it begins with no blank.
        hints: Of the commands that it is one of.
    """
    try:
        tree = _parser().parse(line)
    except UnexpectedInput as error:
        return _fault(line, error, hints or Hints())
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


def _fault(line: str, error: UnexpectedInput, hints: Hints) -> Unparsed:
    words = [word.lower() for word in _WORD.findall(line)]
    first = words[0]
    keyword = next((word for word in FORMS if first.startswith(word)), None)
    if keyword is not None:
        hint = f"write '{FORMS[keyword].usage}'"
        if first != keyword:
            message = f"no blank stands behind '{keyword}'"
            if line[len(keyword)].isspace():
                message = f"behind '{keyword}' stands no plain blank, but the character U+{ord(line[len(keyword)]):04X}"
            return Unparsed(True, len(keyword), message, hint)
        return Unparsed(True, _place_of(error, line), _message(error, keyword), hint)
    start = " ".join(words[:_LONGEST_VERB])
    verb = next((verb for verb in _VERBS if start.startswith(verb)), None)
    if verb is not None:
        message = f"'{verb}' is followed neither by a path nor by 'instances of COMPONENT'"
        hint = f"write '{verb} /path' or '{verb} instances of COMPONENT'"
        return Unparsed(True, _place_of(error, line), message, hint)
    return Unparsed(False, 0, f"'{_short(line)}' is no instruction", _hint_for(words, hints))


_WORD = re.compile(r"[^ \t\n\v\f\r]+")
_VERBS = sorted(VERBS, key=len, reverse=True)
_LONGEST_VERB = max(len(verb.split()) for verb in VERBS)


def _place_of(error: UnexpectedInput, line: str) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(line)
    return min(error.pos_in_stream or 0, len(line))


def _message(error: UnexpectedInput, keyword: str) -> str:
    expected = (error.accepts or error.expected) if isinstance(error, UnexpectedToken) else set()
    if "SLASH_WORD" in expected and "WORD" not in expected:
        return f"'{keyword}' needs the path of an instance here, which begins with '/'"
    if keyword == "change":
        return "this is no whole 'change status of ... to ...'"
    missing = "=" if keyword == "define" else FORMS[keyword].separator
    return f"there is no '{missing}' behind '{keyword}'"


def _hint_for(words: list[str], hints: Hints) -> str:
    if words[0] in ("deploy", "start", "undeploy", "stop") and len(words) > 1 and words[1].startswith("/"):
        verb = "deploy and start all" if words[0] in ("deploy", "start") else f"{words[0]} all"
        return f"write '{verb} {words[1]}'"
    hint = hints.did_you_mean(" ".join(words[:_LONGEST_VERB]), _STARTS) or hints.did_you_mean(words[0], _STARTS)
    return hint or f"instructions begin with {_KNOWN}"


_STARTS = (*FORMS, *VERBS)
_KNOWN = ", ".join(f"'{word}'" for word in (*FORMS, *sorted({str(verb) for verb in VERBS.values()})))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
