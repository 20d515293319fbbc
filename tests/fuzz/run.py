"""Looks for texts that the formats do not bear, guided by what the code does with them.

python tests/fuzz/run.py [--seconds N] [--corpus DIR] [LANGUAGE...]

Each language begins with the texts of the conformance cases and the examples. A text that is not borne ends the run of
its language. It is kept in `tests/fuzz/findings/LANGUAGE/`, where `tests/unit/dsl/test_fuzzed.py` tries it from then on.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from fuzzed_languages import FINDINGS, LANGUAGES, LONGEST_TEXT  # noqa: E402 - the path comes first

HOW_TO_INSTALL = "atheris is missing: `pip install --group fuzz` (there are wheels for Linux on x86-64 only)"


def main() -> int:
    """Run every language in a process of its own, one after the other, and return the exit status."""
    arguments = _arguments()
    if importlib.util.find_spec("atheris") is None:
        print(HOW_TO_INSTALL)
        return int("ROBOCONF_TEST_REQUIRE" in os.environ)
    failed = [
        language
        for language in arguments.languages or LANGUAGES
        if not _fuzz(language, arguments.seconds, arguments.corpus)
    ]
    print(f"not borne, or not tried to the end: {', '.join(failed)}" if failed else "every text was borne")
    return int(bool(failed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ", ".join(LANGUAGES)
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help=f"{known}; all of them by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each language; 60 by default")
    parser.add_argument("--corpus", type=Path, help="a directory that keeps what was learnt for the next run")
    arguments = parser.parse_args()
    if unknown := set(arguments.languages) - set(LANGUAGES):
        parser.error(f"there is no language {', '.join(sorted(unknown))}; there are {known}")
    return arguments


def _fuzz(language: str, seconds: int, corpus: Path | None) -> bool:
    """Try texts of one language, print what became of it, and tell whether all were borne."""
    before = _findings(language)
    with tempfile.TemporaryDirectory(prefix="roboconf-fuzz-") as temporary:
        learnt, seeds, words = (
            (corpus or Path(temporary)) / language,
            Path(temporary, "seeds"),
            Path(temporary, "words"),
        )
        for directory in (learnt, seeds, FINDINGS / language):
            directory.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(LANGUAGES[language].seeds()):
            (seeds / str(number)).write_bytes(text.encode())
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in LANGUAGES[language].words))
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST_TEXT}",
            f"-dict={words}",
            f"-artifact_prefix={FINDINGS / language}/",
            "-timeout=120",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        command = [sys.executable, HERE / "harness.py", language, *options, learnt, seeds, FINDINGS / language]
        process = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    runs = re.search(r"number_of_executed_units: *(\d+)", process.stderr)
    print(f"{language}: {runs[1] if runs else 'no'} texts in {seconds} s at most", flush=True)
    if process.returncode:
        kept = sorted(_findings(language) - before)
        print(process.stdout + process.stderr)
        print("\n".join(f"kept: {path}" for path in kept) or "nothing was found: the run was interrupted", flush=True)
    return process.returncode == 0


def _findings(language: str) -> set[Path]:
    return set((FINDINGS / language).glob("*"))


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    sys.exit(main())
