"""Every process of a machine is found by its mark, however it hides, and ended; nobody else's is."""

import os
import select
import signal
import subprocess
import sys
import uuid

import pytest

from roboconf_local.processes import MARK, Process, described, end, end_marked, living, mark_of, marked, wait_for

READY = "import os; os.write(1, f'{os.getpid()}\\n'.encode()); "
PAUSE = "import signal; signal.pause()"
SLEEPER = READY + PAUSE
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
DOUBLE_FORK = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        {SLEEPER}
    os._exit(0)
"""
WASHED = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, "-I", "-S", "-c", {SLEEPER!r}], env={{}})
{SLEEPER}
"""


class Started:
    """Processes that a test started: their pids come over a pipe."""

    def __init__(self, mark):
        self.mark = mark
        self.reading, self.writing = os.pipe()
        self.children = []
        self.pids = []

    def run(self, program, *, count=1, mark=None):
        """Start a program and return the pids that announce themselves."""
        environment = {**os.environ, MARK: mark or self.mark}
        command = [sys.executable, "-I", "-S", "-c", program]
        self.children.append(subprocess.Popen(command, stdout=self.writing, env=environment, start_new_session=True))
        found = []
        while len(found) < count:
            assert select.select([self.reading], [], [], 20)[0], "a process did not start"
            found += [int(line) for line in os.read(self.reading, 4096).split()]
        self.pids += found
        return found

    def close(self):
        for pid in self.pids:
            process = living(pid)
            if process is not None:
                os.kill(pid, signal.SIGKILL)
                assert wait_for([process], 10) == []
        for child in self.children:
            child.wait(10)
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture
def mark():
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def started(mark):
    one = Started(mark)
    yield one
    one.close()


def finish(mark, **kwargs):
    return end_marked(mark, grace_s=kwargs.get("grace_s", 5.0), deadline_s=kwargs.get("deadline_s", 20.0))


def pids(processes):
    return {process.pid for process in processes}


def test_this_process_lives_and_an_impossible_one_does_not():
    assert living(os.getpid()).pid == os.getpid()
    assert living(2**22 + 1) is None


def test_a_process_that_waits_to_be_reaped_counts_as_gone(started):
    (pid,) = started.run(SLEEPER)
    process = living(pid)
    os.kill(pid, signal.SIGKILL)
    assert wait_for([process], 20) == []  # nobody has reaped it: it is this test's own child
    assert living(pid) is None
    assert marked(started.mark) == []


def test_a_daemon_in_a_session_of_its_own_is_found_and_ended(started, mark):
    (pid,) = started.run(DOUBLE_FORK)
    assert pids(marked(mark)) == {pid}
    ended, left = finish(mark)
    assert left == []
    assert [text.split()[0] for text in ended] == [str(pid)]
    assert living(pid) is None


def test_a_child_with_an_empty_environment_is_found_by_its_parent(started, mark):
    found = set(started.run(WASHED, count=2))
    assert {mark_of(pid) for pid in found} == {mark, None}
    assert pids(marked(mark)) == found
    ended, left = finish(mark)
    assert (len(ended), left) == (2, [])


def test_a_process_that_ignores_the_polite_signal_is_killed_after_the_grace(started, mark):
    (pid,) = started.run(STUBBORN)
    ended, left = finish(mark, grace_s=0.2)
    assert (len(ended), left) == (1, [])
    assert living(pid) is None


def test_a_stopped_process_is_ended_too(started, mark):
    (pid,) = started.run(SLEEPER)
    os.kill(pid, signal.SIGSTOP)
    ended, left = finish(mark, grace_s=0.2)
    assert (len(ended), left) == (1, [])


def test_what_starts_while_others_are_ended_is_ended_too(started, mark):
    reborn = f"""
import os, signal, subprocess, sys
def again(number, frame):
    subprocess.Popen([sys.executable, "-I", "-S", "-c", {SLEEPER!r}], start_new_session=True)
    os._exit(0)
signal.signal(signal.SIGTERM, again)
{SLEEPER}
"""
    started.run(reborn)
    ended, left = finish(mark)
    assert left == []
    assert len(ended) >= 1
    assert marked(mark) == []


def test_processes_of_other_machines_are_never_touched(started, mark):
    started.run(SLEEPER)
    (other,) = started.run(SLEEPER, mark=f"{mark}-other")
    (longer,) = started.run(SLEEPER, mark=f"{mark}0")
    finish(mark)
    assert living(other) is not None
    assert living(longer) is not None


def test_a_machine_started_on_a_machine_is_not_part_of_it(started, mark):
    nested = f"""
import os, subprocess, sys
environment = dict(os.environ, {MARK}={mark + "-nested"!r})
subprocess.Popen([sys.executable, "-I", "-S", "-c", {SLEEPER!r}], env=environment, start_new_session=True)
{SLEEPER}
"""
    found = started.run(nested, count=2)
    (inner,) = (pid for pid in found if mark_of(pid) != mark)
    finish(mark)
    assert living(inner) is not None


def test_what_cannot_be_ended_is_reported_when_the_deadline_passes(started, mark):
    (pid,) = started.run(STUBBORN)
    ended, left = finish(mark, grace_s=60.0, deadline_s=0.3)
    assert ended == []
    assert [text.split()[0] for text in left] == [str(pid)]


def test_a_pid_that_is_used_again_is_not_signalled(started):
    (pid,) = started.run(SLEEPER)
    process = living(pid)
    end(Process(pid, process.started - 1, process.parent), 0.1)
    assert living(pid) == process


def test_a_description_is_printable_and_short(started):
    (pid,) = started.run(SLEEPER + f"# \x1b[31m\n{'x' * 500}")
    text = described(living(pid))
    assert text.startswith(f"{pid} ")
    assert text.isprintable()
    assert len(text) < 250
