"""The mind of the deployment manager: events in, effects out; no clock, socket, thread or random number inside."""
