"""Texts that were once not borne, and the texts that fuzzing begins with, are borne."""

import dataclasses

import fuzzed_languages
import pytest
from fuzzed_languages import FINDINGS, LANGUAGES, LONGEST_TEXT, try_text


def findings():
    return sorted(path for path in FINDINGS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", findings(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_finding_is_borne(path):
    try_text(path.parent.name, path.read_bytes().decode("utf-8", errors="replace"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_fuzzing_begins_with_is_borne(language):
    seeds = list(LANGUAGES[language].seeds())
    assert seeds
    for text in seeds:
        try_text(language, text[:LONGEST_TEXT])


def test_findings_belong_to_languages():
    assert {path.parent.name for path in findings()} <= set(LANGUAGES)


def test_a_text_that_raises_is_not_borne(monkeypatch):
    def broken(text):
        raise KeyError(text)

    monkeypatch.setitem(LANGUAGES, "graph", dataclasses.replace(LANGUAGES["graph"], check=broken))
    with pytest.raises(KeyError):
        try_text("graph", "x")


def test_a_text_that_takes_too_long_is_not_borne(monkeypatch):
    monkeypatch.setattr(fuzzed_languages, "LONGEST_RUN_S", 0.0)
    with pytest.raises(AssertionError, match="characters"):
        try_text("graph", "VM {\n")
