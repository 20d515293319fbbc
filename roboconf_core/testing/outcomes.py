"""Runs contract suites and tells which promises were kept, to test the suites themselves."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from pathlib import Path


def broken_promises(
    file: Path, cases: Iterable[str] = ("",), *, timeout_s: float = 300.0
) -> Mapping[str, frozenset[str]]:
    """Run test classes of a file in a process of its own.

    Args:
        file: A module of classes that inherit a contract suite; its name need not begin with ``test_``.
        cases: What to run of it, as ``Class`` or ``Class::test``; all by default.
        timeout_s: Seconds that the whole run may take.

    Returns:
        Each class with the names of the tests that did not pass.

    Raises:
        RuntimeError: If the tests could not be run at all.
    """
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.xml")
        options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", f"--junitxml={report}")
        command = (sys.executable, "-m", "pytest", *options, *(f"{file}::{case}".removesuffix("::") for case in cases))
        ran = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        if ran.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"the tests of {file} could not be run:\n{ran.stdout}{ran.stderr}")
        ran_cases = list(ElementTree.parse(report).iter("testcase"))
    broken: dict[str, set[str]] = {}
    for case in ran_cases:
        names = broken.setdefault(case.get("classname", "").rpartition(".")[2], set())
        if len(case.findall("failure")) + len(case.findall("error")) + len(case.findall("skipped")):
            names.add(case.get("name", ""))
    return {name: frozenset(tests) for name, tests in broken.items()}
