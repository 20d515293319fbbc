"""Each machine of a pool has a loopback address of its own: always the same, never shared."""

import ipaddress
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from roboconf_local import addresses
from roboconf_local.addresses import candidates, claimed, release


@pytest.fixture
def register(tmp_path):
    return tmp_path / "machines" / "addresses.json"


def test_a_name_always_draws_the_same_address(register, tmp_path):
    first = claimed("dm/app/vm", register)
    assert claimed("dm/app/vm", register) == first
    release("dm/app/vm", register)
    assert claimed("dm/app/vm", register) == first
    assert claimed("dm/app/vm", tmp_path / "elsewhere" / "addresses.json") == first


def test_names_that_draw_the_same_address_do_not_share_it(register, monkeypatch):
    monkeypatch.setattr(addresses, "candidates", lambda key: iter(["127.1.0.1", "127.1.0.2", "127.1.0.3"]))
    assert [claimed(key, register) for key in ("a", "b", "c")] == ["127.1.0.1", "127.1.0.2", "127.1.0.3"]
    release("b", register)
    assert claimed("d", register) == "127.1.0.2"


def test_several_threads_never_get_the_same_address(register, monkeypatch):
    monkeypatch.setattr(addresses, "candidates", lambda key: (f"127.1.0.{n}" for n in range(1, 255)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: claimed(str(n), register), range(40)))
    assert len(set(found)) == 40


@pytest.mark.parametrize("key", ["", "dm/app/vm", "x" * 1000, "ü"])
def test_addresses_are_loopback_hosts_that_distributions_do_not_use(key):
    for text in islice(candidates(key), 2000):
        address = ipaddress.ip_address(text)
        assert address.is_loopback
        assert address not in ipaddress.ip_network("127.0.0.0/16")
        assert address.packed[3] not in (0, 255)


def test_every_address_is_a_candidate_once(monkeypatch):
    monkeypatch.setattr(addresses, "_COUNT", 254 * 256)
    found = list(candidates("any"))
    assert len(set(found)) == len(found) == 254 * 256


def test_a_register_that_is_not_valid_is_an_error(register):
    register.parent.mkdir()
    register.write_text("{")
    with pytest.raises(json.JSONDecodeError):
        claimed("a", register)


def test_giving_back_what_was_never_taken_is_fine(register):
    release("a", register)
    assert not register.exists()
    claimed("b", register)
    release("a", register)
    assert list(json.loads(register.read_text())) == ["b"]
