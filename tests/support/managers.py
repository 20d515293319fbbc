"""Real deployment managers in processes of their own, and applications to give them."""

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx

from roboconf_core.dm.home import Home

PATIENCE_S = 30.0
PROGRAM = Path(__file__).with_name("manager_program.py")

FILES = {
    "descriptor/application.properties": (
        "name = Lamp\nversion = 1.0\ndsl-id = roboconf-1.0\ndescription = for tests\n"
        "graph-entry-point = main.graph\ninstance-entry-point = main.instances\n"
    ),
    "graph/main.graph": (
        "VM {\n\tinstaller: target;\n\tchildren: Db, Web;\n}\n"
        "Db {\n\tinstaller: bash;\n\texports: ip, port = 3306;\n}\n"
        "Web {\n\tinstaller: bash;\n\timports: Db.ip, Db.port;\n}\n"
    ),
    "graph/VM/target.properties": "id = machines\nname = Machines\nhandler = scripted\nflavor = m2\n",
    "graph/Db/scripts/start.sh": "#!/bin/sh\n",
    "graph/Web/scripts/start.sh": "#!/bin/sh\nexit 0\n",
    "instances/main.instances": (
        "instance of VM {\n\tname: db-vm;\n\tinstance of Db {\n\t\tname: db;\n\t}\n}\n"
        "instance of VM {\n\tname: web-vm;\n\tinstance of Web {\n\t\tname: web;\n\t}\n}\n"
    ),
}


def zipped(files=None, **changed):
    """Return a ZIP of an application directory as bytes; a changed file of None is left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {**FILES, **(files or {}), **changed}.items():
            if content is not None:
                info = zipfile.ZipInfo(f"lamp/{name}")
                info.external_attr = (stat.S_IFREG | (0o755 if name.endswith(".sh") else 0o644)) << 16
                archive.writestr(info, content)
    return buffer.getvalue()


class Manager:
    """A home, and the process that serves it now."""

    def __init__(self, directory):
        self.home = Home(directory)
        self.process = None
        self.client = None

    def start(self, *options):
        command = [sys.executable, str(PROGRAM), str(self.home.directory), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.communicate(timeout=30)[1]
        info = self.home.read()
        headers = {"Authorization": f"Bearer {info.token}"}
        if self.client is not None:
            self.client.close()
        self.client = httpx.Client(base_url=f"{info.url}/api/v1", headers=headers, timeout=70, trust_env=False)
        return self

    def fail(self, *options):
        """Start in vain; return the exit status and what was said."""
        command = [sys.executable, str(PROGRAM), str(self.home.directory), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self._gone()

    def end(self):
        self.process.terminate()
        self._gone()

    def _gone(self):
        try:
            self.process.communicate(timeout=30)
        finally:
            self.process.kill()
            self.client.close()

    def close(self):
        """End the process if it still runs, and let go of it."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        self._gone()

    # --- requests

    def get(self, resource="", /, **query):
        answer = self.client.get(resource, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path, body=None, *, status=(200, 201, 202), headers=None):
        answer = self.client.post(path, json=body or {}, headers=headers)
        assert answer.status_code in status, answer.text
        return answer.json()

    def upload(self, content):
        return self.client.post("/templates", content=content, headers={"Content-Type": "application/zip"})

    def wait_for(self, condition):
        """Look again whenever something happens, until a condition holds; events are the clock."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, self.client.get("/applications/lamp").text
            cursor = self.get("/events")["next"]
            self.get("/events", after=cursor, wait_s=0.1)
        return found

    def machine(self, path):
        return self.get("/applications/lamp/instances", path=path)

    def upload_lamp(self):
        answer = self.upload(zipped())
        assert answer.status_code == 201, answer.text

    def with_lamp(self):
        self.upload_lamp()
        self.post("/applications", {"name": "lamp", "template": "Lamp", "version": "1.0"})
        return self

    def calls(self, path):
        file = self.home.machine_directory("lamp", path) / "calls"
        return file.read_text().split() if file.exists() else []

    def launch(self, path):
        return json.loads((self.home.machine_directory("lamp", path) / "launch.json").read_text())
