"""``python -m roboconf_core.rest``: one deployment manager in the foreground."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from roboconf_core.dm.home import default_directory
from roboconf_core.errors import RoboconfError
from roboconf_core.rest.server import serve


def main() -> int:
    """Run until told to end; return the exit status: 0 for an orderly end, 1 for an error (told on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m roboconf_core.rest", description="Run a deployment manager.")
    parser.add_argument("--home", type=Path, default=default_directory(), help="where everything is kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; kept for the next start")
    parser.add_argument("--insecure-clear-text", action="store_true", help="allow an address off loopback without TLS")
    arguments = parser.parse_args()
    try:
        serve(
            arguments.home,
            host=arguments.host,
            port=arguments.port,
            insecure_clear_text=arguments.insecure_clear_text,
        )
    except RoboconfError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
