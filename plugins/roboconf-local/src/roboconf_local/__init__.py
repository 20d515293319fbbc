"""Machines on the deployment manager's own host: the target handlers ``local`` and ``embedded``."""
