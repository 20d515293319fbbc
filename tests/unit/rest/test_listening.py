"""The address of the API stays the same, and is private unless told otherwise."""

import asyncio
import socket

import pytest

from roboconf_core.dm.home import Home
from roboconf_core.errors import Code, RoboconfError
from roboconf_core.rest.listening import AddressTakenError, listen, listen_first_time
from roboconf_core.rest.security import check_clear_text, is_loopback


def port_of(listener):
    return listener.getsockname()[1]


def test_a_taken_port_is_told_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(AddressTakenError) as caught:
        listen("127.0.0.1", port_of(other))
    problem = caught.value.problems[0]
    assert problem.code is Code.DM_ADDRESS_TAKEN
    assert "--port" in problem.hint


def test_an_address_that_is_not_of_this_host_is_told():
    with pytest.raises(AddressTakenError, match="cannot listen"):
        listen("192.0.2.1", 8181)


def test_homes_side_by_side_listen_on_different_ports(tmp_path):
    home = Home(tmp_path)
    with listen_first_time(home, "127.0.0.1") as first, listen_first_time(home, "127.0.0.1") as second:
        assert port_of(first) != port_of(second)
        assert all(8181 <= port_of(one) < 10_000 for one in (first, second))


def test_two_homes_look_at_different_places_first(tmp_path):
    ports = set()
    for name in ("a", "b", "c"):
        with listen_first_time(Home(tmp_path / name), "127.0.0.1") as listener:
            ports.add(port_of(listener))
    assert len(ports) == 3


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("192.0.2.1", False), ("example.org", False)],
)  # fmt: skip
def test_clear_text_stays_on_loopback_unless_it_is_allowed(host, loopback):
    assert is_loopback(host) is loopback
    check_clear_text(host, insecure_clear_text=True)
    if loopback:
        check_clear_text(host, insecure_clear_text=False)
    else:
        with pytest.raises(RoboconfError, match="clear text") as caught:
            check_clear_text(host, insecure_clear_text=False)
        assert caught.value.problems[0].code is Code.DM_CLEAR_TEXT


def test_what_is_sent_never_waits_for_the_acknowledgement_of_what_was_sent_before():
    async def no_delay():
        heard = asyncio.get_running_loop().create_future()
        with listen("127.0.0.1", 0) as listener:
            server = await asyncio.start_server(lambda _, writer: heard.set_result(writer), sock=listener)
            _, client = await asyncio.open_connection(*listener.getsockname())
            writer = await heard
            found = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            client.close()
            server.close()
        return found

    assert asyncio.run(no_delay())
