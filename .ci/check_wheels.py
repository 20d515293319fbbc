"""Build the wheels of all distributions, install them into a fresh environment and run the command line from there.

Usage: check_wheels.py DIRECTORY
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program that must succeed; return what it printed."""
    print("+", *command, flush=True)
    return subprocess.run(
        [str(word) for word in command], check=True, cwd=cwd, stdout=subprocess.PIPE, text=True
    ).stdout


def main(directory: Path) -> None:
    """Build, install, run."""
    shutil.rmtree(directory, ignore_errors=True)
    wheels, home = directory / "wheels", directory / "venv"
    sources = [ROOT, *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]
    for source in sources:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", wheels, source)
    built = sorted(wheels.glob("*.whl"))
    if len(built) != len(sources):
        raise SystemExit(f"expected {len(sources)} wheels, found {[wheel.name for wheel in built]}")
    venv.create(home, with_pip=True)
    run(home / "bin/pip", "install", "-q", *built)
    roboconf = home / "bin/roboconf"
    print(run(roboconf, "--version", cwd=directory))
    plugins = json.loads(run(roboconf, "plugin", "list", "--json", cwd=directory))
    missing = {source.name.removeprefix("roboconf-") for source in sources[1:]} - {plugin["name"] for plugin in plugins}
    if missing or any(plugin["problems"] for plugin in plugins):
        raise SystemExit(f"plugins missing or broken in the installed wheels: {missing or plugins}")
    print(run(roboconf, "validate", ROOT / "examples/quickstart", cwd=directory))
    run(roboconf, "docs", ROOT / "examples/quickstart", "--format", "html", cwd=directory)
    print(run(roboconf, "code", "P_EMPTY_FILE", cwd=directory))


main(Path(sys.argv[1]).resolve())
