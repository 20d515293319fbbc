"""Real shims and real scripts: how actions begin, end, and are ended."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from roboconf_core.agent import shim, shims
from roboconf_core.agent.events import Outcome
from roboconf_core.agent.preparation import Prepared
from roboconf_core.hooks.lifecycle import Command
from roboconf_core.model.lifecycle import Action

from .conftest import MARK, make_run, marked_processes, wait_for


def test_outcome_has_status_output_and_duration(hands):
    outcome = hands.outcome("echo out; echo err >&2; exit 3")
    assert outcome.exit_status == 3
    assert outcome.reason == "exit status 3"
    assert (outcome.stdout, outcome.stderr) == ("out\n", "err\n")
    assert abs(outcome.started - time.time()) < 20
    assert 0 < outcome.duration_s < 20


def test_success_has_no_reason(hands):
    outcome = hands.outcome("true")
    assert outcome.exit_status == 0
    assert outcome.reason == ""


def test_statuses_that_the_handler_calls_success_are_success(hands):
    command = Command(argv=("/bin/sh", "-c", "exit 2"), directory=hands.layout.work, success=frozenset({0, 2}))
    hands.prepare = None
    hands.actions._prepare = lambda run: Prepared(command=command, has_status=True)
    hands.actions.run(make_run(Action.DEPLOY))
    outcome = hands.ended().outcome
    assert (outcome.exit_status, outcome.reason, outcome.has_status) == (2, "", True)


def test_script_that_dies_of_a_signal_says_so(hands):
    outcome = hands.outcome("kill -SEGV $$")
    assert (outcome.exit_status, outcome.reason) == (None, "ended by signal 11")


def test_program_that_does_not_exist_is_named(hands):
    hands.actions._prepare = lambda run: Prepared(command=Command(argv=("/no/such",), directory=hands.layout.work))
    hands.actions.run(make_run())
    assert hands.ended().outcome.reason == "cannot run /no/such: No such file or directory"


def test_environment_and_working_directory_reach_the_script(hands):
    environment = {"A": "a b\nc'\"", "UMLAUT": "ü", "EMPTY": ""}
    command = Command(
        argv=("/bin/bash", "-c", 'printf "%s|" "$A" "$UMLAUT" "${EMPTY-unset}" "$PWD"'),
        directory=hands.layout.work,
        environment=environment,
    )
    hands.actions._prepare = lambda run: Prepared(command=command)
    hands.actions.run(make_run())
    assert hands.ended().outcome.stdout == f"a b\nc'\"|ü||{hands.layout.work}|"


def test_nothing_to_run_ends_at_once_with_the_known_outcome(hands):
    hands.actions._prepare = lambda run: Prepared(outcome=Outcome(exit_status=None, reason="no"))
    hands.actions.run(make_run())
    outcome = hands.ended().outcome
    assert outcome.reason == "no"
    assert outcome.started > 0


def test_shim_carries_the_marks_of_its_action(hands):
    found = hands.outcome(f"tr '\\0' '\\n' < /proc/$PPID/environ | grep {MARK}")
    assert found.stdout == f"{MARK}={hands.mark}\n"


def test_standard_input_is_empty(hands):
    assert hands.outcome("cat; echo done").stdout == "done\n"


def test_signals_are_as_a_program_expects_them(hands):
    outcome = hands.outcome("grep -E 'Sig(Blk|Ign)' /proc/self/status")
    assert [int(line.split()[1], 16) & 0x7FFFFFFF for line in outcome.stdout.splitlines()] == [0, 0]


def test_script_that_never_ends_is_ended_with_its_children(hands):
    outcome = hands.outcome("sleep 1000 & timeout 900 sleep 900 & echo begun; wait", timeout_s=0.5)
    assert outcome.exit_status is None
    assert outcome.reason == "timed out after 0.5 s"
    assert outcome.stdout == "begun\n"
    assert 0.5 <= outcome.duration_s < 10
    assert marked_processes(hands.mark) == []


def test_script_that_ignores_the_polite_signal_is_killed(hands):
    outcome = hands.outcome("trap '' TERM; sleep 1000 & while :; do sleep 0.1; done", timeout_s=0.3)
    assert outcome.reason == "timed out after 0.3 s"
    assert 2.0 < outcome.duration_s < 15
    assert marked_processes(hands.mark) == []


def test_script_may_clean_up_when_its_time_is_over(hands):
    outcome = hands.outcome("trap 'echo cleaned; exit 1' TERM; echo begun; sleep 1000 & wait", timeout_s=0.5)
    assert outcome.stdout == "begun\ncleaned\n"


def test_cancelled_action_ends_with_its_whole_group(hands, tmp_path):
    hands.start(f"sleep 1000 & touch {tmp_path}/begun; wait")
    wait_for((tmp_path / "begun").exists, "script begun")
    hands.actions.cancel("a1")
    ended = hands.ended()
    assert (ended.id, ended.outcome.reason, ended.outcome.exit_status) == ("a1", "cancelled", None)
    assert marked_processes(hands.mark) == []


def test_action_that_is_cancelled_at_once_ends_exactly_once(hands):
    for number in range(30):
        hands.start("sleep 1000", id=f"a{number}")
        time.sleep(number * 0.001)
        hands.actions.cancel(f"a{number}")
        assert hands.ended().outcome.reason == "cancelled"
    assert hands.events.empty()
    assert marked_processes(hands.mark) == []


def test_cancelling_what_has_ended_is_fine(hands):
    hands.outcome("true")
    hands.actions.cancel("a1")
    hands.actions.cancel("unknown")
    assert hands.outcome("true", id="a2").reason == ""
    assert hands.events.empty()


def test_service_that_inherits_the_output_goes_on_and_keeps_writing(hands, tmp_path):
    script = f"(while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo late; sleep 1000) & echo started"
    outcome = hands.outcome(script)
    assert outcome.stdout == "started\n"
    hands.actions.forget("a1")
    (tmp_path / "go").touch()
    output = hands.layout.outputs("i-1") / "start.stdout"
    wait_for(lambda: output.read_text() == "started\nlate\n", "the service writes")
    assert marked_processes(hands.mark)


def test_script_that_prints_without_end_does_not_fill_the_disk(make_hands):
    hands = make_hands(output_limit_bytes=200_000)
    biggest = 0
    hands.start("yes 0123456789 | head -c 300000000; sleep 0.5; echo the end")
    output = hands.layout.outputs("i-1") / "start.stdout"
    until = time.monotonic() + 60
    while hands.events.empty() and time.monotonic() < until:
        biggest = max(biggest, output.stat().st_size if output.exists() else 0)
        time.sleep(0.005)
    outcome = hands.ended().outcome
    assert outcome.reason == ""
    assert outcome.stdout.endswith("the end\n")
    assert outcome.stdout.count("0123456789\n") > 1000
    assert len(outcome.stdout) == 16 * 1024
    assert output.stat().st_size <= 200_000
    assert biggest < 300_000_000


def test_output_that_is_no_text_is_replaced(hands):
    assert hands.outcome(r"printf 'a\377\000b'").stdout == "a\ufffdb"


def test_long_preparation_delays_no_other_action_and_ends_by_its_time_out(hands):
    release = threading.Event()
    quick = hands.prepare

    def prepare(run):
        if run.id == "slow":
            release.wait(30)
        return quick(run)

    hands.actions._prepare = prepare
    hands.start("true", id="slow", timeout_s=1.0)
    assert hands.outcome("true", id="quick").reason == ""
    ended = hands.ended()
    assert (ended.id, ended.outcome.reason) == ("slow", "timed out after 1 s, while it was prepared")
    release.set()
    assert hands.outcome("true", id="next").reason == ""
    assert not hands.layout.action("slow").exists()


def test_handlers_that_never_return_do_not_use_up_the_workers(hands):
    release = threading.Event()
    quick = hands.prepare

    def prepare(run):
        if run.id != "quick":
            release.wait(30)
        return quick(run)

    hands.actions._prepare = prepare
    for number in range(4):
        hands.start("true", id=f"slow{number}", timeout_s=0.5)
    hands.start("true", id="quick")
    ended = {event.id: event.outcome.reason for event in (hands.ended() for _ in range(5))}
    assert ended.pop("quick") == ""
    assert set(ended.values()) == {"timed out after 0.5 s, while it was prepared"}
    release.set()


def test_shim_that_fails_is_heard(hands, monkeypatch):
    write = shim.write_fields
    monkeypatch.setattr(
        shim, "write_fields", lambda path, fields: write(path, [f for f in fields if f[0] != "timeout"])
    )
    assert hands.outcome("true").reason == "its result is lost: KeyError('timeout')"


def test_shims_are_forked_by_one_process_that_is_replaced_when_it_dies(hands):
    servers = [hands.outcome("ps -o ppid= -p $PPID", id=id).stdout for id in ("a1", "a2")]
    assert servers[0] == servers[1]
    os.kill(int(servers[0]), signal.SIGKILL)
    assert hands.outcome("ps -o ppid= -p $PPID", id="a3").stdout not in ("", servers[0])


def test_process_that_forks_shims_is_replaced_when_it_hangs(hands, monkeypatch):
    monkeypatch.setattr(shims, "PATIENCE_S", 0.2)
    server = int(hands.outcome("ps -o ppid= -p $PPID").stdout)
    os.kill(server, signal.SIGSTOP)
    assert hands.outcome("true", id="a2").reason == ""
    assert shim.start_ticks(server) is None


def test_actions_survive_the_process_that_forked_their_shim(hands, tmp_path):
    hands.start(f"ps -o ppid= -p $PPID > {tmp_path}/d; mv {tmp_path}/d {tmp_path}/server; sleep 0.2; exit 3")
    wait_for((tmp_path / "server").exists, "script begun")
    os.kill(int((tmp_path / "server").read_text()), signal.SIGKILL)
    assert hands.ended().outcome.exit_status == 3


def test_action_without_a_shim_fails_and_never_begins(hands, monkeypatch, tmp_path):
    monkeypatch.setattr(shim, "__file__", "/dev/null")
    assert hands.outcome(f"touch {tmp_path}/ran").reason.startswith("cannot run 'start': ")
    assert not shim.claim(str(hands.layout.action("a1")), os.getpid())
    assert not (tmp_path / "ran").exists()


def test_shim_that_is_killed_leaves_an_action_that_still_ends(hands, tmp_path):
    hands.start(f"echo $PPID > {tmp_path}/shim.draft; mv {tmp_path}/shim.draft {tmp_path}/shim; exec sleep 1000")
    wait_for((tmp_path / "shim").exists, "script begun")
    os.kill(int((tmp_path / "shim").read_text()), signal.SIGKILL)
    (leader,) = wait_for(lambda: len(found := marked_processes(hands.mark)) == 1 and found, "only the leader left")
    time.sleep(0.2)
    assert hands.events.empty(), "the action has not ended while its process runs"
    os.kill(leader, signal.SIGTERM)
    assert hands.ended().outcome.reason == "its result is lost: the shim was killed"


def test_action_whose_shim_was_killed_can_be_cancelled(hands, tmp_path):
    hands.start(f"echo $PPID > {tmp_path}/shim.draft; mv {tmp_path}/shim.draft {tmp_path}/shim; sleep 1000")
    wait_for((tmp_path / "shim").exists, "script begun")
    os.kill(int((tmp_path / "shim").read_text()), signal.SIGKILL)
    hands.actions.cancel("a1")
    assert hands.ended().outcome.reason == "cancelled"
    wait_for(lambda: not marked_processes(hands.mark), "the killed gone: nobody is left who waits for them")


def test_end_of_an_action_is_noticed_within_milliseconds(hands, tmp_path):
    delays = []
    for number in range(10):
        outcome = hands.outcome("true", id=f"a{number}")
        delays.append(time.time() - outcome.started - outcome.duration_s)
    assert sorted(delays)[len(delays) // 2] < 0.1


def test_forgotten_action_leaves_no_directory(hands):
    hands.outcome("true")
    hands.actions.forget("a1")
    assert list(hands.layout.actions.iterdir()) == []


def test_processes_carry_the_mark_of_their_instance(hands):
    assert hands.outcome("echo $ROBOCONF_INSTANCE_ID").stdout == "i-1\n"


def test_file_of_an_action_is_readable_by_its_owner_only(hands):
    hands.outcome("true")
    assert hands.layout.action("a1").stat().st_mode & 0o777 == 0o600
    assert Path(hands.layout.actions).stat().st_mode & 0o777 == 0o700
