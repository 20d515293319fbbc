"""Reads the explanations of codes.

Beside this module stands one text per code, ``P_EMPTY_FILE.txt``; its title and severity
are those of the code and are not repeated there. A text has sections::

    === why
    What is wrong about it.
    === mend
    What to do about it.
    === wrong
    --- main.graph
    # nothing yet
    === right
    --- main.graph
    VM {
        installer: target;
    }

``shell`` holds what a terminal shows, for what no files alone bring about. The samples
``wrong in the application`` and ``right in the application`` change the application in
``application.txt``; those ``as a recipe`` are checked as a reusable recipe. A file whose name is followed by ``(Latin-1)`` has that encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from roboconf_core.errors import Code

IN_APPLICATION = " in the application"
AS_RECIPE = " as a recipe"
LATIN_1 = " (Latin-1)"
STAGES = {
    "P": "Parsing of one file",
    "PM": "Blocks of one file",
    "CO": "From files to a model",
    "RM": "The model",
    "PROJ": "Layout of an application",
    "REC": "Recipes and targets",
    "CMD": "Commands",
    "RULE": "Rules",
    "PROBE": "Probes",
    "PLUGIN": "Plugins",
    "TARGET": "Targets at work",
    "MSG": "Messages",
    "AGENT": "Agents",
    "DM": "Deployment manager",
    "CLI": "Command line",
}
"""Prefix of codes to what is done when they are found, in the order of the codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some files that show a problem, or how it is mended."""

    files: Mapping[str, str]
    """Name to text; a name may end with ``(Latin-1)``."""
    in_application: bool = False
    """Whether the files change the application that all such samples share."""
    as_recipe: bool = False
    """Whether they are a reusable recipe, which does not show by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What there is to say about one code."""

    code: Code
    why: str
    """Paragraphs, with names and file contents between backquotes."""
    mend: str
    shell: str = ""
    """What a terminal shows, empty when there is no need."""
    wrong: Sample | None = None
    right: Sample | None = None


def stage_of(code: Code) -> str:
    """Return the prefix of a code, one of ``STAGES``."""
    return code.partition("_")[0]


def explained_names() -> list[str]:
    """Return the names of all codes that have a text, sorted."""
    names = (entry.name for entry in files(__package__).iterdir())
    return sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt") and name[0].isupper())


def explanation_of(code: Code) -> Explanation:
    """Return the explanation of a code.

    Raises:
        OSError: If there is none.
        ValueError: If its text has no such form as is described above.
    """
    sections = dict(_sections(_text_of(code), "=== "))
    samples = {}
    for name in list(sections):
        kind = name.removesuffix(IN_APPLICATION).removesuffix(AS_RECIPE)
        if kind in ("wrong", "right"):
            samples[kind] = Sample(
                files=dict(_sections(sections.pop(name), "--- ")),
                in_application=name.endswith(IN_APPLICATION),
                as_recipe=name.endswith(AS_RECIPE),
            )
    unknown = sections.keys() - {"why", "mend", "shell"}
    if unknown or not sections.get("why", "").strip() or not sections.get("mend", "").strip():
        raise ValueError(f"the explanation of {code} lacks 'why' or 'mend', or has unknown sections: {sorted(unknown)}")
    return Explanation(
        code=code,
        why=sections["why"].strip("\n"),
        mend=sections["mend"].strip("\n"),
        shell=sections.get("shell", "").strip("\n"),
        wrong=samples.get("wrong"),
        right=samples.get("right"),
    )


def application_of_samples() -> dict[str, str]:
    """Return the files of the application that samples change, by name."""
    return dict(_sections(_text_of("application"), "--- "))


def _text_of(name: str) -> str:
    return files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8")


def _sections(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield the head and the body of each part that begins with a line of a mark and its head."""
    before, *parts = ("\n" + text).split(f"\n{mark}")
    if before.strip():
        raise ValueError(f"'{before.strip()}' stands before the first '{mark.strip()}'")
    for part in parts:
        head, _, body = part.partition("\n")
        yield head, body + "\n" if body and not body.endswith("\n") else body
