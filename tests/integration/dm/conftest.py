"""Real deployment managers in processes of their own."""

import pytest
from managers import Manager


@pytest.fixture
def manager(tmp_path):
    one = Manager(tmp_path / "home")
    yield one
    one.close()


@pytest.fixture
def running(manager):
    return manager.start()


@pytest.fixture
def lamp(running):
    return running.with_lamp()
