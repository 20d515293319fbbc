"""What holds for all tests."""

from hypothesis import HealthCheck, settings

settings.register_profile("roboconf", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("roboconf")  # no test is about time: the machine may be busy
