"""Descriptions as Markdown and as HTML pages, from the templates beside this module.

Whatever an application is called or says, it is text on these pages: nothing of it is markup.

Source: CommonMark, "Backslash escapes", "Code spans"; GitHub Flavored Markdown, "Tables".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from roboconf_core.documentation.description import Description, Picture
from roboconf_core.documentation.words import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$!^])")
_NUMBER_OF_ITEM = re.compile(r"^([0-9]+)([.)])(?= |$)")


def to_markdown(description: Description, pictures: Sequence[Picture]) -> str:
    """Return a description as Markdown, with Mermaid in code blocks for pictures."""
    text = _environment(is_html=False).get_template("page.md").render(_variables(description, pictures))
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def to_html(description: Description, pictures: Sequence[Picture]) -> str:
    """Return a description as one HTML page that loads nothing, with SVG for pictures."""
    return _environment(is_html=True).get_template("page.html").render(_variables(description, pictures))


def markdown_text(text: str) -> str:
    """Return a text as Markdown that shows just this text; line ends stay, but begin no paragraph."""
    lines = (_escaped_line(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def markdown_line(text: str) -> str:
    """Return a text as Markdown on one line."""
    return _escaped_line(text)


def markdown_code(text: str) -> str:
    """Return a text as a code span, which may also stand in a table."""
    shown = visible(text)
    if not shown.strip():
        return "(blank)" if shown else "(empty)"
    if "|" in shown or "\\" in shown:  # a code span in a table cannot hold each of them as it is
        return f"<code>{_as_entities(shown)}</code>"
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def anchors(kind: str, names: Iterable[str]) -> dict[str, str]:
    """Return names, each with an id that is unique in a page."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for number, name in enumerate(names, 1):
        plain = f"{kind}-{re.sub(r'[^A-Za-z0-9_-]', '-', name)}"
        found[name] = plain if plain not in used else f"{plain}.{number}"
        used.add(found[name])
    return found


def _variables(description: Description, pictures: Sequence[Picture]) -> dict[str, object]:
    return {
        "it": description,
        "pictures": pictures,
        "components": anchors("component", (each.name for each in description.components)),
        "facets": anchors("facet", (each.name for each in description.facets)),
    }


@lru_cache(maxsize=2)
def _environment(*, is_html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("roboconf_core.documentation"),
        autoescape=is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "text": markdown_text,
        "line": markdown_line,
        "code": markdown_code,
        "visible": visible,
        "paragraph": lambda text: "\n".join(visible(line).strip() for line in text.splitlines()),
        "markup": Markup,  # for pictures, which are made here
    }
    return environment


def _escaped_line(line: str) -> str:
    shown = _SPECIAL.sub(r"\\\1", visible(line).strip())
    shown = _NUMBER_OF_ITEM.sub(r"\1\\\2", shown)
    return re.sub(r"^([-+=])", r"\\\1", shown)


def _as_entities(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9 ]", lambda match: f"&#{ord(match[0])};", text)
