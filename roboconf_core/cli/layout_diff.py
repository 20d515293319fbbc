"""The patch between a text and its formatted form.

Formatting changes lines and drops empty ones, but moves none. So nothing needs to be searched: the time grows with the
number of lines, where a general comparison would take minutes for large files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_Opcode = tuple[str, int, int, int, int]


def unified_diff(shown: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a patch, each with its line end; none when the texts are equal.

    Args:
        shown: Name of the file.
        before: Any text.
        after: The same text formatted.
    """
    old, new = _lines(before), _lines(after)
    matcher = SequenceMatcher(None, "", "")
    matcher.opcodes = list(_merged(_steps(old, new)))  # type: ignore[attr-defined]  # what its other methods begin with
    head = [f"--- {shown}\n", f"+++ {shown}\n"]
    for group in matcher.get_grouped_opcodes():
        yield from head
        head = []
        yield f"@@ -{_range(group[0][1], group[-1][2])} +{_range(group[0][3], group[-1][4])} @@\n"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from _marked(" ", old[i1:i2])
            else:
                yield from _marked("-", old[i1:i2])
                yield from _marked("+", new[j1:j2])


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[_Opcode]:
    """Yield what becomes of each line."""
    j = 0
    for i, line in enumerate(old):
        if j < len(new) and line == new[j]:
            yield "equal", i, i + 1, j, j + 1
        elif j == len(new) or (not line.strip() and new[j].strip()):
            yield "delete", i, i + 1, j, j
            continue
        else:
            yield "replace", i, i + 1, j, j + 1
        j += 1


def _merged(steps: Iterator[_Opcode]) -> Iterator[_Opcode]:
    """Yield runs of equal lines and runs of changed ones."""
    last: _Opcode | None = None
    for tag, i1, i2, j1, j2 in steps:
        if last and (tag == "equal") == (last[0] == "equal"):
            last = (tag if tag == last[0] else "replace", last[1], i2, last[3], j2)
            continue
        if last:
            yield last
        last = (tag, i1, i2, j1, j2)
    if last:
        yield last


def _range(start: int, stop: int) -> str:
    """Return lines as patches count them: a single one without its length, none after the one before."""
    length = stop - start
    return str(start + 1) if length == 1 else f"{start + bool(length)},{length}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    *ended, last = text.split("\n")
    return [f"{line}\n" for line in ended] + [last] * bool(last)
