"""Waiting for an application, and what is said when it does not come to rest."""

import pytest
from cli_views import Answers, application, instance

from roboconf_core.cli import settled


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch):
    monkeypatch.setattr(settled.time, "sleep", lambda _: None)
    monkeypatch.setattr("sys.argv", ["roboconf"])


def blocker(path, text, *, exhausted=False):
    return {"path": path, "text": text, "exhausted": exhausted}


def manager(*states, view=None):
    found = [{"settled": not blockers, "blockers": blockers} for blockers in states]
    shop = view or application(instance("/vm", children=[instance("/vm/db"), instance("/vm/web")]))
    return Answers({"/applications/shop/settled": tuple(found), "/applications/shop": shop})


def problems(client, **options):
    with pytest.raises(settled.NotSettledError) as caught:
        settled.follow(client, "shop", quiet=True, **options)
    return caught.value.problems


def test_it_is_followed_until_it_rests():
    client = manager([blocker("/vm/db", "its start runs")], [])
    assert settled.follow(client, "shop", quiet=True)["name"] == "shop"
    assert len(client.asked) == 4


def test_what_was_given_up_is_an_error_with_the_commands_that_help():
    given_up = blocker("/vm/db", "start failed (attempt 3, given up): exit status 3", exhausted=True)
    first, others = problems(manager([blocker("/vm/web", "waits for Db.ip"), given_up]))
    assert first.message == "/vm/db: start failed (attempt 3, given up): exit status 3"
    assert "`roboconf logs shop /vm/db`" in first.hint
    assert "`roboconf retry shop`" in first.hint
    assert others.message == "1 more instance waits meanwhile"
    assert others.hint == "`roboconf explain shop` says for what"


def test_a_machine_that_was_given_up_has_no_logs_to_look_at():
    (problem,) = problems(manager([blocker("/vm", "create failed", exhausted=True)]))
    assert "logs" not in problem.hint
    assert "retry" in problem.hint


def test_when_the_time_is_over_all_that_prevents_rest_is_told():
    first, *others = problems(manager([blocker("/vm/db", "its start runs"), blocker("/vm", "is lost: x")]), timeout_s=0)
    assert first.message == "'shop' is not settled after 0.0 s"
    assert [problem.message for problem in others] == ["/vm/db: its start runs", "/vm: is lost: x"]
    assert others[1].hint == "`roboconf agent start shop /vm` starts its agent again"


def test_an_interrupted_wait_says_that_what_was_asked_for_goes_on(capsys, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(settled, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        settled.finish(manager([]), "my shop", wait=True)
    assert "`roboconf wait 'my shop'`" in capsys.readouterr().out
