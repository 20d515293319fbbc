"""Users at the command line, each with a home of their own."""

import pytest
from command_line import QUICKSTART, address_in, user_in


@pytest.fixture
def user(tmp_path):
    with user_in(tmp_path / "home") as user:
        yield user


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """The quickstart, up and settled, for all tests of a module; each leaves it settled."""
    with user_in(tmp_path_factory.mktemp("quickstart") / "home") as user:
        up = user.run("up", QUICKSTART)
        user.up = up
        user.url = address_in(up.out)
        yield user


@pytest.fixture
def settled(quickstart):
    quickstart.run("wait", "--timeout", "60")
    yield quickstart
    quickstart.run("wait", "--timeout", "60")
