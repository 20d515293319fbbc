"""The mind of one agent: events in, effects out; no clock, socket, thread or random number inside."""
