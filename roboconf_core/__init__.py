"""Describe a distributed application, deploy it, and keep it configured while it changes."""

__version__ = "0.1.0"
