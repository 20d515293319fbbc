"""Changes of texts that editors ask for: renaming, layout, quick fixes.

Each function is asked in the thread that owns the library.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from roboconf_core.dsl.format import format_source
from roboconf_core.lsp.answers import SOURCE, Question, to_range
from roboconf_core.lsp.documents import FILE_KINDS
from roboconf_core.lsp.fixes import fix_of
from roboconf_core.lsp.positions import Range
from roboconf_core.lsp.rename import Renaming, nameable, rename


def rename_range(question: Question, position: types.Position) -> types.Range:
    """Return the name at a position that can be changed.

    Raises:
        RenameRefusedError: If there is none.
    """
    found = nameable(question.index, question.index.at(*question.place(position)))
    return to_range(question.file.text.range_of(found.span))


@dataclass(frozen=True, slots=True)
class EditAbilities:
    """What a client can do with changes of several files."""

    versions: bool = False
    """Whether it takes versions of documents along."""
    moves: bool = False
    """Whether it renames files."""


def renaming(
    question: Question, position: types.Position, new_name: str, can: EditAbilities
) -> tuple[types.WorkspaceEdit, list[tuple[Path, Path]]]:
    """Return all changes that give something another name, and the moves of files that the user has to make.

    Raises:
        RenameRefusedError: If the name cannot be given.
    """
    found = rename(question.index, question.index.at(*question.place(position)), new_name)
    edits = _edits_by_file(question, found)
    if not can.versions:
        changes = {question.uri(path): list(each) for path, each in edits.items()}
        return types.WorkspaceEdit(changes=changes), list(found.moves.items())
    changed: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = [
        types.TextDocumentEdit(
            types.OptionalVersionedTextDocumentIdentifier(question.uri(path), question.version(path)), list(each)
        )
        for path, each in edits.items()
    ]
    if not can.moves:
        return types.WorkspaceEdit(document_changes=changed), list(found.moves.items())
    changed += [types.RenameFile(old_uri=old.as_uri(), new_uri=new.as_uri()) for old, new in found.moves.items()]
    return types.WorkspaceEdit(document_changes=changed), []


def _edits_by_file(question: Question, found: Renaming) -> dict[Path, list[types.TextEdit]]:
    edits: dict[Path, list[types.TextEdit]] = {}
    for place in dict.fromkeys(found.places):
        edits.setdefault(place.path, []).append(types.TextEdit(question.range_of(place), found.new_name))
    return edits


def formatting(question: Question) -> list[types.TextEdit] | None:
    """Return the changes that give a file its canonical layout; none when a line cannot be understood."""
    kind = FILE_KINDS.get(question.document.language)
    if kind is None:
        return None
    before = question.document.text
    formatted = format_source(before, kind)
    if formatted.problems or formatted.text == before:
        return [] if not formatted.problems else None
    start, end = _common_ends(before, formatted.text)
    text = question.file.text
    range_ = Range(text.position(start), text.position(len(before) - end))
    return [types.TextEdit(to_range(range_), formatted.text[start : len(formatted.text) - end])]


def _common_ends(before: str, after: str) -> tuple[int, int]:
    """Return how many characters of whole lines are the same at both ends."""
    these, those = before.splitlines(keepends=True), after.splitlines(keepends=True)
    shorter = min(len(these), len(those))
    first = next((n for n in range(shorter) if these[n] != those[n]), shorter)
    last = next((n for n in range(shorter - first) if these[-1 - n] != those[-1 - n]), shorter - first)
    return sum(map(len, these[:first])), sum(map(len, these[len(these) - last :]))


def code_actions(question: Question, diagnostics: Iterable[types.Diagnostic]) -> list[types.CodeAction]:
    """Return the changes that mend some problems."""
    actions = []
    for diagnostic in diagnostics:
        if diagnostic.source != SOURCE:
            continue
        line, column = question.place(diagnostic.range.start)
        fix = fix_of(question.file, str(diagnostic.code), diagnostic.message, line, column)
        if fix is not None:
            edit = types.TextEdit(to_range(question.file.text.range_of(fix.span)), fix.text)
            actions.append(
                types.CodeAction(
                    title=fix.title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    is_preferred=True,
                    edit=types.WorkspaceEdit(changes={question.document.uri: [edit]}),
                )
            )
    return actions
