"""The contract suite of transports finds broken transports: each breach fails the test that names the promise."""

import inspect

import pytest
from transport_breaches import BREACHES, BrokenBench, Wrapped

from roboconf_core.testing.peers import Company
from roboconf_core.testing.transports import TransportContract, contract_tests

SUITE = TransportContract()


def run(test, bench, request):
    company = Company(bench)
    call = getattr(SUITE, test)
    others = [name for name in inspect.signature(call).parameters if name != "company"]
    try:
        call(company, **{name: "@dm" if name == "name" else request.getfixturevalue(name) for name in others})
    finally:
        company.close()
        bench.close()


class HealthyBench(BrokenBench):
    patience_s = 10.0


@pytest.mark.parametrize("test", contract_tests())
def test_the_wrapper_of_the_breaches_breaks_nothing(test, request):
    run(test, HealthyBench(Wrapped), request)


@pytest.mark.parametrize(("breach", "test"), BREACHES, ids=lambda value: getattr(value, "__name__", value))
def test_a_breach_fails_the_named_test(breach, test, request):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run(test, BrokenBench(breach), request)


def test_every_promise_is_broken_by_some_breach():
    assert set(contract_tests()) == {test for _, test in BREACHES}
