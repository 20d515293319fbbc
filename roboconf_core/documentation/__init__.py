"""Pictures and descriptions of applications: a model in, text out; nothing is read or run here."""
