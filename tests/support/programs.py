"""Programs that some tests need beside Python."""

import shutil

import pytest


def require_program(name: str, package: str) -> str:
    """Return where a program is; skip the test, saying how to install it, when it is not there."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"'{name}' is not installed; install it: apt-get install {package}")
    return found
