"""A message hub inside one process: routing and queues, the thread that owns them, connections within the process."""
