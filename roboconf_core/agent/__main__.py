"""``python -m roboconf_core.agent SETTINGS_FILE``: one agent, until it is told to leave.

Exit status: 0 after ``SIGTERM`` or ``SIGINT``, 1 when the agent cannot run, 2 for a wrong
command line. An interpreter that is too old gets one clear line.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it with an older one is to be told so
    sys.exit("roboconf agent: Python 3.11 or newer is needed, this is " + sys.version.split()[0])

from roboconf_core.agent.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
