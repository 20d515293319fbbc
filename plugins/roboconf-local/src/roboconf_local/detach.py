"""Starts a program in a session of its own and prints its pid; run as a script, imports nothing of ours.

Called as ``python -I -S detach.py PROGRAM ARGUMENT...``. The program inherits the working
directory, the environment and standard error, which becomes its standard output too. Its
parent is then the init process: it outlives the deployment manager, and is no zombie of it.
"""

import os
import signal
import sys

_RESET = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)


def main(argv: list[str]) -> int:
    """Start ``argv``; print its pid and return 0, or print why it cannot be started and return 1."""
    reading, writing = os.pipe()  # closed by a successful exec
    pid = os.fork()
    if pid == 0:
        _become(argv, writing)
    os.close(writing)
    fault = os.read(reading, 4096)
    os.write(1, fault or str(pid).encode())
    return 1 if fault else 0


def _become(argv: list[str], writing: int) -> None:
    try:
        os.setsid()
        os.dup2(2, 1)
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(writing, (error.strerror or str(error)).encode())
    finally:
        os._exit(127)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
