"""The language server: what editors ask about graphs, instances and descriptors while they are written."""
