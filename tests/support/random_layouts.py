"""Random layouts: texts that say the same as another one, but look different."""

import re

from hypothesis import strategies as st

indents = st.text(" \t\x0b", max_size=4)
comments = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=12).map("#{}".format)
tails = st.one_of(st.just(""), st.builds("{}{}".format, indents, comments))
spare_lines = st.lists(indents | st.builds("{}{}".format, indents, comments), max_size=3)
line_ends = st.sampled_from(["\n", "\r\n"])
cases = st.sampled_from([str, str.upper, str.title])

_HEAD = re.compile(r"(facet |instance of )?(.+) \{")
_PROPERTY = re.compile(r"([^:]+): (.*);")


@st.composite
def layouts_of(draw, text):
    """Return a text with the same properties and blocks; comments that were there stay, others come in between."""
    written = [draw(st.sampled_from(["", "\ufeff"]))]
    for line in text.removesuffix("\n").split("\n"):
        spare = draw(spare_lines)
        content = line if line.startswith("#") else _line(draw, line.strip("\t"))
        written += [f"{each}{draw(line_ends)}" for each in [*spare, draw(indents) + content]]
    last = "".join(written)
    return last if draw(st.booleans()) else last.rstrip("\r\n")


def _line(draw, line):
    if head := _HEAD.fullmatch(line):
        keyword, name = head[1] or "", head[2]
        keyword = draw(cases)(keyword) + draw(indents) if keyword else ""
        gap = draw(indents if keyword or name.lower() not in ("facet", "import") else st.just(""))
        line = f"{keyword}{name}{gap}{{{draw(st.sampled_from(['', '{', ' {']))}"
    elif found := _PROPERTY.fullmatch(line):
        line = f"{found[1]}{draw(indents)}:{draw(indents)}{found[2]};"
    elif not line:
        return draw(indents)
    return line + draw(indents) + draw(tails)
