"""An application, and an editor whose server runs."""

import pytest
from shop_application import write_shop


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path / "my shop é")


@pytest.fixture(scope="module")
def running_editor():
    from lsp_clients import editor_with  # skips where pygls is missing, which a conftest cannot

    with editor_with() as found:
        yield found


@pytest.fixture
def editor(running_editor):
    yield running_editor
    running_editor.close_all()


@pytest.fixture
def graph(editor, shop):
    return editor.open(shop / "graph/main.graph")


@pytest.fixture
def instances(editor, shop):
    return editor.open(shop / "instances/model.instances")
