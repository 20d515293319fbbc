"""The transport ``http`` keeps the contract of transports, over a real web server on loopback."""

import pytest
from transport_benches import HttpBench

from roboconf_core.testing.transports import TransportContract


class TestHttp(TransportContract):
    @pytest.fixture
    def bench(self, tmp_path):
        bench = HttpBench(tmp_path)
        yield bench
        bench.close()
