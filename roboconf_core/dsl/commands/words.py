"""Tells the keywords of an instruction from words that only look like them.

The first words of a line choose the instruction; which later words are keywords depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token
from lark.lark import PostLex

from roboconf_core.model.commands import Verb

VERBS = {**{verb.value: verb for verb in Verb}, "delete all": Verb.DELETE}
"""Words of a bulk instruction to what it does."""


@dataclass(frozen=True, slots=True)
class Form:
    """How an instruction is written."""

    usage: str
    separator: str = ""
    """The keyword between its parts."""
    first: bool = False
    """Whether the first one counts rather than the last one."""
    has_parent: bool = False
    """Whether it may end in ``under PATH``."""


FORMS = {
    "create": Form("create COMPONENT as NAME under PATH", "as", has_parent=True),
    "replicate": Form("replicate PATH as NAME", "as"),
    "rename": Form("rename PATH as NAME", "as"),
    "associate": Form("associate PATH with TARGET-ID", "with"),
    "change": Form("change status of PATH to STATUS", "to"),
    "email": Form("email ADDRESS, ADDRESS with MESSAGE", "with", first=True),
    "define": Form("define NAME = VALUE under PATH", has_parent=True),
    "write": Form("write TEXT into FILE", "into"),
    "append": Form("append TEXT into FILE", "into"),
    "execute": Form("execute COMMANDS"),
}
"""First word of an instruction to its form; bulk instructions begin with one of ``VERBS``."""


class Keywords(PostLex):
    """Gives the words of a line the types that the grammar expects."""

    always_accept = ("WORD", "SLASH_WORD", "EQUALS")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield the tokens of one line with keywords told apart."""
        tokens = list(stream)
        words = [token.lower() for token in tokens]
        if not tokens:
            return iter(())
        if words[0] in FORMS:
            _mark_instruction(tokens, words, FORMS[words[0]])
            return iter(tokens)
        return _bulk(tokens, words)


def _mark_instruction(tokens: list[Token], words: list[str], form: Form) -> None:
    tokens[0].type = words[0].upper()
    start = 1
    if words[0] == "change":
        for position, keyword in ((1, "status"), (2, "of")):
            if words[position : position + 1] == [keyword]:
                tokens[position].type = keyword.upper()
                start = position + 1
    if words[0] == "define" and "=" in words:
        start = words.index("=") + 1
    end = len(tokens)
    if form.has_parent:
        found = [n for n in range(start, end - 1) if words[n] == "under" and tokens[n + 1].type == "SLASH_WORD"]
        if found:
            end = found[-1]
            tokens[end].type = "UNDER"
    if form.separator:
        found = [n for n in range(start, end) if words[n] == form.separator]
        if found:
            tokens[found[0] if form.first else found[-1]].type = form.separator.upper()


def _bulk(tokens: list[Token], words: list[str]) -> Iterator[Token]:
    """Yield one token for the words of the verb, then the rest."""
    for length in (4, 3, 2, 1):
        verb = " ".join(words[:length])
        if len(words) >= length and verb in VERBS:
            last = tokens[length - 1]
            merged = Token.new_borrow_pos("VERB", verb, tokens[0])
            merged.end_pos = last.end_pos
            yield merged
            rest = tokens[length:]
            for position, keyword in enumerate(("instances", "of")):
                if words[length + position : length + position + 1] != [keyword]:
                    break
                rest[position].type = keyword.upper()
            yield from rest
            return
    yield from tokens
