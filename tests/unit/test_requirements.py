"""Skips are failures where everything is required, as in continuous integration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[2] / "conftest.py"

SKIPS = {
    "test": "import pytest\n\ndef test_it():\n    pytest.skip('install the server: apt-get install it')\n",
    "fixture": "import pytest\n\n@pytest.fixture\ndef server():\n    pytest.skip('apt-get install it')\n\n"
    "def test_it(server):\n    pass\n",
    "mark": "import pytest\n\n@pytest.mark.skipif(True, reason='apt-get install it')\ndef test_it():\n    pass\n",
    "module": "import pytest\n\npytest.importorskip('no_such_module', reason='apt-get install it')\n\ndef test_it():\n    pass\n",
}


def outcome_of(directory, text, require):
    (directory / "conftest.py").write_text(CONFTEST.read_text())
    (directory / "test_skips.py").write_text(text + "\n\ndef test_nothing_else_is_touched():\n    pass\n")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "ROBOCONF_TEST_"))} | require
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_skips.py"]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", SKIPS)
def test_a_skip_fails_with_its_reason_where_all_is_required(tmp_path, kind):
    result = outcome_of(tmp_path, SKIPS[kind], {"ROBOCONF_TEST_REQUIRE": "all"})
    assert result.returncode not in (0, 5), result.stdout
    assert "apt-get install it" in result.stdout


@pytest.mark.parametrize("kind", ["test", "fixture", "mark"])
def test_a_skip_is_a_skip_elsewhere(tmp_path, kind):
    result = outcome_of(tmp_path, SKIPS[kind], {})
    assert result.returncode == 0, result.stdout
    assert "1 passed, 1 skipped" in result.stdout
