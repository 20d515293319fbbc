"""Answers to what editors ask, in the words of the language server protocol.

Each function is asked in the thread that owns the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lsprotocol import types

from roboconf_core.dsl.symbols import Span, SymbolKind
from roboconf_core.errors import Severity
from roboconf_core.lsp.checks import Placed
from roboconf_core.lsp.completion import Offer, complete
from roboconf_core.lsp.context import context_of
from roboconf_core.lsp.documents import Document
from roboconf_core.lsp.hover import hover
from roboconf_core.lsp.index import Index
from roboconf_core.lsp.library import Library, ReadFile
from roboconf_core.lsp.meanings import File, Location
from roboconf_core.lsp.outline import Entry, folds, outline
from roboconf_core.lsp.positions import Position, Range, Text

SOURCE = "roboconf"

_OFFERS = {
    Offer.KEYWORD: types.CompletionItemKind.Keyword,
    Offer.PROPERTY: types.CompletionItemKind.Property,
    Offer.TYPE: types.CompletionItemKind.Class,
    Offer.VARIABLE: types.CompletionItemKind.Variable,
    Offer.VALUE: types.CompletionItemKind.Value,
    Offer.FILE: types.CompletionItemKind.File,
}
_SYMBOLS = {
    SymbolKind.COMPONENT: types.SymbolKind.Class,
    SymbolKind.FACET: types.SymbolKind.Interface,
    SymbolKind.VARIABLE: types.SymbolKind.Variable,
    SymbolKind.INSTANCE: types.SymbolKind.Object,
}
_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}


class Question:
    """What is asked about one version of a document."""

    def __init__(self, library: Library, document: Document, unsaved: Mapping[Path, Document]) -> None:
        self.document = document
        self.before = library.parsed_before(document.path)
        self._library = library
        self._unsaved = unsaved

    @cached_property
    def index(self) -> Index:
        """All files that belong together."""
        return Index(self._library.snapshot(self.document, self._unsaved))

    @cached_property
    def index_at_once(self) -> Index:
        """All files that belong together; of many instances perhaps an older version."""
        return Index(self._library.snapshot(self.document, self._unsaved, instances_before=self.before))

    @cached_property
    def file(self) -> ReadFile:
        """The document itself."""
        return self._library.read(self.document)

    def uri(self, path: Path) -> str:
        """Return the URI of a file, as the client spells it."""
        return self._unsaved[path].uri if path in self._unsaved else path.as_uri()

    def version(self, path: Path) -> int | None:
        """Return the version of an open document."""
        return self._unsaved[path].version if path in self._unsaved else None

    def place(self, position: types.Position) -> tuple[int, int]:
        """Return line and column of a position in the document."""
        return self.file.text.place(Position(position.line, position.character))

    def range_of(self, place: Location) -> types.Range:
        """Return the range of a part of a file."""
        known = self.index.files.get(place.path)
        if known is None and place.path == self.document.path:
            known = self.file
        text = known.text if known else Text("")
        return to_range(text.range_of(place.span))

    def locations(self, places: Iterable[Location]) -> list[types.Location]:
        """Return parts of files without repetitions."""
        found = (types.Location(self.uri(place.path), self.range_of(place)) for place in dict.fromkeys(places))
        return list(found)


def to_range(found: Range) -> types.Range:
    """Return a range in the protocol's words."""
    return types.Range(types.Position(*found.start), types.Position(*found.end))


def definitions(question: Question, position: types.Position) -> list[types.Location]:
    """Return where the name at a position is declared."""
    found = question.index.at(*question.place(position))
    return question.locations(question.index.definitions_of(found.meaning)) if found else []


def references(question: Question, position: types.Position, with_declaration: bool) -> list[types.Location]:
    """Return where what stands at a position is used."""
    found = question.index.at(*question.place(position))
    if found is None:
        return []
    every = question.index.declarations_and_uses(found.meaning)
    return question.locations(place for place, use in every if use is not None or with_declaration)


def highlights(question: Question, position: types.Position) -> list[types.DocumentHighlight]:
    """Return where the document names what stands at a position."""
    found = question.index.at(*question.place(position))
    if found is None or isinstance(found.meaning, File):
        return []
    every = question.index.declarations_and_uses(found.meaning)
    here = dict.fromkeys(place for place, _ in every if place.path == question.document.path)
    return [types.DocumentHighlight(question.range_of(place)) for place in here]


def hover_text(question: Question, position: types.Position) -> types.Hover | None:
    """Return what is known about the name at a position."""
    told = hover(question.index, *question.place(position))
    if told is None:
        return None
    text, span = told
    range_ = to_range(question.file.text.range_of(span))
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), range_)


def completion(
    question: Question, position: types.Position, installers: Callable[[], Iterable[str]]
) -> types.CompletionList:
    """Return what can stand at a position; only what begins like the text that is there is left out by the editor."""
    line, column = question.place(position)
    context = context_of(question.file, question.before, line, column)
    found = complete(question.index_at_once, context, installers())
    start = Span(line, context.column - len(found.typed), len(found.typed))
    range_ = to_range(question.file.text.range_of(start))
    items = [
        types.CompletionItem(
            label=each.text.removesuffix(" {").rstrip(": ="),
            kind=_OFFERS[each.offer],
            detail=each.detail or None,
            documentation=types.MarkupContent(types.MarkupKind.PlainText, each.documentation)
            if each.documentation
            else None,
            filter_text=each.text,
            sort_text=f"{number:05}",
            text_edit=types.TextEdit(range_, each.text),
        )
        for number, each in enumerate(found.suggestions)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


def document_symbols(question: Question) -> list[types.DocumentSymbol]:
    """Return the outline of a document."""
    return _symbols(question.file.text, outline(question.file))


def _symbols(text: Text, entries: Sequence[Entry]) -> list[types.DocumentSymbol]:
    return [
        types.DocumentSymbol(
            name=entry.name or "?",
            detail=entry.detail,
            kind=_SYMBOLS[entry.kind],
            range=to_range(text.line_range(entry.first_line, entry.last_line)),
            selection_range=to_range(text.range_of(entry.name_span)),
            children=_symbols(text, entry.entries),
        )
        for entry in entries
    ]


def folding_ranges(question: Question) -> list[types.FoldingRange]:
    """Return what of a document can be folded."""
    return [
        types.FoldingRange(first - 1, last - 1, kind=types.FoldingRangeKind.Comment if is_comment else None)
        for first, last, is_comment in folds(question.file)
    ]


def to_diagnostic(placed: Placed) -> types.Diagnostic:
    """Return a problem in the protocol's words."""
    problem = placed.problem
    return types.Diagnostic(
        range=to_range(placed.range),
        message=f"{problem.message}\n{problem.hint}" if problem.hint else problem.message,
        severity=_SEVERITIES[problem.severity],
        code=str(problem.code),
        source=SOURCE,
    )
