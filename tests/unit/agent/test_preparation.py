from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import replace

import pytest

from roboconf_core.agent import shim
from roboconf_core.agent.actionfile import tail
from roboconf_core.agent.events import Run
from roboconf_core.agent.layout import Layout
from roboconf_core.agent.preparation import Preparation, can_bind, imports_of, read_pid
from roboconf_core.agent.settings import LaunchSettings
from roboconf_core.errors import LifecycleError, PluginError
from roboconf_core.hooks.lifecycle import Command, Import, LifecycleHandler
from roboconf_core.messages.types import Epoch, ImportSpec, InstanceSpec, Publication
from roboconf_core.model.lifecycle import Action

DB = Publication(
    agent="shop/db-vm",
    instance="i-db",
    path="/db-vm/db",
    component="MySql",
    prefix="Database",
    epoch=Epoch(1, 1, 0),
    sequence=1,
    variables={"Database.ip": "10.0.0.1", "Database.port": "3306", "Database.other": "x"},
)
WEB = InstanceSpec(
    id="i-web",
    path="/vm/web",
    component="Web",
    installer="Scripted",
    parent="/vm",
    exports={},
    imports=(ImportSpec(prefix="Database", names=("Database.ip", "Database.port"), optional=False),),
)


class Scripted(LifecycleHandler):
    names = ("scripted",)

    def __init__(self):
        self.contexts = []
        self.fault = None
        self.runs = True

    def initialize(self, context):
        (context.directory / "initialized").touch()

    def supports(self, action, directory):
        return (directory / action.value).exists()

    def command_for(self, context):
        self.contexts.append(context)
        if self.fault:
            raise self.fault
        return Command(argv=("/bin/true",), directory=context.directory) if self.runs else None


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path / "agent")
    layout.make()
    return layout


@pytest.fixture
def handler():
    return Scripted()


@pytest.fixture
def prepare(layout, handler, tmp_path):
    settings = LaunchSettings(
        agent="shop/vm", generation=1, transport="http", directory=layout.directory, machine_id="m-1", shared_host=True
    )

    def installer(name):
        if name != "Scripted":
            raise PluginError(f"no installed plugin offers '{name}'", hint="pip install roboconf-x")
        return handler

    def prepare(action, spec=WEB, **changes):
        run = Run(id="a1", instance=spec, action=action, ancestors=(), imports=(DB,), timeout_s=5.0)
        preparation = Preparation(settings, layout, handler=installer, bundle=lambda digest: tmp_path / digest)
        return preparation.prepare(replace(run, **changes))

    return prepare


@contextmanager
def listener(marks):
    """Lend the port of a process that carries marks and listens."""
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, env=os.environ | marks, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def add_bundle(path, **files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_imports_have_local_names_and_only_what_is_wanted():
    assert imports_of(WEB, [DB]) == (
        Import(prefix="Database", path="/db-vm/db", component="MySql", variables={"ip": "10.0.0.1", "port": "3306"}),
    )
    every = replace(WEB, imports=(ImportSpec(prefix="Database", names=("Database.*",), optional=False),))
    assert set(imports_of(every, [DB])[0].variables) == {"ip", "port", "other"}


def test_deploy_gives_a_fresh_copy_of_the_recipe(prepare, layout, handler, tmp_path):
    directory = layout.instance("Scripted", "/vm/web")
    directory.mkdir(parents=True)
    (directory / "old").touch()
    add_bundle(tmp_path / "b1", status=b"x")
    prepared = prepare(Action.DEPLOY, replace(WEB, bundle="b1"))
    assert sorted(path.name for path in directory.iterdir()) == ["initialized", "status"]
    assert prepared.has_status
    assert prepared.command is not None
    assert handler.contexts[0].directory == directory
    assert list(layout.trash.iterdir()) == []


def test_deploy_without_recipe_has_an_empty_directory(prepare, layout):
    assert prepare(Action.DEPLOY).command is not None
    assert (layout.instance("Scripted", "/vm/web") / "initialized").exists()


def test_deploy_without_anything_to_run_succeeds_and_knows_about_status(prepare, handler, tmp_path):
    handler.runs = False
    add_bundle(tmp_path / "b1", status=b"x")
    outcome = prepare(Action.DEPLOY, replace(WEB, bundle="b1")).outcome
    assert (outcome.reason, outcome.has_status, outcome.exit_status) == ("", True, 0)


def test_missing_recipe_is_a_failure(prepare):
    assert "has not arrived" in prepare(Action.DEPLOY, replace(WEB, bundle="b1")).outcome.reason


def test_handler_is_told_all_it_may_know(prepare, handler, layout):
    prepare(Action.DEPLOY)
    prepare(Action.UPDATE, joined=(DB,), left=(replace(DB, path="/db2"),))
    context = handler.contexts[-1]
    assert (context.action, context.application, context.machine_id) == (Action.UPDATE, "shop", "m-1")
    assert context.pid_file == layout.pid_file("i-web")
    assert [i.path for i in context.difference.joined] == ["/db-vm/db"]
    assert [i.path for i in context.difference.left] == ["/db2"]
    assert context.difference.left[0].variables["port"] == "3306"


def test_missing_installer_is_a_failure_with_the_remedy(prepare):
    outcome = prepare(Action.DEPLOY, replace(WEB, installer="puppet")).outcome
    assert (outcome.exit_status, outcome.reason) == (
        None,
        "no installed plugin offers 'puppet' (pip install roboconf-x)",
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [(LifecycleError("bad template"), "bad template"), (KeyError("x"), "the handler 'Scripted' failed: KeyError('x')")],
)
def test_fault_of_a_handler_is_a_failure_of_the_action(prepare, handler, fault, said):
    prepare(Action.DEPLOY)
    handler.fault = fault
    assert prepare(Action.START).outcome.reason == said


def test_lost_directory_fails_what_needs_it_and_lets_the_rest_pass(prepare):
    assert "is gone" in prepare(Action.START).outcome.reason
    assert "is gone" in prepare(Action.STATUS).outcome.reason
    assert prepare(Action.STOP).outcome.reason == ""
    assert prepare(Action.UNDEPLOY).outcome.reason == ""


def test_only_a_port_that_is_still_to_be_proven_is_checked_before_a_start(prepare):
    prepare(Action.DEPLOY)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        spec = replace(WEB, ports={"admin": port, "port": port})
        outcome = prepare(Action.START, spec, unproven_ports=("port",)).outcome
        assert outcome.ports_taken == ("port",)
        assert outcome.reason == f"taken on this host: port {port}"
        assert prepare(Action.START, spec).command is not None
    assert can_bind(port)
    assert prepare(Action.START, spec, unproven_ports=("admin", "port")).command is not None


@pytest.mark.parametrize(("instance", "free"), [("i-web", True), ("i-other", False)])
def test_a_port_that_the_instance_itself_has_is_not_taken(prepare, instance, free):
    prepare(Action.DEPLOY)
    marks = {"ROBOCONF_MACHINE_ID": "m-1", "ROBOCONF_INSTANCE_ID": instance}
    with listener(marks) as port:
        prepared = prepare(Action.START, replace(WEB, ports={"port": port}), unproven_ports=("port",))
        assert (prepared.command is not None) is free


def test_pid_file_of_a_dead_process_is_gone_before_start_and_that_of_a_live_one_stays(prepare, layout):
    prepare(Action.DEPLOY)
    pid_file = layout.pid_file("i-web")
    pid_file.write_text("4194305\n")
    prepare(Action.START)
    assert not pid_file.exists()
    pid_file.write_text(f" {os.getpid()} \n")
    prepare(Action.START)
    assert pid_file.exists()


@pytest.mark.parametrize(
    ("text", "pid"), [("12\n", 12), ("", None), ("x", None), ("-5", None), ("1", None), ("٣", None)]
)
def test_pid_file_holds_a_number_or_nothing(tmp_path, text, pid):
    (tmp_path / "pid").write_text(text)
    assert read_pid(tmp_path / "pid") == pid
    assert read_pid(tmp_path / "none") is None


def test_fields_are_read_as_they_were_written(tmp_path):
    fields = [("a", "x=y\n"), ("a", ""), ("b", "\udcff ü")]
    shim.write_fields(str(tmp_path / "f"), fields)
    assert shim.read_fields(str(tmp_path / "f")) == fields
    content = (tmp_path / "f").read_bytes()
    for cut in range(len(content)):
        (tmp_path / "f").write_bytes(content[:cut])
        assert shim.read_fields(str(tmp_path / "f")) == fields[: content[:cut].count(b"\0")]


def test_fields_are_added_all_or_none(tmp_path, monkeypatch):
    path = str(tmp_path / "f")
    shim.write_fields(path, [("a", "1")])
    shim.write_fields(path, [("b", "2"), ("c", "3")], more=True)
    write, room = os.write, [3]

    def write_little(descriptor, data):
        room.append(room[-1] - 1)
        if room[-1] <= 0:
            raise OSError(errno.ENOSPC, "no room")
        return write(descriptor, data[:2])

    monkeypatch.setattr(os, "write", write_little)
    with pytest.raises(OSError, match="no room"):
        shim.write_fields(path, [("d", "4"), ("e", "5")], more=True)
    monkeypatch.undo()
    assert shim.read_fields(path) == [("a", "1"), ("b", "2"), ("c", "3")]


def test_output_that_is_too_long_is_emptied_in_place_and_its_end_kept(tmp_path):
    path = tmp_path / "stdout"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"a" * 100_000 + b"b" * shim.KEPT_BYTES)
        assert not shim.trim(str(path), 200_000)
        assert shim.trim(str(path), 100_000)
        writer.write(b"more")
        assert path.read_bytes() == b"more"
        assert (tmp_path / "stdout.1").read_bytes() == b"b" * shim.KEPT_BYTES
        assert tail(str(path), 6) == "bbmore"
    assert not shim.trim(str(tmp_path / "none"), 0)
