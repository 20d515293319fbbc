"""The autonomic: rules in ``rules.autonomic/*.drl``, probes in ``probes/*.measures``."""
