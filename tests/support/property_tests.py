"""How many examples property tests try: few in every run, many in nightly ones."""

import os

FACTOR = int(os.environ.get("ROBOCONF_EXAMPLES_FACTOR", "1"))


def examples(count):
    """Return how many examples to try where an ordinary run tries so many."""
    return count * FACTOR


def whole_in_nightly_runs(size):
    """Return a size where a nightly run goes that far; an ordinary run goes a quarter of the way."""
    return size if FACTOR > 1 else size // 4
