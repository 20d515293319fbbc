"""``roboconf lsp``: a language server, started by editors."""

from __future__ import annotations

import os
import signal
import sys
from typing import BinaryIO

from roboconf_core.errors import PluginError


def lsp() -> None:
    """Help editors with graphs and instances: a language server on standard input and output.

    Editors start it; see docs/how-to/editors.md.
    """
    try:
        from roboconf_core.lsp.features import serve
    except ImportError as error:
        message = f"the language server needs the package '{(error.name or 'pygls').partition('.')[0]}'"
        hint = "pip install 'roboconf-core[lsp]'"
        raise PluginError(message, hint=hint) from error
    if sys.stdin.isatty():
        print("roboconf lsp is started by editors and speaks their protocol; Ctrl-C ends it", file=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread waits for standard input, and would be waited for
    status = serve(*_streams())
    os._exit(status)  # a check that still runs is for nobody


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams of the protocol, out of reach of whatever else prints or reads, such as programs of plugins."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers
