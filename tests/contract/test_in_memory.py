"""The transport ``in-memory`` keeps the contract of transports."""

import pytest
from transport_benches import InMemoryBench

from roboconf_core.testing.transports import TransportContract


class TestInMemory(TransportContract):
    @pytest.fixture
    def bench(self):
        bench = InMemoryBench()
        yield bench
        bench.close()
