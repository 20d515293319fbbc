"""What ``up`` asks for, what it tells, and what is undone of it."""

import contextlib
import os

import pytest
from cli_views import Answers, application, instance

from roboconf_core.cli import templates, undo, up
from roboconf_core.cli.undo import Made
from roboconf_core.errors import Code, InvalidRequestError


@pytest.fixture(autouse=True)
def called_roboconf(monkeypatch):
    monkeypatch.setattr("sys.argv", ["roboconf"])


def server(path, port, status="DEPLOYED_STARTED", **more):
    return instance(path, status, exports={"Web.ip": "127.0.0.1", "Web.port": str(port)}, **more)


def test_the_addresses_to_open_are_those_that_nobody_imports_from():
    uses = [{"path": "/b/web", "prefix": "Web", "instance": "i1"}]
    view = application(
        instance("/a", children=[server("/a/balancer", 80, imports=uses)]),
        instance("/b", children=[server("/b/web", 81)]),
    )
    assert up.addresses_of(view) == ["http://127.0.0.1:80/"]


@pytest.mark.parametrize("other", [server("/vm/x", 1, status="DEPLOYED_STOPPED"), instance("/vm/x"), server("/vm", 1)])
def test_what_is_stopped_without_port_or_a_machine_has_no_address_to_open(other):
    assert up.addresses_of(application(other)) == []


def test_groups_are_machines_of_one_kind_that_differ_by_their_number():
    machines = [instance("/web-vm1"), instance("/web-vm2"), instance("/db-vm")]
    assert up.groups_of(application(*machines)) == [("/web-vm", 2)]


def test_many_addresses_are_not_all_shown(capsys):
    view = application(instance("/vm", children=[server(f"/vm/web{i}", 10000 + i) for i in range(12)]), name="a b")
    up._tell(view, 3.14)
    out = capsys.readouterr().out
    assert "a b is up after 3.1 s. Open:\nhttp://127.0.0.1:10000/\n" in out
    assert out.count("http://") == 10
    assert "and 2 more: `roboconf status 'a b'`" in out
    assert "  roboconf down 'a b'\n" in out


def test_more_of_what_there_are_several_of_is_what_to_try_next(capsys):
    up._tell(application(*(instance(f"/vm{i}") for i in range(7))), 1.0)
    assert "roboconf scale shop /vm --to 10\n" in capsys.readouterr().out


def test_a_file_that_is_no_archive_is_wrong_usage(tmp_path):
    (tmp_path / "main.graph").write_text("")
    with pytest.raises(InvalidRequestError) as caught:
        up.check(tmp_path / "main.graph")
    assert caught.value.problems[0].code is Code.CLI_USAGE


# --- templates that give way


CONFLICT = InvalidRequestError("template 'shop' 1.0 exists already", code=Code.DM_CONFLICT)
NEW = {"name": "shop", "version": "1.0"}


def with_template(monkeypatch, *used_by, conflict=True):
    monkeypatch.setattr(templates, "identity_of", lambda archive: ("shop", "1.0"))
    present = NEW | {"applications": list(used_by)}
    return Answers({"/templates": [present], "POST /templates": (CONFLICT, NEW) if conflict else NEW})


def test_an_unused_template_whose_files_changed_is_replaced_and_that_is_said(monkeypatch, capsys):
    client = with_template(monkeypatch)
    assert templates.upload_or_replace(client, b"PK") == (NEW, True)
    assert client.changes() == [("POST", "/templates"), ("DELETE", "/templates/shop/1.0"), ("POST", "/templates")]
    assert "is replaced" in capsys.readouterr().out


def test_a_template_in_use_stays_and_the_users_are_named(monkeypatch):
    client = with_template(monkeypatch, "one", "two")
    with pytest.raises(InvalidRequestError, match="one, two still use") as caught:
        templates.upload_or_replace(client, b"PK")
    assert "version" in caught.value.problems[0].hint
    assert client.changes() == [("POST", "/templates")]


def test_the_same_template_again_is_not_a_new_one(monkeypatch):
    assert templates.upload_or_replace(with_template(monkeypatch, conflict=False), b"PK") == (NEW, False)


# --- creating


def creating(monkeypatch, **answers):
    monkeypatch.setattr(templates, "identity_of", lambda archive: None)
    return Answers({"/applications": [], "/templates": [], "POST /templates": NEW} | answers)


def test_what_is_made_is_noted_for_its_undoing(monkeypatch):
    made = Made()
    assert up._create(creating(monkeypatch), b"PK", None, made) == "shop"
    assert made == Made(template=("shop", "1.0"), application="shop")


def test_a_plugin_that_is_not_installed_is_told_with_the_line_to_type(monkeypatch, capsys):
    warning = {"code": "PLUGIN_MISSING", "message": "no installed plugin offers the installer 'puppet'"}
    warning |= {"hint": "pip install roboconf-puppet", "file": "", "line": 0, "column": 0}
    client = creating(monkeypatch, **{"POST /templates": NEW | {"warnings": [warning]}})
    up._create(client, b"PK", None, Made())
    assert "hint: pip install roboconf-puppet" in capsys.readouterr().err


def test_an_application_that_somebody_else_has_just_created_is_not_ours_to_undo(monkeypatch):
    made = Made()
    taken = InvalidRequestError("application 'shop' exists already", code=Code.DM_CONFLICT)
    with pytest.raises(InvalidRequestError):
        up._create(creating(monkeypatch, **{"POST /applications": taken}), b"PK", None, made)
    assert made.application is None


# --- undoing


@pytest.fixture
def undoing(monkeypatch):
    """Let things be undone in a deployment manager of our own; tells what was removed and ended."""

    def prepare(*applications, serves=True):
        client = Answers({"/applications": [{"name": name} for name in applications], "/templates": [NEW]})
        done = []

        def remove(client, name):
            done.append(f"removed {name}")
            client.answers["/applications"] = [{"name": n} for n in applications if n != name]

        monkeypatch.setattr(undo, "connected", lambda home: contextlib.nullcontext(client))
        monkeypatch.setattr(undo, "remove_application", remove)
        monkeypatch.setattr(undo.manager, "serves_soon", lambda home, **options: serves)
        monkeypatch.setattr(undo.manager, "end", lambda home: done.append("ended"))
        return client, done

    return prepare


def test_all_that_one_up_made_is_undone(undoing):
    client, done = undoing("shop")
    undo.undo(None, Made(manager=True, template=("shop", "1.0"), application="shop"))
    assert done == ["removed shop", "ended"]
    assert client.changes() == [("DELETE", "/templates/shop/1.0")]


def test_what_others_made_stays(undoing):
    client, done = undoing("other", "shop")
    undo.undo(None, Made(manager=True, application="shop"))
    assert done == ["removed shop"]
    assert client.changes() == []


def test_an_application_that_did_not_come_to_be_is_not_missed(undoing):
    _, done = undoing()
    undo.undo(None, Made(manager=True, template=("shop", "1.0"), application="shop"))
    assert done == ["ended"]


def test_nothing_is_undone_in_a_manager_that_does_not_run(undoing, capsys):
    client, done = undoing(serves=False)
    undo.undo(None, Made(manager=True))
    assert (done, client.asked) == ([], [])


def test_a_manager_that_was_only_found_is_left_alone(undoing):
    _, done = undoing()
    undo.undo(None, Made(template=("shop", "1.0")))
    assert done == []


@pytest.fixture
def keyboard(monkeypatch):
    """A terminal as standard input, and the end where keys are pressed."""
    keys, terminal = os.openpty()
    with open(terminal) as stdin, os.fdopen(keys, "wb", buffering=0) as pressed:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(undo.sys, "stdin", stdin)
        yield pressed


@pytest.mark.parametrize("keys", [b"n\n", b"No\n", b"what?\nn\n", b"\x04"])
def test_no_leaves_it_and_says_how_to_go_on(undoing, keyboard, capsys, keys):
    _, done = undoing("shop")
    keyboard.write(keys)
    undo.ask_and_undo(None, Made(application="shop"))
    out = capsys.readouterr().out
    assert done == []
    assert "left as it is" in out
    assert "`roboconf wait shop`" in out
    assert "`roboconf down shop`" in out


def test_a_second_ctrl_c_leaves_it(undoing, keyboard, capsys, monkeypatch):
    _, done = undoing("shop")
    looks = []

    def select(*_arguments):
        looks.append(1)
        if len(looks) == 3:
            raise KeyboardInterrupt
        return [], [], []

    monkeypatch.setattr(undo.select, "select", select)
    undo.ask_and_undo(None, Made(application="shop"))
    assert done == []
    assert "left as it is" in capsys.readouterr().out


@pytest.mark.parametrize("keys", [b"\n", b"y\n", b"YES\n", b"hm\ny\n"])
def test_yes_undoes(undoing, keyboard, keys):
    _, done = undoing("shop")
    keyboard.write(keys)
    undo.ask_and_undo(None, Made(application="shop"))
    assert done == ["removed shop"]


def test_without_a_terminal_it_is_undone_unasked(undoing, monkeypatch):
    _, done = undoing("shop")
    monkeypatch.setattr(undo.sys.stdin, "isatty", lambda: False, raising=False)
    undo.ask_and_undo(None, Made(application="shop"))
    assert done == ["removed shop"]


def test_without_anything_made_nothing_is_asked(undoing, capsys):
    undo.ask_and_undo(None, Made())
    assert "nothing was made" in capsys.readouterr().out
