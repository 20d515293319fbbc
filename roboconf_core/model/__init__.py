"""The application model: components, instances, variables, the life cycle. Values only, no I/O."""
