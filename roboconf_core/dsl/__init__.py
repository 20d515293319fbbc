"""Text to model and back: graph, instances and descriptor files."""
