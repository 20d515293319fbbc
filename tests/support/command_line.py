"""A user at the command line: real processes in a home of their own, and proof that none is left behind."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROBOCONF = Path(sys.executable).with_name("roboconf")
EXAMPLES = Path(__file__).parents[2] / "examples"
QUICKSTART = EXAMPLES / "quickstart"


class User:
    """Runs ``roboconf`` with one ``ROBOCONF_HOME``."""

    def __init__(self, home):
        self.home = home
        self.environment = dict(os.environ, ROBOCONF_HOME=str(home), NO_COLOR="1", COLUMNS="200")

    def start(self, *words, **options):
        """Start a command and return its process."""
        return subprocess.Popen(
            [ROBOCONF, *map(str, words)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *words, status=0, timeout=120):
        """Run a command to its end; its exit status must be the expected one."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"roboconf {' '.join(map(str, words))} did not end within {timeout} s:\n{out}\n{err}")
        assert process.returncode == status, f"roboconf {' '.join(map(str, words))}: {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return Result(out, err)

    def json(self, *words):
        """Run a command with ``--json`` and return what it printed."""
        return json.loads(self.run(*words, "--json").out)

    def instances(self, application="quickstart"):
        """Return all instances of an application by path."""
        found = {}

        def walk(instance):
            found[instance["path"]] = instance
            for child in instance["children"]:
                walk(child)

        for view in self.json("status", application)["applications"]:
            for root in view["instances"]:
                walk(root)
        return found

    def status_of(self, path, application="quickstart"):
        """Return the status of one instance."""
        return self.instances(application)[path]["status"]

    def statuses(self, application="quickstart"):
        """Return path to status."""
        return {path: one["status"] for path, one in self.instances(application).items()}

    def dm_pid(self):
        """Return the pid of the deployment manager."""
        return json.loads((self.home / "dm.json").read_text())["pid"]

    def agent_pid(self, machine, application="quickstart"):
        """Return the pid of the agent of a machine."""
        for pid, command in processes_of(self.home).items():
            if "roboconf_core.agent" in command and f"/{application}/%2F{machine.strip('/')}/" in command:
                return pid
        raise AssertionError(f"no agent of {machine}: {processes_of(self.home)}")


class Terminal:
    """A command in a terminal of its own: 24 lines of 100 characters, where keys can be typed."""

    def __init__(self, user, *words):
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self._process = subprocess.Popen(
            [ROBOCONF, *map(str, words)],
            env=user.environment | {"TERM": "xterm", "COLUMNS": "100"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def type(self, keys):
        """Press keys; ``\\x03`` is Ctrl-C."""
        os.write(self._master, keys.encode())

    def read_until(self, text, timeout=60):
        """Read what the screen shows until a text comes, and return what came up to it."""
        deadline = time.monotonic() + timeout
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                pytest.fail(f"{text!r} did not come within {timeout} s: {self._seen!r}")
            self._seen += os.read(self._master, 65536).decode()
        before, _, self._seen = self._seen.partition(text)
        return before

    def status(self, timeout=30):
        """Wait for the end of the command and return its exit status."""
        return self._process.wait(timeout)


class Result:
    """What a command printed."""

    def __init__(self, out, err):
        self.out = out
        self.err = err


def processes_of(home):
    """Return pid to command line of every live process that belongs to a home."""
    found = {}
    mark = str(home).encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if state != "Z" and (mark in command or mark in environment):
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def eventually(condition, *, within, what=""):
    """Wait until a condition holds and return its value; fail with the last one after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what or condition} does not hold after {within} s: {value!r}")
        time.sleep(0.05)


def fetch(url, timeout=10):
    """Return the text of a page; errors are raised."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


def fetch_or_error(url):
    """Return the text of a page, or what went wrong."""
    try:
        return fetch(url, timeout=5)
    except OSError as error:
        return f"error: {error}"


def address_in(output):
    """Return the address that ``up`` printed on a line of its own."""
    lines = [line for line in output.splitlines() if re.fullmatch(r"http://127\.0\.0\.1:\d+/", line)]
    assert len(lines) == 1, output
    return lines[0]


def server_in(page):
    """Return path and pid that a page of the quickstart names."""
    path, pid = re.match(r"Hello from (\S+) \(process (\d+)\)", page).groups()
    return path, int(pid)


@contextmanager
def user_in(home):
    """Lend a user; afterwards everything of the home must be gone, or is ended here and the test fails."""
    user = User(home)
    try:
        yield user
        if (home / "dm.json").exists():
            user.run("down", timeout=120)
        left = processes_of(home)
        assert not left, f"left behind: {left}"
    finally:
        for pid in processes_of(home):
            os.kill(pid, signal.SIGKILL)
