"""Tests that leave something behind, and one that does not; run by ``test_fixtures.py``."""

import os
import subprocess
import sys
import threading

import pytest

from roboconf_core.testing.fixtures import nothing_left_behind  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class TestFine:
    def test_fine(self, monkeypatch, tmp_path):
        monkeypatch.setenv("CHANGED", "and changed back")
        monkeypatch.chdir(tmp_path)
        subprocess.run([sys.executable, "-c", ""], check=True)


class TestThread:
    def test_thread(self):
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class TestEnvironment:
    def test_environment(self):
        os.environ["CHANGED"] = "for ever"


class TestDirectory:
    def test_directory(self, tmp_path):
        os.chdir(tmp_path)


class TestDaemon:
    def test_daemon(self):
        program = "import os, signal; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); signal.pause()"
        subprocess.run([sys.executable, "-c", program], check=True)
