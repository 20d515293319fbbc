"""Tries texts of one language for ever; `run.py` starts it.

python tests/fuzz/harness.py LANGUAGE [OPTION OF LIBFUZZER...] DIRECTORY...
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

with atheris.instrument_imports(include=["roboconf_core.dsl", "roboconf_core.model", "lark"]):
    from fuzzed_languages import try_text


def main() -> None:
    """Hand over to libFuzzer, which ends the process."""
    program, language, *options = sys.argv
    atheris.Setup([program, *options], lambda content: try_text(language, content.decode("utf-8", errors="replace")))
    atheris.Fuzz()


main()
