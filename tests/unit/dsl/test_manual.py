"""What the manual says of the formats is right."""

import re
from pathlib import Path

import pytest

from roboconf_core.dsl.files import Directory, read_sources
from roboconf_core.dsl.graph_files import build_graph
from roboconf_core.dsl.instance_files import build_instances
from roboconf_core.dsl.single import check_file
from roboconf_core.dsl.syntax import FileKind
from roboconf_core.model.settings import Settings, property_names

MANUAL = (Path(__file__).parents[3] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r'^```(graph|instances|properties)(?: title="(.*?)")?\n(.*?)^```$', MANUAL, re.MULTILINE | re.DOTALL
)


@pytest.fixture
def files(tmp_path):
    for kind, title, text in BLOCKS:
        (tmp_path / (title or f"main.{kind}")).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_examples_have_no_problem(files):
    names = sorted(file.name for file in files.iterdir())
    assert len(names) == len(BLOCKS) == 6
    assert {name: check_file(files / name) for name in names} == {name: [] for name in names}


def test_the_instances_fit_the_graph(files):
    graph = build_graph(read_sources(Directory(files), "main.graph", FileKind.GRAPH))
    instances = read_sources(Directory(files), "main.instances", FileKind.INSTANCES)
    found = build_instances(instances, graph.component_names, graph.graph)
    assert found.problems == []
    assert [root.name for root in found.roots] == ["balancer", "web1", "web2", "web3"]


@pytest.mark.parametrize("name", sorted(property_names()))
def test_each_setting_stands_there_with_its_default(name):
    default = getattr(Settings(), property_names()[name])
    shown = str(default).lower() if isinstance(default, bool) else f"{default:g}"
    assert f"| `{name}` | {shown} |" in MANUAL
