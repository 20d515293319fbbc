"""``roboconf graph``: formats, parts, and what prevents a picture."""

import json
import os
import stat
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from programs import require_program

from roboconf_core.cli.graphviz import draw
from roboconf_core.cli.main import run
from roboconf_core.documentation.diagram import Diagram, View
from roboconf_core.errors import Code, InvalidModelError

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart"
SVG = "{http://www.w3.org/2000/svg}"
EMPTY = Diagram(title="x", view=View.COMPONENTS, nodes=(), edges=())


@pytest.fixture
def application(tmp_path, monkeypatch):
    """Lend a small application, and a function that changes one of its files."""
    monkeypatch.chdir(tmp_path)
    files = {
        "descriptor/application.properties": "name = Shop\nversion = 1.0\ndsl-id = roboconf-1.0\n"
        "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n",
        "graph/main.graph": "VM {\n\tinstaller: target;\n\texports: ip;\n\tchildren: App;\n}\nApp {\n\tinstaller: logger;\n}\n",
        "graph/VM/x": "",
        "graph/App/x": "",
        "instances/model.instances": "instance of VM {\n\tname: vm;\n\tinstance of App {\n\t\tname: app;\n\t}\n}\n",
    }

    def write(name, text):
        file = Path("shop", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    for name, text in files.items():
        write(name, text)
    return write


def nodes_of(printed):
    return [node["id"] for node in json.loads(printed)["nodes"]]


def test_dot_is_printed_unless_something_else_is_asked_for(application, capsys):
    assert run(["graph", "shop"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith('digraph "Components of Shop" {\n')
    assert printed.err == ""


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("x.dot", "digraph"),
        ("x.gv", "digraph"),
        ("x.mmd", "flowchart TB\n"),
        ("x.Mermaid", "flowchart TB\n"),
        ("x.json", "{\n"),
    ],
)
def test_the_name_of_the_output_says_the_format(application, capsys, name, begin):
    assert run(["graph", "shop", "-o", name]) == 0
    assert capsys.readouterr().out == ""
    assert Path(name).read_text().startswith(begin)


def test_an_option_says_the_format_whatever_the_name_is(application, capsys):
    assert run(["graph", "shop", "-o", "x.json", "--format", "mermaid"]) == 0
    assert Path("x.json").read_text().startswith("flowchart")


def test_a_name_that_says_no_format_is_refused(application, capsys):
    assert run(["graph", "shop", "-o", "x.png"]) == 2
    assert "give --format, or a name that ends with .dot" in capsys.readouterr().err
    assert not Path("x.png").exists()


def test_components_and_instances(application, capsys):
    assert run(["graph", "shop", "--format", "json"]) == 0
    assert nodes_of(capsys.readouterr().out) == ["component:VM", "component:App"]
    assert run(["graph", "shop", "--format", "json", "--instances"]) == 0
    assert nodes_of(capsys.readouterr().out) == ["/vm", "/vm/app"]


def test_parts_and_facets_can_be_chosen(application, capsys):
    application(
        "graph/main.graph",
        "facet F {\n}\nVM {\n\tinstaller: target;\n\tchildren: F;\n}\nApp {\n\tinstaller: logger;\n\tfacets: F;\n}\n",
    )
    assert (
        run(["graph", "shop", "--format", "json", "--no-facets", "--only", "containment", "--only", "inheritance"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["edges"] == [{"kind": "containment", "source": "component:VM", "target": "component:App"}]


def test_an_archive_is_drawn_as_its_directory_is(application, capsys):
    assert run(["graph", "shop"]) == 0
    expected = capsys.readouterr().out
    with zipfile.ZipFile("shop.zip", "w") as archive:
        for file in Path("shop").rglob("*"):
            archive.write(file, file.relative_to("shop"))
    assert run(["graph", "shop.zip"]) == 0
    assert capsys.readouterr().out == expected


def test_a_file_that_is_no_archive_is_said_to_be_none(application, capsys):
    Path("x.zip").write_text("hello")
    assert run(["graph", "x.zip"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "DM_INVALID_ARCHIVE" in printed.err


def test_a_graph_file_is_drawn_alone(application, capsys):
    assert run(["graph", "shop/graph/main.graph", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["title"] == "main.graph"
    assert len(found["nodes"]) == 2


def test_a_graph_file_has_no_instances(application, capsys):
    assert run(["graph", "shop/graph/main.graph", "--instances"]) == 2
    assert "give the directory of the application" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["nowhere", "shop/instances/model.instances"])
def test_what_is_no_application_is_refused(application, capsys, path):
    assert run(["graph", path]) == 2
    assert path in capsys.readouterr().err


def test_targets_are_no_application(application, capsys):
    Path("targets").mkdir()
    Path("targets/a.properties").write_text("id = a\nhandler = in-memory\nname = A\n")
    assert run(["graph", "targets"]) == 2
    assert "holds targets" in capsys.readouterr().err


def test_a_recipe_without_a_descriptor_is_drawn_under_the_name_of_its_directory(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("tomcat/graph/Tomcat").mkdir(parents=True)
    Path("tomcat/readme.md").write_text("x")
    Path("tomcat/graph/tomcat.graph").write_text("Tomcat {\n\tinstaller: logger;\n}\n")
    assert run(["graph", "tomcat", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["title"] == "tomcat"


def test_errors_in_the_graph_prevent_the_picture_and_are_shown_with_their_line(application, capsys):
    application("graph/main.graph", "VM {\n\tinstaller: target\n}\n")
    assert run(["graph", "shop", "-o", "x.dot"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "shop/graph/main.graph:2:19: error P_PROPERTY_ENDS_WITH_SEMI_COLON" in printed.err
    assert "  2 |     installer: target" in printed.err
    assert not Path("x.dot").exists()


def test_errors_elsewhere_leave_the_picture_of_the_components(application, capsys):
    application("instances/model.instances", "instance of Vm {\n\tname: vm;\n}\n")
    assert run(["graph", "shop", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert nodes_of(printed.out) == ["component:VM", "component:App"]
    assert "CO_INEXISTING_COMPONENT" in printed.err
    assert run(["graph", "shop", "--instances"]) == 1
    assert capsys.readouterr().out == ""


def test_the_picture_of_the_quickstart_has_all_nodes_and_arrows(capsys):
    require_program("dot", "graphviz")
    assert run(["graph", str(QUICKSTART), "--instances", "--format", "svg"]) == 0
    root = ElementTree.fromstring(capsys.readouterr().out)
    titles = {}
    for group in root.iter(f"{SVG}g"):
        titles.setdefault(group.get("class", "").split()[0], []).append(group.findtext(f"{SVG}title"))
    assert titles["cluster"] == [
        f"machine /{name}, an instance of VM" for name in ("store-vm", "web-vm1", "web-vm2", "balancer-vm")
    ]
    assert sorted(titles["edge"]) == [
        "/balancer-vm/balancer imports Web.ip, Web.port from /web-vm1/web",
        "/balancer-vm/balancer imports Web.ip, Web.port from /web-vm2/web",
        "/web-vm1/web imports Store.ip, Store.port from /store-vm/store",
        "/web-vm2/web imports Store.ip, Store.port from /store-vm/store",
    ]
    assert len(titles["node"]) == 4


def test_without_graphviz_it_is_said_how_to_install_it(application, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(Path.cwd()))
    assert run(["graph", "shop", "-o", "x.svg"]) == 1
    printed = capsys.readouterr().err
    assert "CLI_NO_DIAGRAM" in printed
    assert "apt-get install graphviz" in printed
    assert not Path("x.svg").exists()


def a_dot_that(tmp_path, monkeypatch, script):
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("cat >/dev/null; echo 'no memory' >&2; exit 3", "failed with status 3: no memory"),
        ("cat >/dev/null; kill -SEGV $$", "failed with status -11: it says nothing"),
        ("cat >/dev/null; echo '<svg'", "printed no picture"),
        ("exit 4", "failed with status 4"),
    ],
)
def test_what_graphviz_fails_over_is_told(tmp_path, monkeypatch, script, told):
    a_dot_that(tmp_path, monkeypatch, script)
    with pytest.raises(InvalidModelError, match=told) as failed:
        draw(EMPTY)
    assert failed.value.problems[0].code is Code.CLI_NO_DIAGRAM


def test_a_layout_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    a_dot_that(tmp_path, monkeypatch, "exec sleep 60")
    began = time.monotonic()
    with pytest.raises(InvalidModelError, match=r"no layout within 0\.2 s"):
        draw(EMPTY, timeout_s=0.2)
    assert time.monotonic() - began < 20


def test_a_file_that_cannot_be_written_is_named(application, capsys):
    assert run(["graph", "shop", "-o", "nowhere/x.dot"]) == 1
    assert "nowhere/x.dot" in capsys.readouterr().err


def test_names_that_are_no_text_are_written_as_escapes(application, capfdbinary):
    strange = os.fsdecode(b"g\xff.graph")
    Path(strange).write_text("VM {\n\tinstaller: target;\n}\n")
    assert run(["graph", strange, "--format", "json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["title"] == "g\udcff.graph"
