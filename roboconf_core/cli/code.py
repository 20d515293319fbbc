"""``roboconf code``: what a code means, why it matters, and how to mend what it found."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roboconf_core.cli.options import Json
from roboconf_core.errors import Code, NotFoundError
from roboconf_core.model.names import Suggestions

if TYPE_CHECKING:
    from roboconf_core.explanations.reader import Explanation, Sample

_WIDTH = 88
_INDENT = "    "
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
MAX_LINES = 40
"""Lines that are shown of the file of a sample; the middle of a longer one is left out."""


def code(
    name: Annotated[
        str | None,
        typer.Argument(metavar="CODE", help="A code, such as CO_INEXISTING_CHILD, in any case.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Explain a code: why it is a problem, what to do, a sample that is wrong and one that is right.

    Without a code, list all of them.
    """
    from roboconf_core.cli.output import print_json, print_table

    if name is not None:
        _explain(code_named(name), json=json)
    elif json:
        print_json([_summary(each) for each in Code])
    else:
        print_table(("CODE", "SEVERITY", "MEANING"), [(each, each.severity, each.title) for each in Code])


def code_named(name: str) -> Code:
    """Return the code of a name, whatever the case of its letters.

    Raises:
        NotFoundError: If there is none.
    """
    wanted = name.strip().upper()
    if wanted in Code.__members__:
        return Code[wanted]
    hint = Suggestions(Code).hint_for(wanted) or "`roboconf code` lists all codes"
    raise NotFoundError(f"there is no code '{name}'", hint=hint)


def text_of(explanation: Explanation) -> str:
    """Return the page of a code as it is shown on a terminal."""
    return "\n".join(_lines(explanation))


def shown_part(text: str) -> str:
    """Return the text of a file without the middle of a very long one."""
    lines = text.splitlines()
    if len(lines) <= MAX_LINES:
        return text
    begin, end = lines[: MAX_LINES // 2], lines[-(MAX_LINES // 4) :]
    left_out = len(lines) - len(begin) - len(end)
    return "\n".join([*begin, f"... ({left_out} more lines like these)", *end]) + "\n"


def _explain(wanted: Code, *, json: bool) -> None:
    from roboconf_core.cli.output import print_json
    from roboconf_core.explanations.reader import explanation_of

    explanation = explanation_of(wanted)
    if not json:
        print(text_of(explanation))
        return
    samples = {"wrong": explanation.wrong, "right": explanation.right}
    print_json(
        {
            **_summary(wanted),
            "why": explanation.why,
            "mend": explanation.mend,
            "shell": explanation.shell,
            **{kind: dict(sample.files) if sample else {} for kind, sample in samples.items()},
        }
    )


def _summary(each: Code) -> dict[str, Any]:
    return {"code": str(each), "severity": str(each.severity), "title": each.title}


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.code}: {explanation.code.severity}"
    yield f"{explanation.code.title[0].upper()}{explanation.code.title[1:]}."
    yield f"\n{_wrapped(explanation.why)}"
    if explanation.shell:
        yield f"\n{textwrap.indent(explanation.shell, _INDENT)}"
    if explanation.wrong:
        yield from _sample("Wrong", explanation.wrong)
    yield f"\nWhat to do\n\n{_wrapped(explanation.mend)}"
    if explanation.right:
        yield from _sample("Right", explanation.right)


def _sample(title: str, sample: Sample) -> Iterator[str]:
    yield f"\n{title}"
    for name, text in sample.files.items():
        yield f"\n  {name}"
        yield textwrap.indent(shown_part(text).rstrip("\n").expandtabs(4), _INDENT)


def _wrapped(text: str) -> str:
    plain = _LINK.sub(r"\1", text)
    return "\n\n".join(textwrap.fill(paragraph, _WIDTH, break_on_hyphens=False) for paragraph in plain.split("\n\n"))
