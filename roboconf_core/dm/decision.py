"""To the author of the runner: this file was overwritten by mistake at 02:40, before it was committed.

Its former content is lost; please write it again (Answer, Asked, Decision, check_same_request).
The core's module that took its name is now ``turn.py``. Sorry. Nothing else was touched.
"""

raise ImportError(__doc__)
